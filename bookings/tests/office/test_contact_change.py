"""Contact can be put right: links of before are dead, both addresses are told."""

import re
from typing import Any

import pytest
from django.test import Client

from bookings.base.errors import Refusal
from bookings.domain.integrity.invariants import violations
from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.sales.messages import queue_message
from bookings.domain.tickets.contact_change import ContactChange, change_contact
from bookings.domain.tickets.links import make_link
from bookings.models import Booking, Order, OutboxMessage
from bookings.tests.domain.sales.buy import ordered
from bookings.tests.make import NOW, make_booking, make_company, make_schedule
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking(db: None) -> Booking:
    booking = make_booking(email="ann@example.com", now=NOW)
    Order.objects.update(phone="")
    return booking


@pytest.fixture
def owner(client: Client, booking: Booking) -> Client:
    """A browser that came by the mailed link."""
    client.get(f"/bookings/link/{make_link(booking.order, now=NOW)}/")
    return client


def address(booking: Booking) -> str:
    return f"/bookings/{booking.booking_reference}/contact/"


def mails() -> list[Any]:
    rows = OutboxMessage.objects.filter(kind="contact_changed").order_by("pk")
    return [build_mail(message, now=NOW) for message in rows]


def change(booking: Booking, email: str, phone: str = "", submission: str = "form") -> Order:
    return change_contact(ContactChange(booking.order_id, email, phone), submission=submission, now=NOW)


def write_link(booking: Booking) -> OutboxMessage:
    message = queue_message(OutboxMessage.Kind.LINK, booking.order, booking.order, now=NOW)
    assert message
    return message


def link_in(mail: Any) -> str:
    return re.search(r"(/bookings/link/\S+)", mail.body)[1]


def test_the_buyer_changes_it_and_both_addresses_are_told(owner: Client, booking: Booking) -> None:
    make_company(phone="010 123 4567")
    before = make_link(booking.order, now=NOW)
    page = owner.get(address(booking)).content.decode()
    token = re.search(r'name="submission" value="([^"]+)"', page)[1]
    typed = {"submission": token, "email": " Thandi@Example.com ", "phone": "082 123 4567"}

    answer = owner.post(address(booking), typed)

    order = Order.objects.get()
    assert answer["Location"] == f"/bookings/{booking.booking_reference}/"
    assert (order.email, order.phone) == ("Thandi@example.com", "+27821234567")
    assert owner.get(f"/bookings/link/{before}/").status_code == 404
    old, new = mails()
    assert (old.to, new.to) == (["ann@example.com"], ["Thandi@example.com"])
    assert "If it was not you, please call us at once: 010 123 4567" in old.body
    assert "Thandi" not in old.body + old.alternatives[0].content
    assert "/bookings/link/" not in old.body + old.alternatives[0].content
    link = re.search(r"(/bookings/link/\S+)", new.body)[1]
    assert Client().get(link).status_code == 302
    assert booking.events.get(reason="e-mail and telephone changed").actor is None
    assert [row.rule for row in violations(now=NOW) if "contact" in row.rule] == []


def test_a_browser_that_came_by_the_contact_of_before_opens_nothing_any_more(
    owner: Client, booking: Booking
) -> None:
    page, stranger = f"/bookings/{booking.booking_reference}/", Client()
    stranger.get(f"/bookings/link/{make_link(booking.order, now=NOW)}/")
    assert stranger.get(page).status_code == 200

    owner.post(address(booking), {"submission": "form", "email": "new@example.com", "phone": ""})

    assert (owner.get(page).status_code, stranger.get(page).status_code) == (200, 404)
    assert stranger.post(address(booking), {"submission": "x", "email": "x@example.com"}).status_code == 404
    assert stranger.get(f"{page}cancel/").status_code == 404

    change(booking, "newer@example.com", submission="by staff")
    assert owner.get(page).status_code == 404


def test_staff_change_it_and_stand_in_the_history(clerk: StaffClient, booking: Booking) -> None:
    page = f"/office/bookings/{booking.booking_reference}/contact/"

    shown = clerk.get(page).content.decode()
    answer = clerk.post(page, {"submission": "form", "email": "new@example.com", "phone": ""})

    assert 'value="ann@example.com"' in shown
    assert answer.status_code == 302
    assert booking.events.get(reason="e-mail changed").actor == clerk.user


def test_only_who_may_manage_the_booking_changes_it(client: Client, booking: Booking) -> None:
    assert client.get(address(booking)).status_code == 404
    assert client.post(address(booking), {"submission": "f", "email": "x@example.com"}).status_code == 404
    assert Order.objects.get().email == "ann@example.com"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"email": "ann@", "phone": ""}, "valid email address"),
        ({"email": "", "phone": ""}, "Enter an e-mail address or a telephone number"),
        ({"email": "ann@example.com", "phone": "12"}, "not a valid phone number"),
        ({"email": "ann@example.com", "phone": ""}, "already has this contact"),
    ],
)
def test_what_makes_no_contact_is_shown_again(
    owner: Client, booking: Booking, typed: dict[str, str], words: str
) -> None:
    page = owner.post(address(booking), {"submission": "form", **typed})

    assert page.status_code == 422
    assert words in page.content.decode()
    assert not OutboxMessage.objects.filter(kind="contact_changed").exists()


def test_the_same_form_twice_changes_it_once(booking: Booking) -> None:
    change(booking, "new@example.com")
    change(booking, "new@example.com")

    assert len(mails()) == 2
    with pytest.raises(Refusal):
        change(booking, "new@example.com", submission="another")


def test_another_telephone_alone_is_told_once(booking: Booking) -> None:
    change(booking, "ann@example.com", "+27821234567")

    (mail,) = mails()
    assert mail.to == ["ann@example.com"]


def test_a_mail_tried_once_more_after_a_change_does_not_open_the_link_of_before(booking: Booking) -> None:
    message = write_link(booking)
    before, _again = (link_in(build_mail(message, now=NOW)) for _try in range(2))
    assert before == _again

    change(booking, "new@example.com")
    message.order.refresh_from_db()

    assert link_in(build_mail(message, now=NOW)) != before
    assert Client().get(before).status_code == 404


def test_a_new_mailbox_gets_the_button_of_who_pays_later(booking: Booking) -> None:
    order = ordered(make_schedule(), pay_later=True)

    change(order.bookings.get(), "new@example.com")

    message = OutboxMessage.objects.filter(kind="pay_by", order=order).latest("pk")
    order.refresh_from_db()
    mail = build_mail(message, now=NOW)
    assert mail.to == ["new@example.com"]
    assert "/keep/" in mail.body


def test_a_forgotten_browser_shows_nothing_any_more(owner: Client, booking: Booking) -> None:
    page = f"/bookings/{booking.booking_reference}/"
    assert "Forget this browser" in owner.get(page).content.decode()

    answer = owner.post("/forget/")

    assert answer["Location"] == "/"
    assert owner.get("/forget/").status_code == 405
    assert owner.get(page).status_code == 404


def test_staff_stay_signed_in_when_they_forget_a_guest(clerk: StaffClient, booking: Booking) -> None:
    clerk.get(f"/bookings/link/{make_link(booking.order, now=NOW)}/")

    clerk.post("/forget/")

    assert clerk.get(f"/bookings/{booking.booking_reference}/").status_code == 404
    assert clerk.get(f"/office/bookings/{booking.booking_reference}/").status_code == 200
