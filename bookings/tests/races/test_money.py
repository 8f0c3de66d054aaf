"""The same form, the same payment, the same cancellation, many times at the same moment."""

import random
import time
from datetime import timedelta

import pytest

from bookings.base.errors import AlreadySubmitted, SeatTaken
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.checkout import CheckoutRequest, place_order
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.gateway_refunds import pay_refund
from bookings.domain.sales.gateways import ForgedNotification, RawNotification, RefundAnswer
from bookings.domain.sales.gateways.demo import DemoGateway
from bookings.domain.sales.holds import HoldRequest, hold_any, hold_seats
from bookings.domain.sales.notifications import act_on_notification, act_on_waiting, receive_notification
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.models import (
    Account,
    Booking,
    BookingEvent,
    GatewayNotification,
    LedgerEntry,
    Order,
    OutboxMessage,
    Payment,
    Refund,
    RefundAttempt,
    Schedule,
    SeatClaim,
    StaffTask,
    Submission,
    Ticket,
)
from bookings.tests.domain.sales.buy import held, ordered, paid_notification
from bookings.tests.make import NOW, make_schedule
from bookings.tests.races.crowd import crowd, figure, kinds, many

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
PAY_BY = NOW + timedelta(minutes=20)


def segment_of(schedule: Schedule) -> Segment:
    return get_segment(SegmentRef(schedule.pk, "johannesburg", "cape-town"))


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule()


def test_one_checkout_posted_by_many_makes_one_order(schedule: Schedule) -> None:
    hold = held(schedule)
    times = many(40, 100)

    def post(_number: int) -> str:
        return place_order(
            CheckoutRequest(hold.token, "ann", pay_later=True), submission="form", content="x", now=NOW
        ).token

    answers = crowd(times, post, at_once=20)
    again = post(0)  # and once more, long afterwards

    assert set(answers) == {again}
    assert Order.objects.count() == Booking.objects.count() == Submission.objects.count() == 1
    assert Ticket.objects.count() == 2
    assert LedgerEntry.objects.count() == 2
    assert OutboxMessage.objects.count() == 1
    assert violations(now=NOW) == []
    figure("domain: one checkout posted again and again", posts=times, orders=1)


def test_the_same_form_with_other_content_is_refused_and_changes_nothing(schedule: Schedule) -> None:
    hold = held(schedule)
    variants = many(20, 20)

    answers = crowd(
        variants,
        lambda number: (
            place_order(
                CheckoutRequest(hold.token, "ann"), submission="form", content=f"variant {number}", now=NOW
            ).token
        ),
    )

    assert kinds(answers) == {"ok": 1, "AlreadySubmitted": variants - 1}
    assert Order.objects.count() == 1
    assert all(isinstance(each, str | AlreadySubmitted) for each in answers)
    assert violations(now=NOW) == []


def test_two_pages_of_one_checkout_make_one_order(schedule: Schedule) -> None:
    hold = held(schedule)

    answers = crowd(
        10,
        lambda number: (
            place_order(
                CheckoutRequest(hold.token, "ann"), submission=f"form {number}", content="", now=NOW
            ).token
        ),
    )

    assert len(set(answers)) == 1
    assert Order.objects.count() == 1
    assert violations(now=NOW) == []


def test_a_payment_settled_by_many_is_booked_once(schedule: Schedule) -> None:
    order = ordered(schedule)

    outcomes = crowd(
        many(20, 100),
        lambda number: settle(order.pk, ReceivedPayment("demo", "one payment", order.total), now=NOW),
    )

    assert sorted(set(outcomes)) == ["confirmed", "duplicate"]
    assert outcomes.count("confirmed") == 1
    assert Payment.objects.count() == 1
    assert LedgerEntry.objects.balance(Account.GATEWAY) == order.total
    assert OutboxMessage.objects.filter(kind="confirmation").count() == 1
    assert violations(now=NOW) == []


def test_two_payments_of_one_order_confirm_it_once_and_one_is_owed_back(schedule: Schedule) -> None:
    order = ordered(schedule)

    outcomes = crowd(
        2, lambda number: settle(order.pk, ReceivedPayment("eft", f"slip {number}", order.total), now=NOW)
    )

    assert sorted(outcomes) == ["confirmed", "paid twice"]
    assert Refund.objects.get().amount == order.total
    assert violations(now=NOW) == []


def test_a_notification_replayed_by_many_pays_once(schedule: Schedule) -> None:
    notification = paid_notification(ordered(schedule))
    body, times = notification.body.encode(), many(30, 100)

    def tell(number: int) -> None:
        if number % 5 == 4:
            act_on_waiting(now=NOW)
        receive_notification("demo", RawNotification(body), now=NOW)
        act_on_notification(notification.pk, now=NOW)

    answers = crowd(times, tell)

    assert kinds(answers) == {"ok": times}
    assert GatewayNotification.objects.count() == Payment.objects.count() == 1
    assert OutboxMessage.objects.filter(kind="confirmation").count() == 1
    assert violations(now=NOW) == []
    figure("domain: one notification replayed", times=times, payments=1)


def test_damaged_notifications_pay_nothing(schedule: Schedule) -> None:
    """A wrong amount, another attempt, any byte changed: refused, whatever it says."""
    notification = paid_notification(ordered(schedule))
    GatewayNotification.objects.all().delete()
    good, dice = notification.body.encode(), random.Random(1)

    def forge(number: int) -> None:
        body = bytearray(good)
        body[number % len(body)] = dice.randrange(256)
        if bytes(body) != good:
            receive_notification("demo", RawNotification(bytes(body)), now=NOW)

    answers = [_outcome(forge, number) for number in range(many(200, 2000))]

    assert {type(each) for each in answers} <= {ForgedNotification, type(None)}
    assert sum(each is None for each in answers) < len(answers) / 20
    assert GatewayNotification.objects.count() == Payment.objects.count() == 0
    figure("domain: forged notifications", forged=len(answers), accepted=0)


def _outcome(act: object, number: int) -> Exception | None:
    try:
        return act(number)
    except ForgedNotification as refusal:
        return refusal


@pytest.mark.parametrize("paid_first", [True, False])
@pytest.mark.parametrize("paid_after", [-1, 0, 1])
def test_paying_around_expiry_gives_seat_and_money_or_neither(
    schedule: Schedule, paid_after: int, paid_first: bool
) -> None:
    order = ordered(schedule)
    pays_at = PAY_BY + timedelta(seconds=paid_after)

    def pay() -> str:
        return settle(order.pk, ReceivedPayment("eft", "slip", order.total), now=pays_at)

    def take() -> object:
        return hold_seats(segment_of(schedule), ["1A", "1B"], HoldRequest("ben"), now=PAY_BY)

    if paid_first:
        outcome = pay()
        with pytest.raises(SeatTaken):
            take()
    else:
        take()
        outcome = pay()

    assert outcome == (
        "seats gone" if not paid_first else "confirmed" if paid_after < 0 else "confirmed late"
    )
    seat_or_money_back(order)


@pytest.mark.parametrize("repeat", range(many(8, 60)))
def test_paying_while_another_takes_the_expired_seats_gives_seat_and_money_or_neither(
    schedule: Schedule, repeat: int
) -> None:
    order = ordered(schedule)
    pays_at = PAY_BY + timedelta(milliseconds=random.Random(repeat).randint(-1000, 1000))
    acts = [
        lambda: settle(order.pk, ReceivedPayment("eft", "slip", order.total), now=pays_at),
        lambda: hold_seats(segment_of(schedule), ["1B", "1C"], HoldRequest("ben"), now=PAY_BY),
        lambda: expire_unpaid(now=PAY_BY),
    ]

    outcomes = crowd(3, lambda number: acts[(number + repeat) % 3]())

    assert set(kinds(outcomes)) <= {"ok", "SeatTaken"}
    seat_or_money_back(order)


def seat_or_money_back(order: Order) -> None:
    order.refresh_from_db()
    sold = SeatClaim.objects.filter(ticket__booking__order=order, kind="sold").count()
    owed_back = sum(refund.amount for refund in Refund.objects.filter(order=order))
    paid = sum(payment.amount for payment in order.payments.all())
    assert (order.status, sold, owed_back) in [("confirmed", 4, 0), ("expired", 0, paid)]
    tasks = StaffTask.objects.filter(kind="money_without_seats", order=order).count()
    mails = OutboxMessage.objects.filter(kind="seats_gone", order=order).count()
    assert (tasks, mails) == ((0, 0) if sold else (1, 1))
    assert violations(now=PAY_BY) == []


def test_a_late_payment_replayed_by_many_takes_the_free_seats_once(schedule: Schedule) -> None:
    notification = paid_notification(ordered(schedule))
    late = PAY_BY + timedelta(minutes=5)
    expire_unpaid(now=late)

    outcomes = crowd(10, lambda number: act_on_notification(notification.pk, now=late))

    # Whoever came while the first was still booking has seen the payment and says so; the row itself may say
    # either.
    assert outcomes.count("confirmed late") >= 1
    assert set(outcomes) <= {"confirmed late", "duplicate"}
    assert SeatClaim.objects.filter(kind="sold").count() == 4
    assert Payment.objects.count() == 1
    assert violations(now=late) == []


def test_a_booking_cancelled_by_many_is_cancelled_once(schedule: Schedule) -> None:
    order = ordered(schedule)
    settle(order.pk, ReceivedPayment("eft", "slip", order.total), now=NOW)
    reference, times = order.bookings.get().booking_reference, many(20, 50)

    answers = crowd(
        times,
        lambda number: cancel_booking(
            CancellationRequest(reference), submission=f"form {number}", content="", now=NOW
        ),
    )

    assert kinds(answers) == {"ok": 1, "Conflict": times - 1}
    assert Refund.objects.get().amount == order.total  # within the hour after the sale
    assert SeatClaim.objects.count() == 0
    assert BookingEvent.objects.filter(ticket=None, to_status="cancelled").count() == 1
    assert OutboxMessage.objects.filter(kind="cancellation").count() == 1
    assert violations(now=NOW) == []
    figure("domain: one booking cancelled again and again", times=times, refunds=1)


def test_a_cancellation_form_posted_by_many_has_one_effect_and_one_answer(schedule: Schedule) -> None:
    order = ordered(schedule)
    settle(order.pk, ReceivedPayment("eft", "slip", order.total), now=NOW)
    booking = order.bookings.get()
    one = [booking.tickets.first().pk]

    answers = crowd(
        many(20, 50),
        lambda number: (
            cancel_booking(
                CancellationRequest(booking.booking_reference, ticket_ids=one),
                submission="form",
                content="",
                now=NOW,
            ).pk
        ),
    )

    assert len(set(answers)) == 1
    assert Booking.objects.filter(status="cancelled").count() == 1
    assert Booking.objects.filter(status="confirmed").count() == 1
    assert violations(now=NOW) == []


def test_a_refund_paid_by_many_goes_out_once(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    order = ordered(schedule)
    act_on_notification(paid_notification(order).pk, now=NOW)
    cancel_booking(
        CancellationRequest(order.bookings.get().booking_reference), submission="form", content="", now=NOW
    )
    refund, asked = Refund.objects.get(), []

    def pays(_gateway: DemoGateway, attempt: RefundAttempt) -> RefundAnswer:
        asked.append(attempt.key)
        time.sleep(0.1)  # long enough for all the others to come by
        return RefundAnswer(RefundAttempt.Status.SETTLED)

    monkeypatch.setattr(DemoGateway, "refund", pays)
    answers = crowd(many(20, 50), lambda _number: pay_refund(refund.pk, now=NOW))

    assert asked == [f"refund-{refund.pk}"]
    assert kinds(answers) == {"ok": len(answers)}
    assert answers.count(True) >= 1
    assert LedgerEntry.objects.filter(cause__startswith="refund:").count() == 2
    assert LedgerEntry.objects.balance(Account.GATEWAY) == 0
    assert violations(now=NOW) == []


def test_cancelling_and_paying_at_once_ends_in_one_of_the_two(schedule: Schedule) -> None:
    order = ordered(schedule)
    reference = order.bookings.get().booking_reference
    acts = [
        lambda: settle(order.pk, ReceivedPayment("eft", "slip", order.total), now=NOW),
        lambda: cancel_booking(CancellationRequest(reference), submission="form", content="", now=NOW),
    ]

    outcomes = crowd(2, lambda number: acts[number]())

    order.refresh_from_db()
    assert kinds(outcomes) == {"ok": 2}
    assert order.status == "cancelled"
    paid = sum(payment.amount for payment in order.payments.all())
    assert sum(refund.amount for refund in Refund.objects.all()) == paid
    assert violations(now=NOW) == []


def test_unpaid_orders_that_run_out_while_people_book_free_their_seats_once() -> None:
    schedule = make_schedule(seats=12)
    for number in range(6):
        seats = [f"{number // 2 + 1}{'ABCD'[number % 2 * 2 + place]}" for place in range(2)]
        ordered(schedule, *seats, owner=f"early{number}")
    later = PAY_BY + timedelta(seconds=1)

    def act(number: int) -> object:
        return (
            expire_unpaid(now=later)
            if number % 4 == 0
            else hold_any(segment_of(schedule), 1, HoldRequest(f"late{number}"), now=later)
        )

    answers = crowd(24, act)

    assert kinds(answers) == {"ok": 18, "SoldOut": 6}
    assert Order.objects.filter(status="expired").count() == 6
    assert violations(now=later) == []
