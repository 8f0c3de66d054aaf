import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db.models import Model

from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.messages import queue_message
from bookings.domain.tickets.links import order_of_link
from bookings.models import Booking, City, Order, OutboxMessage, Payment, Refund, SaleStatus, Schedule, Ticket
from bookings.tests.make import NOW, make_booking, make_company, make_order, make_route, make_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _site(settings: Any) -> None:
    settings.SITE_URL = "https://falconbus.example"


def mail_of(kind: str, order: Order, about: Model | None = None) -> EmailMultiAlternatives | None:
    return build_mail(queue_message(kind, order, about or order, now=NOW), now=NOW)


def html_of(mail: EmailMultiAlternatives) -> str:
    return mail.alternatives[0].content


def link_in(mail: EmailMultiAlternatives) -> str:
    return re.search(r"https://falconbus\.example/bookings/link/([\w-]{22})/", mail.body)[1]


def test_confirmation_shows_all_bookings_of_the_order() -> None:
    out = make_booking(names=("Thandi Nkosi", "Sipho Dube"))
    back = make_booking(order=out.order, schedule=later_departure())

    mail = mail_of("confirmation", out.order)

    assert (
        mail.subject
        == f"Your tickets: Johannesburg to Cape Town, Friday 4 December 2026 ({out.booking_reference})"
    )
    assert [name for name, _content, _kind in mail.attachments] == [
        f"tickets-{out.booking_reference}.pdf",
        f"trip-{out.booking_reference}.ics",
    ]
    for body in (mail.body, html_of(mail)):
        for part in (
            out.booking_reference,
            back.booking_reference,
            "Sipho Dube",
            "1B",
            "10:00",
            "09:30",
            "R1\u00a0800",
            "R900",
        ):
            assert part in body
    assert order_of_link(link_in(mail), now=NOW) == out.order


def later_departure() -> Schedule:
    return make_schedule(departs=NOW + timedelta(days=6), route=make_route("Cape Town", "Johannesburg"))


def test_confirmation_says_what_each_passenger_needs() -> None:
    booking = make_booking(names=("Thandi Nkosi", "Sipho Dube"))
    Ticket.objects.filter(booking=booking, surname="Dube").update(
        needs_wheelchair=True, help_request="a ramp & time"
    )

    mail = mail_of("confirmation", booking.order)

    assert mail.body.count("For the crew") == html_of(mail).count("For the crew") == 1
    assert "Sipho Dube, seat 1B (Adult)\n    For the crew: Wheelchair; a ramp & time\n" in mail.body
    assert "For the crew: Wheelchair; a ramp &amp; time" in html_of(mail)


def test_names_are_escaped_in_html_and_left_alone_in_text() -> None:
    booking = make_booking(names=("<b>Thandi</b> O'Neil & Co",))

    mail = mail_of("confirmation", booking.order)

    assert "<b>Thandi</b> O'Neil & Co" in mail.body
    assert "<b>Thandi</b>" not in html_of(mail)
    assert "&lt;b&gt;Thandi&lt;/b&gt; O&#x27;Neil &amp; Co" in html_of(mail)
    assert not re.search(r"&\w+;|<(?!b>|/b>)", mail.body)


def test_subject_stays_one_line_whatever_a_city_is_called() -> None:
    booking = make_booking()
    city = booking.from_stop.stop.city
    city.name = "Jo\r\nBcc: all@example.com"
    city.save()

    mail = mail_of("confirmation", booking.order)

    assert "\n" not in mail.subject
    assert mail.message()["Bcc"] is None


def test_confirmation_of_what_was_cancelled_meanwhile_is_not_sent() -> None:
    booking = make_booking()
    Booking.objects.filter(pk=booking.pk).update(status=SaleStatus.CANCELLED, cancelled_at=NOW)

    assert mail_of("confirmation", booking.order) is None


@pytest.mark.parametrize("kind", ["pay_by", "pay_reminder"])
def test_pay_mail_says_how_much_and_until_when(kind: str) -> None:
    order = make_order(status=SaleStatus.PENDING, pays_later=True, pay_by=NOW + timedelta(hours=5))
    order.mailbox_confirmed_at = NOW
    order.save()
    booking = make_booking(order=order, status=SaleStatus.PENDING)

    mail = mail_of(kind, booking.order)

    assert "Tue 1 Dec 2026, 15:00" in mail.subject
    for body in (mail.body, html_of(mail)):
        for part in (booking.booking_reference, "R600", "Tue 1 Dec 2026, 15:00", "1A"):
            assert part in body


@pytest.mark.parametrize(
    "change", [{"status": SaleStatus.CONFIRMED}, {"pay_by": NOW}], ids=["paid", "run out"]
)
def test_pay_mail_is_not_sent_when_there_is_nothing_to_pay_any_more(change: dict) -> None:
    order = make_order(status=SaleStatus.PENDING, pays_later=True, pay_by=NOW + timedelta(hours=5))
    make_booking(order=order, status=SaleStatus.PENDING)
    Order.objects.filter(pk=order.pk).update(**change)
    order.refresh_from_db()

    assert mail_of("pay_reminder", order) is None


def test_cancellation_says_what_was_paid_kept_and_refunded() -> None:
    booking = make_booking(names=("Thandi Nkosi", "Sipho Dube"), now=NOW - timedelta(days=1))
    cancelled = cancel_booking(
        CancellationRequest(booking.booking_reference), submission="a", content="", now=NOW
    )
    message = OutboxMessage.objects.get(kind="cancellation")

    mail = build_mail(message, now=NOW)

    assert mail.subject == f"Cancelled: Johannesburg to Cape Town ({cancelled.booking_reference})"
    for line in ("Paid: R1\u00a0200", "Cancellation fee: R300", "Refund: R900", "Sipho Dube"):
        assert line in mail.body
    assert "R900" in html_of(mail)
    assert "METHOD:CANCEL" in mail.attachments[0].content


def test_cancellation_of_an_unpaid_booking_speaks_of_no_money() -> None:
    order = make_order(status=SaleStatus.PENDING, pays_later=True, pay_by=NOW + timedelta(hours=5))
    booking = make_booking(order=order, status=SaleStatus.PENDING)
    cancel_booking(CancellationRequest(booking.booking_reference), submission="a", content="", now=NOW)

    mail = build_mail(OutboxMessage.objects.get(kind="cancellation"), now=NOW)

    assert "Nothing was paid" in mail.body
    assert "Refund" not in mail.body


def test_mail_about_seats_that_are_gone_says_that_the_money_comes_back() -> None:
    booking = make_booking()
    payment = Payment.objects.get()
    Refund.objects.create(order=booking.order, cause=f"excess:{payment.pk}", amount=600, created_at=NOW)

    mail = mail_of("seats_gone", booking.order, payment)

    assert "you get R600 back" in mail.body
    assert "you get R600 back" in html_of(mail)


def test_link_mail_carries_the_same_link_at_every_try() -> None:
    booking = make_booking()
    message = queue_message("link", booking.order, booking.order, now=NOW)

    links = [link_in(build_mail(message, now=NOW + timedelta(minutes=minutes))) for minutes in (0, 5)]

    assert links[0] == links[1]
    assert order_of_link(links[0], now=NOW) == booking.order
    assert booking.order.links.count() == 1


@pytest.mark.parametrize(
    ("email", "reply_to", "words"),
    [
        ("help@kalahari.example", ["help@kalahari.example"], "our team will read it"),
        ("", [], "Please do not reply"),
    ],
)
def test_a_reply_reaches_the_company(email: str, reply_to: list[str], words: str) -> None:
    make_company(trading_name="Kalahari Coaches", email=email)
    booking = make_booking()

    mail = mail_of("link", booking.order)

    assert mail.reply_to == reply_to
    for body in (mail.body, html_of(mail)):
        assert words in body
        assert "Kalahari Coaches" in body
        assert "Falcon Bus Lines" not in body


def test_the_subject_is_one_line_of_ascii() -> None:
    booking = make_booking()
    City.objects.filter(pk=booking.to_stop.stop.city_id).update(name="São Tomé")

    mail = mail_of("confirmation", booking.order)

    assert mail.subject.isascii()
    assert mail.subject.startswith("Your tickets: Johannesburg to Sao Tome, ")
    assert mail.message()["Subject"].encode() == mail.subject.encode()
