"""Who pays later on the web proves a mailbox first, and strangers keep few seats unpaid."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from bookings.base.errors import Conflict, Refusal
from bookings.domain.integrity.invariants import violations
from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.sales.checkout import CheckoutRequest, place_order, save_draft
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.hold_limits import PayLaterLimit
from bookings.domain.sales.holds import HoldRequest, hold_any
from bookings.domain.sales.pay_later import confirm_mailbox
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import Order, OutboxMessage, Schedule, SeatClaim
from bookings.tests.domain.sales.buy import ANN, ordered
from bookings.tests.make import NOW, make_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule(db: None) -> Schedule:
    return make_schedule(departs=NOW + timedelta(days=6), seats=44)


def later(
    schedule: Schedule, seats: int, *, email: str, phone: str = "", network: str = "", owner: str = ""
) -> Order:
    """Seats that a stranger orders, to be paid later."""
    owner = owner or email
    segment = get_segment(SegmentRef(schedule.pk, "johannesburg", "cape-town"))
    hold = hold_any(segment, seats, HoldRequest(owner, network=network), now=NOW)
    save_draft(hold.token, owner=owner, passengers=[ANN] * seats, email=email, phone=phone)
    request = CheckoutRequest(hold.token, owner, pay_later=True)
    return place_order(request, submission=f"form-{hold.pk}", content="", now=NOW)


def mailed_link(order: Order, version: str = "1") -> str:
    mail = build_mail(OutboxMessage.objects.get(order=order, kind="pay_by", version=version), now=NOW)
    return re.search(r"https?://[^/]+(/bookings/link/\S+)", mail.body)[1]


def test_seats_are_kept_for_half_an_hour_until_the_mailbox_answers(schedule: Schedule) -> None:
    order = ordered(schedule, pay_later=True)
    assert (order.pay_by, order.is_unproven) == (NOW + timedelta(minutes=30), True)

    expire_unpaid(now=NOW + timedelta(minutes=31))

    order.refresh_from_db()
    assert order.status == "expired"
    assert not SeatClaim.objects.exists()


def test_the_button_of_the_mailed_page_keeps_them_and_opening_it_does_not(
    client: Client, schedule: Schedule
) -> None:
    order = ordered(schedule, pay_later=True)
    address = mailed_link(order)

    page = client.get(address)
    order.refresh_from_db()
    assert address.endswith("/keep/")
    assert "Keep my seats" in page.content.decode()
    assert order.is_unproven
    answer = client.post(address)
    again = client.post(address)

    order.refresh_from_db()
    assert answer["Location"] == again["Location"] == f"/orders/{order.token}/status/"
    assert (order.is_unproven, order.pay_by) == (False, NOW + timedelta(hours=24))
    assert set(SeatClaim.objects.values_list("expires_at", flat=True)) == {order.pay_by}
    assert order.bookings.get().events.filter(reason="mailbox confirmed").count() == 1
    assert "Pay at any of our counters by" in client.get(answer["Location"]).content.decode()
    assert "There is nothing to confirm" in client.get(address).content.decode()
    assert not mailed_link(order, "confirmed").endswith("/keep/")
    assert violations(now=NOW) == []


def test_who_ordered_cannot_confirm_without_the_mail(client: Client, schedule: Schedule) -> None:
    order = ordered(schedule, pay_later=True)

    assert client.post(f"/bookings/link/{order.token}/keep/").status_code == 404

    order.refresh_from_db()
    assert order.is_unproven


def test_after_half_an_hour_the_button_comes_too_late(client: Client, schedule: Schedule) -> None:
    order = ordered(schedule, pay_later=True)
    address = mailed_link(order)

    with pytest.raises(Conflict):
        confirm_mailbox(order.pk, now=NOW + timedelta(minutes=31))
    Order.objects.update(pay_by=NOW - timedelta(days=3650))

    assert "not held for you any more" in client.get(address).content.decode()
    assert client.post(address).status_code == 409


@pytest.mark.parametrize(
    "same",
    [
        {"email": "a.nn@example.com"},
        {"email": "other@example.com", "phone": "+27821234567"},
        {"email": "other@example.com", "network": "net"},
    ],
    ids=["address", "phone", "network"],
)
def test_one_stranger_keeps_nine_seats_on_all_coaches(schedule: Schedule, same: dict[str, str]) -> None:
    first = {"email": "a.nn@example.com", "phone": "+27821234567", "network": "net"}
    later(schedule, 8, **first, owner="one")
    other = make_schedule(route=schedule.route, departs=NOW + timedelta(days=7), seats=44)

    later(other, 1, **same, owner="two")
    with pytest.raises(PayLaterLimit, match="At most 9"):
        later(other, 1, **same, owner="three")
    later(other, 1, email="third@example.com", network="elsewhere")


def test_strangers_together_keep_a_quarter_of_a_coach(schedule: Schedule) -> None:
    later(schedule, 9, email="ann@example.com")
    later(schedule, 2, email="ben@example.com")

    with pytest.raises(PayLaterLimit, match="pay now"):
        later(schedule, 1, email="zola@example.com")
    Order.objects.filter(email="ben@example.com").update(pay_by=NOW)
    later(schedule, 2, email="zola@example.com")


def test_without_an_address_nothing_is_paid_later(schedule: Schedule) -> None:
    with pytest.raises(Refusal, match="e-mail address"):
        later(schedule, 1, email="", phone="+27821234567", owner="one")
