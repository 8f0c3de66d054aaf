from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.base.errors import AlreadySubmitted, Conflict, NotFound
from bookings.domain.counter.tender import Tender, pay_out_refund
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.booking_page import booking_page, find_booking
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking, cancellation_quote
from bookings.domain.sales.gateway_refunds import ANSWER_TIME, pay_refund, pay_waiting_refunds
from bookings.domain.sales.gateways import RefundAnswer
from bookings.domain.sales.gateways.demo import DemoGateway
from bookings.domain.sales.notifications import act_on_notification
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.models import (
    Account,
    Booking,
    LedgerEntry,
    OutboxMessage,
    Refund,
    RefundAttempt,
    Schedule,
    SeatClaim,
    StaffTask,
    Ticket,
)
from bookings.tests.domain.sales.buy import ordered, paid_notification
from bookings.tests.make import NOW, make_booking, make_schedule, make_shift, make_user

pytestmark = pytest.mark.django_db
NEXT_DAY = NOW + timedelta(hours=25)  # 47 hours before departure: half of the fare is kept


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule()


@pytest.fixture
def booking(schedule: Schedule) -> Booking:
    """Two seats for R900, paid through the demo gateway."""
    order = ordered(schedule)
    act_on_notification(paid_notification(order).pk, now=NOW)
    return order.bookings.get()


def cancel(booking: Booking, **options: Any) -> Booking:
    form = {name: options.pop(name) for name in ("submission", "content", "now", "actor") if name in options}
    return cancel_booking(
        CancellationRequest(booking.booking_reference, **options),
        **{"submission": "form", "content": "", "now": NEXT_DAY, **form},
    )


def test_what_was_paid_of_an_unpaid_booking_goes_back_when_it_is_cancelled(schedule: Schedule) -> None:
    order = ordered(schedule, pay_later=True)
    settle(order.pk, ReceivedPayment("eft", "slip 1", Decimal(100)), now=NOW)

    cancel(order.bookings.get(), now=NOW)

    assert Refund.objects.get().amount == Decimal(100)
    assert violations(now=NOW) == []


@pytest.mark.database
def test_cancelling_gives_back_what_was_quoted_and_frees_the_seats(
    booking: Booking, schedule: Schedule
) -> None:
    quote = cancellation_quote(booking, now=NEXT_DAY)
    assert (quote.fare, quote.fee, quote.refund) == (Decimal(900), Decimal(450), Decimal(450))

    cancel(booking, quoted=quote.refund)

    booking.refresh_from_db()
    assert (booking.status, booking.order.status) == ("cancelled", "cancelled")
    assert SeatClaim.objects.count() == 0
    assert Refund.objects.get().amount == Decimal(450)
    assert -LedgerEntry.objects.balance(Account.FEE) == Decimal(450)
    assert LedgerEntry.objects.balance(Account.UNEARNED_FARES) == 0
    assert OutboxMessage.objects.filter(kind="cancellation").count() == 1
    schedule.refresh_from_db()
    assert schedule.available_seats == 8
    assert violations(now=NEXT_DAY) == []


def test_a_part_cancellation_is_refused_as_a_whole_when_one_ticket_is_foreign_or_boarded(
    booking: Booking, schedule: Schedule
) -> None:
    adult, child = booking.tickets.order_by("pk")
    stranger = make_booking(schedule=schedule).tickets.get()

    with pytest.raises(Conflict, match=f"ticket {stranger.pk}. Nothing was cancelled"):
        cancel(booking, ticket_ids=[adult.pk, stranger.pk])
    Ticket.objects.filter(pk=child.pk).update(status=Ticket.Status.BOARDED)
    with pytest.raises(Conflict, match=rf"{child.full_name} \(boarded\). Nothing was cancelled"):
        cancel(booking, ticket_ids=[adult.pk, child.pk])
    with pytest.raises(Conflict, match="boarded"):
        cancellation_quote(booking, [child.pk], now=NEXT_DAY)

    assert not Refund.objects.exists()
    assert list(booking.tickets.order_by("pk").values_list("status", flat=True)) == ["valid", "boarded"]


def test_a_booking_is_cancelled_by_its_reference_in_any_dress(booking: Booking) -> None:
    reference = booking.booking_reference

    cancel_booking(
        CancellationRequest(f" {reference[:4].lower()}-{reference[4:].lower()} "),
        submission="form",
        content="",
        now=NEXT_DAY,
    )

    booking.refresh_from_db()
    assert booking.status == "cancelled"


def test_within_the_grace_everything_comes_back(booking: Booking) -> None:
    cancel(booking, now=NOW + timedelta(minutes=30))

    assert Refund.objects.get().amount == Decimal(900)
    assert LedgerEntry.objects.filter(account=Account.FEE).count() == 0
    assert violations(now=NOW) == []


@pytest.mark.database
def test_a_refund_is_paid_once_the_way_the_money_came(booking: Booking) -> None:
    cancel(booking)
    refund = Refund.objects.get()

    assert pay_refund(refund.pk, now=NEXT_DAY)
    assert pay_refund(refund.pk, now=NEXT_DAY)
    assert pay_waiting_refunds(now=NEXT_DAY) == 0

    assert LedgerEntry.objects.balance(Account.REFUNDS_OWED) == 0
    assert LedgerEntry.objects.balance(Account.GATEWAY) == Decimal(450)
    assert violations(now=NEXT_DAY) == []


def test_a_refund_that_the_gateway_cannot_pay_is_left_to_a_person(
    booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel(booking)
    refund = Refund.objects.get()
    refused = RefundAnswer(RefundAttempt.Status.REFUSED, reason="too long ago")
    monkeypatch.setattr(DemoGateway, "refund", lambda _gateway, _attempt: refused)

    assert not pay_refund(refund.pk, now=NEXT_DAY)

    refund.refresh_from_db()
    assert refund.status == "owed"
    task = StaffTask.objects.get()
    assert (task.subject, task.detail) == (f"refund:{refund.pk}", "R450 to pay back (too long ago)")
    assert pay_waiting_refunds(now=NEXT_DAY) == 0
    assert violations(now=NEXT_DAY) == []


@pytest.mark.parametrize("crash", [TimeoutError, SystemExit])
def test_a_refund_whose_answer_got_lost_is_asked_again_later_under_the_same_key(
    booking: Booking, monkeypatch: pytest.MonkeyPatch, crash: type[BaseException]
) -> None:
    """The gateway paid, and then the line broke, or our worker died."""
    cancel(booking)
    refund, keys = Refund.objects.get(), []

    def pays(_gateway: DemoGateway, attempt: RefundAttempt) -> RefundAnswer:
        keys.append(attempt.key)
        if len(keys) == 1:
            raise crash
        return RefundAnswer(RefundAttempt.Status.SETTLED)

    monkeypatch.setattr(DemoGateway, "refund", pays)
    with suppress(SystemExit):
        pay_refund(refund.pk, now=NEXT_DAY)

    assert not pay_refund(refund.pk, now=NEXT_DAY + timedelta(minutes=1))
    assert pay_waiting_refunds(now=NEXT_DAY + timedelta(minutes=1)) == 0
    assert len(keys) == 1
    assert violations(now=NEXT_DAY) == []
    shift = make_shift(make_user())
    with pytest.raises(Conflict, match="online"):
        pay_out_refund(refund.pk, Tender("cash"), shift=shift, submission="out", content="", now=NEXT_DAY)

    assert pay_waiting_refunds(now=NEXT_DAY + ANSWER_TIME) == 1

    assert keys == [f"refund-{refund.pk}"] * 2
    assert LedgerEntry.objects.filter(cause=f"refund:{refund.pk}").count() == 2
    assert violations(now=NEXT_DAY) == []


def test_a_refund_of_cash_waits_for_a_person(schedule: Schedule) -> None:
    order = ordered(schedule)
    settle(order.pk, ReceivedPayment("cash", "slip", Decimal(900)), now=NOW)
    cancel(order.bookings.get())
    refund = Refund.objects.get()

    assert not pay_refund(refund.pk, now=NEXT_DAY)
    assert pay_waiting_refunds(now=NEXT_DAY) == 0

    assert StaffTask.objects.get().kind == "refund_due"
    refund.refresh_from_db()
    assert refund.status == "owed"


@pytest.mark.database
def test_the_same_form_cancels_once_and_leads_to_the_same_booking(booking: Booking) -> None:
    first = cancel(booking)

    assert cancel(booking) == first
    with pytest.raises(AlreadySubmitted):
        cancel(booking, content="other")
    with pytest.raises(Conflict):
        cancel(booking, submission="another form")
    assert Refund.objects.count() == 1


def test_a_quote_that_fell_meanwhile_is_not_taken_silently(booking: Booking) -> None:
    promised = cancellation_quote(booking, now=NOW).refund

    with pytest.raises(Conflict, match="R450"):
        cancel(booking, quoted=promised)

    booking.refresh_from_db()
    assert booking.status == "confirmed"


@pytest.mark.database
def test_some_of_the_party_are_split_off_and_cancelled_alone(booking: Booking) -> None:
    child = booking.tickets.get(first_name="Sipho")

    part = cancel(booking, ticket_ids=[child.pk])

    booking.refresh_from_db()
    assert booking.status == "confirmed"
    assert (part.status, part.order_id) == ("cancelled", booking.order_id)
    assert part.booking_reference != booking.booking_reference
    assert list(booking.tickets.values_list("first_name", "status")) == [("Ann", "valid")]
    assert Refund.objects.get().amount == Decimal(150)
    assert set(SeatClaim.objects.values_list("seat__label", flat=True)) == {"1A"}
    assert violations(now=NEXT_DAY) == []

    cancel(booking, submission="form 2")
    booking.order.refresh_from_db()
    assert booking.order.status == "cancelled"
    assert violations(now=NEXT_DAY) == []


def test_an_unpaid_booking_is_cancelled_for_nothing(schedule: Schedule) -> None:
    booking = ordered(schedule, pay_later=True).bookings.get()

    cancel(booking, now=NOW)

    assert Refund.objects.count() == 0
    assert LedgerEntry.objects.balance(Account.RECEIVABLE) == 0
    assert violations(now=NOW) == []


def test_part_of_an_unpaid_booking_is_cancelled_and_the_rest_can_be_paid(schedule: Schedule) -> None:
    order = ordered(schedule, pay_later=True)
    booking = order.bookings.get()

    cancel(booking, ticket_ids=[booking.tickets.get(first_name="Sipho").pk], now=NOW)

    assert LedgerEntry.objects.balance(Account.RECEIVABLE, order=order) == Decimal(600)
    assert violations(now=NOW) == []
    assert settle(order.pk, ReceivedPayment("eft", "slip", Decimal(600)), now=NOW) == "confirmed"
    assert violations(now=NOW) == []


@pytest.mark.database
def test_money_late_for_an_order_of_which_a_part_was_cancelled_takes_the_rest_again(
    schedule: Schedule,
) -> None:
    order = ordered(schedule, pay_later=True)
    booking = order.bookings.get()
    cancel(booking, ticket_ids=[booking.tickets.get(first_name="Sipho").pk], now=NOW)
    after = NOW + timedelta(hours=25)

    assert settle(order.pk, ReceivedPayment("eft", "slip", Decimal(600)), now=after) == "confirmed late"

    assert violations(now=after) == []


@pytest.mark.parametrize("when", [timedelta(days=3), timedelta(days=4)])
def test_nothing_is_cancelled_once_the_coach_has_left(booking: Booking, when: timedelta) -> None:
    with pytest.raises(Conflict, match="has passed"):
        cancel(booking, now=NOW + when)

    assert cancellation_quote(booking, now=NOW + when).refund == 0


def test_a_foreign_ticket_or_reference_cancels_nothing(booking: Booking, schedule: Schedule) -> None:
    other = ordered(schedule, "2A", "2B", owner="ben").bookings.get()

    with pytest.raises(Conflict):
        cancel(booking, ticket_ids=list(other.tickets.values_list("pk", flat=True)))
    with pytest.raises(NotFound):
        cancel_booking(CancellationRequest("NOBODY00"), submission="x", content="", now=NOW)

    assert Ticket.objects.filter(status="cancelled").count() == 0


def test_the_page_of_a_booking_shows_quote_and_when_it_falls(booking: Booking) -> None:
    part = booking_page(booking.booking_reference.lower(), now=NOW + timedelta(hours=2)).parts[0]

    assert (part.refund_text, part.then_text) == ("R675", "R450")
    assert part.drops_text == "Wed 2 Dec 2026, 10:00"


@pytest.mark.parametrize("seats", [("2A",), ("2A", "2B", "2C")])
def test_the_page_of_a_booking_takes_as_many_queries_for_one_ticket_as_for_three(
    schedule: Schedule, seats: tuple[str, ...], django_assert_num_queries: Any
) -> None:
    order = ordered(schedule, *seats)
    reference = order.bookings.get().booking_reference

    with django_assert_num_queries(4):
        assert len(booking_page(reference, now=NOW).parts[0].tickets) == len(seats)


@pytest.mark.parametrize(
    "proof",
    [
        "Mokoena",
        " MOKOENA ",
        "mo\u200bkoena",
        "Ann Mokoena",
        "Mokoena, Ann",
        "ann@example.com",
        "Ann@Example.com",
        "\u202aann@example.com\u202c",
    ],
)
def test_a_booking_is_found_by_reference_and_surname_or_e_mail(booking: Booking, proof: str) -> None:
    found = find_booking(booking.booking_reference.lower(), proof, now=NOW)

    assert found is not None
    assert (found.reference, found.status) == (booking.booking_reference, "confirmed")


@pytest.mark.parametrize("proof", ["", "  ", "Moko", "Ann", "%", "x" * 5000])
def test_a_booking_is_not_found_by_anything_else(booking: Booking, proof: str) -> None:
    assert find_booking(booking.booking_reference, proof, now=NOW) is None
    assert find_booking("AAAA0000", "Mokoena", now=NOW) is None
