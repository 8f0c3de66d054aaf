"""A passenger changes the trip: at once where nothing is to pay, else once it is paid."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.base.errors import AlreadySubmitted, Conflict, Refusal, SeatTaken
from bookings.base.names import PersonName, is_spelling_of
from bookings.domain.integrity.invariants import violations
from bookings.domain.maintenance.cleanup import clean_old_rows
from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.exchange_payments import pay_change
from bookings.domain.sales.exchange_quotes import TripChange
from bookings.domain.sales.exchange_requests import confirm_change, give_up_change, lapse_requests
from bookings.domain.sales.exchange_terms import Change, quote_change
from bookings.domain.sales.gateways import RawNotification
from bookings.domain.sales.gateways.demo import PAID, PENDING, customer_decides, notification_body
from bookings.domain.sales.holds import HoldRequest, hold_seats
from bookings.domain.sales.notifications import act_on_notification, ask_after_attempts, receive_notification
from bookings.domain.sales.party_changes import LuggageOfParty, NamesChange, SeatsChange
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.domain.sales.ticket_changes import NameChange, change_name
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import (
    Booking,
    ExchangeRequest,
    FareClass,
    GatewayNotification,
    LedgerEntry,
    OutboxMessage,
    Payment,
    PaymentAttempt,
    Refund,
    RefundPolicy,
    Schedule,
    SeatClaim,
    StaffTask,
    Ticket,
)
from bookings.tests.domain.sales.buy import ordered, paid_notification
from bookings.tests.make import NOW, make_layout, make_luggage_rule, make_schedule

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=5)  # within the grace time: no fee
NEXT_DAY = NOW + timedelta(hours=25)  # 47 hours before departure: half of the fare is the fee
RIDE = ("johannesburg", "cape-town")


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule()


@pytest.fixture
def later(schedule: Schedule) -> Schedule:
    """The same road a day later, for R800 instead of R600."""
    return make_schedule(route=schedule.route, departs=NOW + timedelta(days=4), price=800)


@pytest.fixture
def booking(schedule: Schedule) -> Booking:
    """Two seats (an adult and a child) for R900, paid through the demo gateway."""
    order = ordered(schedule)
    act_on_notification(paid_notification(order).pk, now=NOW)
    return order.bookings.get()


def trip_change(booking: Booking, to: Schedule, *labels: str, **facts: Any) -> TripChange:
    return TripChange(
        booking.booking_reference, SegmentRef(to.pk, *RIDE), labels=labels, channel="web", **facts
    )


def confirm(change: Change, *, now: Any = SOON, submission: str = "form", **facts: Any) -> ExchangeRequest:
    return confirm_change(change, submission=submission, content=str(change), now=now, **facts)


def told(
    request: ExchangeRequest, state: str = PAID, *, amount: Any = None, now: Any = SOON
) -> GatewayNotification:
    """The customer pays at the demo gateway, and its notification is in our inbox."""
    pay_change(request.token, now=now)
    attempt = request.attempts.latest("pk")
    customer_decides(attempt.token, pays=True, now=now)
    receive_notification("demo", RawNotification(notification_body(attempt, state, amount=amount)), now=now)
    return GatewayNotification.objects.filter(attempt=attempt).latest("pk")


def pay(request: ExchangeRequest, *, now: Any = SOON) -> str:
    outcome = act_on_notification(told(request, now=now).pk, now=now)
    request.refresh_from_db()
    return outcome


def state(booking: Booking) -> tuple[Any, ...]:
    booking.refresh_from_db()
    tickets = booking.tickets.filter(status="valid").order_by("pk")
    return booking.schedule_id, booking.status, [(t.seat.label, t.fare, t.code) for t in tickets]


@pytest.mark.database
def test_nothing_is_posted_before_the_money_and_the_old_tickets_stay(
    booking: Booking, later: Schedule
) -> None:
    before, entries = state(booking), LedgerEntry.objects.count()

    request = confirm(trip_change(booking, later, "2A", "2B", quoted=Decimal(300)))

    assert (request.status, request.amount) == ("open", Decimal(300))
    assert request.expires_at == SOON + timedelta(minutes=20)
    assert state(booking) == before
    assert LedgerEntry.objects.count() == entries
    held = SeatClaim.objects.filter(schedule=later)
    assert {claim.seat.label for claim in held} == {"2A", "2B"}
    assert {claim.kind for claim in held} == {"held"}
    with pytest.raises(SeatTaken):
        hold_seats(get_segment(SegmentRef(later.pk, *RIDE)), ["2A"], HoldRequest("zola"), now=SOON)
    assert violations(now=SOON) == []


@pytest.mark.database
def test_paid_it_is_exchanged_at_the_quoted_price(booking: Booking, later: Schedule) -> None:
    codes = set(booking.tickets.values_list("code", flat=True))
    request = confirm(trip_change(booking, later, "2A", "2B"))
    Schedule.objects.filter(pk=later.pk).update(price_zar=900)  # after the quote

    assert pay(request, now=SOON + timedelta(minutes=10)) == "exchanged"

    assert request.status == "done"
    assert request.changed_id == booking.pk
    where, status, seats = state(booking)
    assert (where, status) == (later.pk, "confirmed")
    assert [(seat, fare) for seat, fare, _code in seats] == [("2A", Decimal(800)), ("2B", Decimal(400))]
    assert not codes & {code for _seat, _fare, code in seats}
    assert SeatClaim.objects.filter(schedule=later, kind="sold").count() == 4
    assert not SeatClaim.objects.exclude(schedule=later).exists()
    assert not StaffTask.objects.exists()
    assert not Refund.objects.exists()
    assert OutboxMessage.objects.filter(kind="confirmation").count() == 2
    assert violations(now=SOON + timedelta(minutes=10)) == []


@pytest.mark.database
def test_what_costs_nothing_or_gives_back_is_done_at_once(booking: Booking, schedule: Schedule) -> None:
    cheap = make_schedule(route=schedule.route, departs=NOW + timedelta(days=5), price=200)

    request = confirm(trip_change(booking, cheap, quoted=Decimal(-600)))

    assert (request.status, request.amount, request.hold) == ("done", Decimal(-600), None)
    assert state(booking)[0] == cheap.pk
    assert Refund.objects.get().amount == Decimal(600)
    assert confirm(trip_change(booking, cheap, quoted=Decimal(-600))) == request  # posted twice
    with pytest.raises(AlreadySubmitted):
        confirm(trip_change(booking, cheap, quoted=Decimal(-500)))
    assert violations(now=SOON) == []


def test_another_balance_than_quoted_is_refused_and_a_second_request_too(
    booking: Booking, later: Schedule
) -> None:
    with pytest.raises(Conflict, match="R300"):
        confirm(trip_change(booking, later, quoted=Decimal(299)))
    confirm(trip_change(booking, later, quoted=Decimal(300)))
    with pytest.raises(Conflict, match="waits for its payment"):
        confirm(trip_change(booking, later, quoted=Decimal(300)), submission="another tab")
    assert ExchangeRequest.objects.count() == 1


@pytest.mark.database
def test_seats_that_lapsed_are_taken_again_if_they_are_free(booking: Booking, later: Schedule) -> None:
    request = confirm(trip_change(booking, later, "2A", "2B"))
    late = SOON + timedelta(minutes=30)
    notification = told(request)
    assert lapse_requests(now=late) == 1

    assert act_on_notification(notification.pk, now=late) == "exchanged"

    assert state(booking)[0] == later.pk
    assert violations(now=late) == []


@pytest.mark.database
def test_seats_that_are_gone_leave_the_old_trip_and_the_money_goes_back(
    booking: Booking, later: Schedule
) -> None:
    before = state(booking)
    request = confirm(trip_change(booking, later, "2A", "2B"))
    notification, late = told(request), SOON + timedelta(minutes=30)
    hold_seats(get_segment(SegmentRef(later.pk, *RIDE)), ["2A"], HoldRequest("zola"), now=late)

    assert act_on_notification(notification.pk, now=late) == "exchange refused"

    request.refresh_from_db()
    assert request.status == "refused"
    assert "2A" in request.reason
    assert state(booking) == before
    refund = Refund.objects.get()
    assert (refund.amount, refund.payment) == (Decimal(300), Payment.objects.latest("pk"))
    mail = build_mail(OutboxMessage.objects.get(kind="exchange_refused"), now=late)
    assert mail is not None
    assert "R300" in mail.body
    assert not OutboxMessage.objects.filter(kind="refund").exists()
    assert violations(now=late) == []


def _cancel(booking: Booking) -> None:
    cancel_booking(CancellationRequest(booking.booking_reference), submission="c", content="", now=SOON)


def _rename(booking: Booking) -> None:
    change_name(
        NameChange(booking.tickets.first().pk, "Anna", "Mokoena"), submission="n", content="", now=SOON
    )


def _board(booking: Booking) -> None:
    Ticket.objects.filter(booking=booking).update(status="boarded")


@pytest.mark.parametrize("meanwhile", [_cancel, _rename, _board], ids=["cancelled", "changed", "boarded"])
def test_a_booking_that_was_touched_meanwhile_stays_and_the_money_goes_back(
    booking: Booking, later: Schedule, meanwhile: Callable[[Booking], None]
) -> None:
    request = confirm(trip_change(booking, later))
    meanwhile(booking)
    before = state(booking)

    assert pay(request) == "exchange refused"

    assert state(booking) == before
    assert Refund.objects.filter(payment=Payment.objects.latest("pk"), amount=300).exists()
    assert not SeatClaim.objects.filter(schedule=later).exists()


@pytest.mark.database
def test_paid_twice_too_much_and_too_little(booking: Booking, later: Schedule) -> None:
    request = confirm(trip_change(booking, later))
    notification = told(request)
    attempt = request.attempts.get()

    def came(name: str, amount: int) -> str:
        received = ReceivedPayment("demo", name, Decimal(amount), attempt=attempt)
        return settle(booking.order_id, received, now=SOON)

    assert came("little", 299) == "too little"
    assert came("much", 301) == "exchanged"
    assert act_on_notification(notification.pk, now=SOON) == "paid twice"
    assert act_on_notification(notification.pk, now=SOON) == "paid twice"
    assert sorted(Refund.objects.values_list("amount", flat=True)) == [Decimal(1), Decimal(299), Decimal(300)]
    assert state(booking)[0] == later.pk


def test_a_lost_notification_is_found_by_asking(booking: Booking, later: Schedule) -> None:
    request = confirm(trip_change(booking, later))
    pay_change(request.token, now=SOON)
    customer_decides(request.attempts.get().token, pays=True, now=SOON)

    ask_after_attempts(now=SOON + timedelta(minutes=4))

    assert state(booking)[0] == later.pk


def test_the_seats_are_kept_while_the_bank_decides(booking: Booking, later: Schedule) -> None:
    request = confirm(trip_change(booking, later, "2A", "2B"))

    assert act_on_notification(told(request, PENDING).pk, now=SOON) == "pending"

    request.refresh_from_db()
    assert request.expires_at == SOON + timedelta(minutes=120)
    assert SeatClaim.objects.filter(schedule=later, expires_at=request.expires_at).count() == 4
    for again in (pay_change, give_up_change):
        with pytest.raises(Conflict, match="do not pay again"):
            again(request.token, now=SOON)


def test_given_up_the_seats_are_free_and_late_money_goes_back(booking: Booking, later: Schedule) -> None:
    before = state(booking)
    request = confirm(trip_change(booking, later))
    notification = told(request)

    give_up_change(request.token, now=SOON)

    assert not SeatClaim.objects.filter(schedule=later).exists()
    assert act_on_notification(notification.pk, now=SOON) == "paid twice"
    assert state(booking) == before
    assert Refund.objects.get().amount == Decimal(300)
    with pytest.raises(Conflict):
        pay_change(request.token, now=SOON)
    assert confirm(trip_change(booking, later), submission="again").status == "open"


def test_a_try_to_pay_is_taken_up_again(booking: Booking, later: Schedule) -> None:
    request = confirm(trip_change(booking, later))

    assert pay_change(request.token, now=SOON) == pay_change(request.token, now=SOON)
    assert PaymentAttempt.objects.filter(exchange_request=request).count() == 1


@pytest.mark.database
def test_some_of_the_party_move_alone_by_paying(booking: Booking, later: Schedule) -> None:
    child = booking.tickets.get(first_name="Sipho")
    adult = booking.tickets.get(first_name="Ann")
    Ticket.objects.filter(pk=child.pk).update(passenger_type=adult.passenger_type)

    request = confirm(trip_change(booking, later, ticket_ids=[adult.pk], quoted=Decimal(200)))
    assert pay(request) == "exchanged"

    part = request.changed
    assert part is not None
    assert part.booking_reference != booking.booking_reference
    assert (state(booking)[0], part.schedule_id) == (booking.schedule_id, later.pk)


@pytest.mark.database
def test_a_party_swaps_its_seats_for_nothing_and_pays_for_a_dearer_class(later: Schedule) -> None:
    mixed = make_schedule(route=later.route, departs=NOW + timedelta(days=6), layout=make_layout(premium=4))
    order = ordered(mixed)
    act_on_notification(paid_notification(order).pk, now=NOW)
    booking = order.bookings.get()
    ann, sipho = booking.tickets.order_by("pk")
    reference, at = booking.booking_reference, (ann.seat.label, sipho.seat.label)
    swap = SeatsChange(reference, {ann.pk: at[1], sipho.pk: at[0]})

    assert confirm(swap, submission="swap").status == "done"
    assert [seat for seat, _fare, _code in state(booking)[2]] == [at[1], at[0]]
    with pytest.raises(Refusal, match="already have"):
        confirm(swap, submission="same")

    other = FareClass.objects.exclude(pk=ann.fare_class_id).get().code
    request = confirm(SeatsChange(reference, {ann.pk: "", sipho.pk: ""}, fare_class=other))
    if request.status == "open":
        assert pay(request) == "exchanged"
    assert {ticket.fare_class.code for ticket in booking.tickets.all()} == {other}
    assert violations(now=SOON) == []


def test_names_are_corrected_free_and_given_to_another_where_the_fare_allows(booking: Booking) -> None:
    ann = booking.tickets.get(first_name="Ann")
    code = ann.code

    def named(first: str, last: str) -> NamesChange:
        return NamesChange(booking.booking_reference, {ann.pk: PersonName(first, last)})

    assert confirm(named("Anne", "Mokoena")).status == "done"
    ann.refresh_from_db()
    assert (ann.full_name, ann.code == code) == ("Anne Mokoena", False)
    with pytest.raises(Refusal, match="Anne Mokoena alone"):
        confirm(named("Zola", "Budd"), submission="other")
    terms = ann.refund_terms | {"name_fee": "150.00"}
    Ticket.objects.filter(pk=ann.pk).update(refund_terms=terms)
    request = confirm(named("Zola", "Budd"), submission="other")
    assert (request.status, request.amount) == ("open", Decimal(150))
    assert pay(request) == "exchanged"
    ann.refresh_from_db()
    assert ann.full_name == "Zola Budd"
    assert violations(now=SOON) == []


@pytest.mark.database
def test_extra_luggage_is_kept_until_it_is_paid(booking: Booking, schedule: Schedule) -> None:
    make_luggage_rule(schedule=schedule, space=2)
    ann = booking.tickets.get(first_name="Ann")
    change = LuggageOfParty(booking.booking_reference, {ann.pk: 2})

    request = confirm(change)
    assert request.status == "open"
    sipho = booking.tickets.get(first_name="Sipho")
    with pytest.raises(Conflict, match="luggage"):
        quote_change(LuggageOfParty(booking.booking_reference, {sipho.pk: 1}), now=SOON)
    assert pay(request) == "exchanged"
    ann.refresh_from_db()
    assert ann.extra_luggage == 2
    assert violations(now=SOON) == []
    fewer = confirm(LuggageOfParty(booking.booking_reference, {ann.pk: 1}), submission="fewer")
    assert (fewer.status, fewer.amount < 0) == ("done", True)
    assert violations(now=SOON) == []


def test_online_changes_end_when_the_fare_says(booking: Booking, later: Schedule) -> None:
    for ticket in booking.tickets.all():
        Ticket.objects.filter(pk=ticket.pk).update(refund_terms=ticket.refund_terms | {"change_hours": 48})

    quote_change(trip_change(booking, later), now=SOON)
    with pytest.raises(Conflict, match="can be changed online until"):
        quote_change(trip_change(booking, later), now=NEXT_DAY)


def test_a_policy_freezes_what_passengers_may_change_on_the_ticket(schedule: Schedule) -> None:
    RefundPolicy.objects.update(change_hours=6, name_fee=Decimal(99))

    terms = ordered(schedule).bookings.get().tickets.first().refund_terms

    assert (terms["change_hours"], terms["name_fee"]) == (6, "99.00")


@pytest.mark.parametrize(
    ("name", "before", "same"),
    [
        (("Anne", "Mokoena"), ("Ann", "Mokoena"), True),
        (("Mokoena", "Ann"), ("Ann", "Mokoena"), True),
        (("Ann", "Mokeona"), ("Ann", "Mokoena"), True),
        (("Ann", ""), ("Ann", "Mokoena"), True),
        (("José", "Peña"), ("Jose", "Pena"), True),
        (("Ben", "Mokoena"), ("Ann", "Mokoena"), False),
        (("Ann", "Nkosi"), ("Ann", "Mokoena"), False),
        (("Ann", ""), ("", "Mokoena"), False),
        (("", ""), ("Ann", "Mokoena"), False),
    ],
)
def test_what_counts_as_the_spelling_of_a_name(
    name: tuple[str, str], before: tuple[str, str], same: bool
) -> None:
    assert is_spelling_of(PersonName(*name), PersonName(*before)) is same


@pytest.mark.database
def test_money_for_a_change_that_is_not_made_and_seats_of_one_that_is_over_are_noticed(
    booking: Booking, later: Schedule
) -> None:
    request = confirm(trip_change(booking, later))
    ExchangeRequest.objects.filter(pk=request.pk).update(status="withdrawn", ended_at=SOON)
    assert {violation.rule for violation in violations(now=SOON)} == {"a change that is over holds no seat"}
    ExchangeRequest.objects.filter(pk=request.pk).update(status="open", ended_at=None)
    assert pay(request) == "exchanged"
    ExchangeRequest.objects.filter(pk=request.pk).update(status="refused", changed=None)

    assert {violation.rule for violation in violations(now=SOON)} == {
        "a change that was paid is made or refunded"
    }


def test_dead_holds_of_changes_are_deleted_and_the_request_stays(booking: Booking, later: Schedule) -> None:
    request = confirm(trip_change(booking, later))
    give_up_change(request.token, now=SOON)

    clean_old_rows(now=SOON + timedelta(days=3))

    request.refresh_from_db()
    assert (request.status, request.hold) == ("withdrawn", None)
