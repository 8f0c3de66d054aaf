from datetime import timedelta
from decimal import Decimal

import pytest

from bookings.base.errors import Conflict, NotFound, SalesClosed
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.booking_page import order_status
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.gateways import ForgedNotification, RawNotification
from bookings.domain.sales.gateways.demo import DECLINED, PAID, customer_decides, notification_body
from bookings.domain.sales.holds import HoldRequest, hold_seats
from bookings.domain.sales.notifications import act_on_notification, act_on_waiting, receive_notification
from bookings.domain.sales.payments import ReceivedPayment, settle, start_payment
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import (
    Account,
    Booking,
    GatewayNotification,
    LedgerEntry,
    Order,
    OutboxMessage,
    Payment,
    PaymentAttempt,
    Refund,
    Schedule,
    SeatClaim,
    StaffTask,
)
from bookings.tests.domain.sales.buy import ordered, paid_notification
from bookings.tests.make import NOW, make_schedule

pytestmark = pytest.mark.django_db
TOO_LATE = NOW + timedelta(minutes=21)


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule()


@pytest.fixture
def order(schedule: Schedule) -> Order:
    return ordered(schedule)


def status(order: Order) -> str:
    order.refresh_from_db()
    return order.status


@pytest.mark.database
def test_a_verified_payment_confirms_the_order_once_it_is_acted_upon(order: Order) -> None:
    notification = paid_notification(order)
    assert status(order) == "pending"
    assert order_status(order.token, now=NOW).state == "confirming"

    assert act_on_notification(notification.pk, now=NOW) == "confirmed"

    assert status(order) == "confirmed"
    assert set(SeatClaim.objects.values_list("kind", "expires_at")) == {("sold", None)}
    assert LedgerEntry.objects.balance(Account.RECEIVABLE, order=order) == 0
    assert LedgerEntry.objects.balance(Account.GATEWAY, order=order) == Decimal(900)
    assert OutboxMessage.objects.filter(kind="confirmation", order=order).count() == 1
    assert violations(now=NOW) == []


@pytest.mark.database
def test_a_notification_replayed_changes_nothing(order: Order) -> None:
    notification = paid_notification(order)
    act_on_notification(notification.pk, now=NOW)

    for _again in range(3):
        receive_notification("demo", RawNotification(notification.body.encode()), now=NOW)
        act_on_waiting(now=NOW)
    assert (
        settle(order.pk, ReceivedPayment("demo", f"demo-{notification.attempt_id}", Decimal(900)), now=NOW)
        == "duplicate"
    )

    assert Payment.objects.count() == GatewayNotification.objects.count() == 1
    assert violations(now=NOW) == []


def forgeries(attempt: PaymentAttempt) -> dict[str, bytes]:
    good = notification_body(attempt, PAID)
    return {
        "other amount": good.replace(b"amount=900", b"amount=1"),
        "cut signature": good[:-4],
        "no signature": good.partition(b"&signature")[0],
        "after the signature": good + b"&status=COMPLETE",
        "twice": b"status=COMPLETE&" + good,
        "other order of fields": b"&".join(reversed(good.split(b"&"))),
        "too long": good + b"x" * 5000,
        "not a form": b"\xff\xfe{}",
        "empty": b"",
    }


@pytest.mark.parametrize(
    "kind",
    [
        "other amount",
        "cut signature",
        "no signature",
        "after the signature",
        "twice",
        "other order of fields",
        "too long",
        "not a form",
        "empty",
    ],
)
def test_a_forged_notification_is_refused_and_not_kept(order: Order, kind: str) -> None:
    start_payment(order.pk, now=NOW)

    with pytest.raises(ForgedNotification):
        receive_notification("demo", RawNotification(forgeries(PaymentAttempt.objects.get())[kind]), now=NOW)

    assert GatewayNotification.objects.count() == 0


def test_a_signed_notification_that_the_gateway_does_not_confirm_pays_nothing(order: Order) -> None:
    start_payment(order.pk, now=NOW)
    receive_notification(
        "demo", RawNotification(notification_body(PaymentAttempt.objects.get(), PAID)), now=NOW
    )

    act_on_waiting(now=NOW)

    assert status(order) == "pending"
    assert Payment.objects.count() == 0


def test_an_unknown_attempt_or_gateway_is_not_known(order: Order) -> None:
    body = notification_body(PaymentAttempt(pk=1, token="nobody", amount=Decimal(1)), PAID)

    for gateway in ("demo", "elsewhere"):
        with pytest.raises(NotFound):
            receive_notification(gateway, RawNotification(body), now=NOW)


def test_a_declined_payment_can_be_tried_again(order: Order) -> None:
    start_payment(order.pk, now=NOW)
    attempt = PaymentAttempt.objects.get()
    customer_decides(attempt.token, pays=False, now=NOW)
    receive_notification("demo", RawNotification(notification_body(attempt, DECLINED)), now=NOW)
    act_on_waiting(now=NOW)
    assert order_status(order.token, now=NOW).state == "declined"

    start_payment(order.pk, now=NOW)

    assert PaymentAttempt.objects.count() == 2
    assert order_status(order.token, now=NOW).state == "confirming"


def test_paying_twice_on_the_gateways_page_is_one_notification(order: Order) -> None:
    start_payment(order.pk, now=NOW)
    assert start_payment(order.pk, now=NOW) == start_payment(order.pk, now=NOW)
    attempt = PaymentAttempt.objects.get()

    for _click in range(2):
        customer_decides(attempt.token, pays=True, now=NOW)

    assert OutboxMessage.objects.filter(kind="demo_payment").count() == 1


@pytest.mark.database
def test_an_unpaid_order_expires_with_its_bookings_and_owes_nothing(order: Order, schedule: Schedule) -> None:
    assert expire_unpaid(now=NOW) == 0

    assert expire_unpaid(now=TOO_LATE) == 1

    assert (status(order), order.bookings.get().status) == ("expired", "expired")
    assert SeatClaim.objects.count() == 0
    assert LedgerEntry.objects.balance(Account.RECEIVABLE, order=order) == 0
    schedule.refresh_from_db()
    assert schedule.available_seats == 8
    assert violations(now=TOO_LATE) == []


@pytest.mark.database
def test_taking_the_seats_of_an_overdue_order_expires_it_on_the_spot(
    order: Order, schedule: Schedule
) -> None:
    hold_seats(
        get_segment(SegmentRef(schedule.pk, "johannesburg", "cape-town")),
        ["1A"],
        HoldRequest("ben"),
        now=TOO_LATE,
    )

    assert status(order) == "expired"
    assert violations(now=TOO_LATE) == []


@pytest.mark.database
def test_money_that_comes_late_takes_its_seats_again_if_they_are_free(order: Order) -> None:
    notification = paid_notification(order)
    expire_unpaid(now=TOO_LATE)

    assert act_on_notification(notification.pk, now=TOO_LATE) == "confirmed late"

    assert status(order) == "confirmed"
    assert SeatClaim.objects.filter(kind="sold").count() == 4
    assert violations(now=TOO_LATE) == []


@pytest.mark.database
def test_money_that_comes_when_a_seat_is_gone_is_owed_back_and_a_person_is_told(
    order: Order, schedule: Schedule
) -> None:
    notification = paid_notification(order)
    hold_seats(
        get_segment(SegmentRef(schedule.pk, "johannesburg", "bloemfontein")),
        ["1B"],
        HoldRequest("ben"),
        now=TOO_LATE,
    )

    assert act_on_notification(notification.pk, now=TOO_LATE) == "seats gone"

    assert status(order) == "expired"
    assert order_status(order.token, now=TOO_LATE).state == "refund_due"
    assert StaffTask.objects.get().kind == "money_without_seats"
    assert Refund.objects.get().amount == Decimal(900)
    assert LedgerEntry.objects.balance(Account.REFUNDS_OWED) == Decimal(-900)
    assert OutboxMessage.objects.filter(kind="seats_gone").count() == 1
    assert violations(now=TOO_LATE) == []


@pytest.mark.parametrize("state", [{"is_active": False}, {"status": "cancelled"}])
def test_money_for_a_departure_that_was_withdrawn_is_owed_back_and_a_person_is_told(
    order: Order, schedule: Schedule, state: dict[str, object]
) -> None:
    notification = paid_notification(order)
    Schedule.objects.filter(pk=schedule.pk).update(**state)

    assert act_on_notification(notification.pk, now=NOW) == "seats gone"

    assert status(order) == "expired"
    assert StaffTask.objects.get().kind == "money_without_seats"
    assert Refund.objects.get().amount == Decimal(900)
    assert not SeatClaim.objects.exists()
    assert violations(now=NOW) == []


def test_nothing_is_paid_on_a_departure_that_was_withdrawn(order: Order, schedule: Schedule) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(is_active=False)

    with pytest.raises(SalesClosed, match="taken out of the timetable"):
        start_payment(order.pk, now=NOW)

    assert not PaymentAttempt.objects.exists()


def test_too_little_money_is_booked_and_confirms_nothing(order: Order) -> None:
    assert settle(order.pk, ReceivedPayment("eft", "slip 1", Decimal(500)), now=NOW) == "too little"

    assert status(order) == "pending"
    assert StaffTask.objects.get().kind == "wrong_amount"
    assert LedgerEntry.objects.balance(Account.RECEIVABLE, order=order) == Decimal(400)

    assert settle(order.pk, ReceivedPayment("eft", "slip 2", Decimal(400)), now=NOW) == "confirmed"
    assert violations(now=NOW) == []


def test_too_little_money_on_an_order_that_expires_is_owed_back(order: Order) -> None:
    settle(order.pk, ReceivedPayment("eft", "slip 1", Decimal(500)), now=NOW)

    expire_unpaid(now=TOO_LATE)

    assert Refund.objects.get().amount == Decimal(500)
    assert violations(now=TOO_LATE) == []


@pytest.mark.database
def test_too_much_money_confirms_and_the_rest_is_owed_back(order: Order) -> None:
    assert settle(order.pk, ReceivedPayment("eft", "slip 1", Decimal(1000)), now=NOW) == "confirmed"

    assert Refund.objects.get().amount == Decimal(100)
    assert violations(now=NOW) == []


@pytest.mark.database
def test_a_second_payment_is_owed_back_whole(order: Order) -> None:
    settle(order.pk, ReceivedPayment("eft", "slip 1", Decimal(900)), now=NOW)

    assert settle(order.pk, ReceivedPayment("eft", "slip 2", Decimal(900)), now=NOW) == "paid twice"

    assert Refund.objects.get().amount == Decimal(900)
    assert StaffTask.objects.get().kind == "double_payment"
    assert violations(now=NOW) == []


def test_nothing_is_paid_on_an_order_that_is_settled_or_overdue(order: Order) -> None:
    with pytest.raises(Conflict):
        start_payment(order.pk, now=TOO_LATE)
    settle(order.pk, ReceivedPayment("eft", "slip", Decimal(900)), now=NOW)
    with pytest.raises(Conflict):
        start_payment(order.pk, now=NOW)


def test_starting_to_pay_gives_a_pay_later_order_time_once(schedule: Schedule) -> None:
    order = ordered(schedule, pay_later=True)
    almost = order.pay_by - timedelta(minutes=1)

    start_payment(order.pk, now=almost)
    start_payment(order.pk, now=almost + timedelta(minutes=15))

    order.refresh_from_db()
    assert order.pay_by == almost + timedelta(minutes=20)
    assert violations(now=almost) == []


def test_a_booking_that_is_sold_again_later_can_expire_again() -> None:
    schedule = make_schedule()
    first = ordered(schedule)
    expire_unpaid(now=TOO_LATE)

    second = ordered(schedule, now=TOO_LATE)
    expire_unpaid(now=TOO_LATE + timedelta(hours=1))

    assert Booking.objects.filter(status="expired").count() == 2
    assert first.pk != second.pk


@pytest.mark.database
def test_a_notification_that_cannot_be_acted_upon_keeps_back_no_other() -> None:
    broken, good = (paid_notification(ordered(make_schedule(), owner=who)) for who in ("ann", "ben"))
    GatewayNotification.objects.filter(pk=broken.pk).update(body="of a key that was changed")

    act_on_waiting(now=NOW)

    assert status(good.attempt.order) == "confirmed"
    assert status(broken.attempt.order) == "pending"
