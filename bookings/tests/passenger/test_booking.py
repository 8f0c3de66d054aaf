import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.tickets.links import make_link
from bookings.models import Booking, Order, OutboxMessage, Schedule, Ticket
from bookings.tests.passenger.buying import departure_ahead, hold_by, order_by, paid_by, seats_page

pytestmark = pytest.mark.django_db
PRIVATE = ("", "ticket.pdf", "calendar.ics", "cancel/")


@pytest.fixture
def schedule() -> Schedule:
    return departure_ahead()


@pytest.fixture
def booking(client: Client, schedule: Schedule) -> Booking:
    return paid_by(client, schedule)


def find(client: Client, reference: str, proof: str, **more: str) -> Any:
    return client.post("/bookings/", {"reference": reference, "proof": proof, **more})


def test_the_buyer_sees_tickets_times_and_the_refund_clock(client: Client, booking: Booking) -> None:
    page = client.get(f"/bookings/{booking.booking_reference}/").content.decode()

    ticket = booking.tickets.first()
    assert page.count("<svg") - page.count('<svg class="icon"') == 2  # one QR for each passenger
    assert ticket.spoken_code in page
    assert "Ann Mokoena" in page
    assert "Be at the stop by" in page
    assert "will be refunded." in page
    assert "It drops to R675 on" in page


def test_the_contact_stands_under_its_own_heading(client: Client, booking: Booking) -> None:
    page = client.get(f"/bookings/{booking.booking_reference}/").content.decode()

    payment, contact = page.split(">Payment</h2>")[1].split(">Contact</h2>")
    assert booking.order.email not in payment
    assert booking.order.email in contact
    assert booking.order.phone in contact
    assert "Change e-mail or phone" in contact


def test_a_reference_is_read_as_people_write_it(client: Client, booking: Booking) -> None:
    code = booking.booking_reference

    assert client.get(f"/bookings/{code[:4].lower()}-{code[4:].lower()}/").status_code == 200


def test_an_unpaid_order_can_be_paid_from_its_page(client: Client, schedule: Schedule) -> None:
    order = order_by(client, schedule, pay="later")

    page = client.get(f"/bookings/{order.bookings.get().booking_reference}/").content.decode()

    assert "Please pay <b>" in page
    assert f'action="/orders/{order.token}/status/"' in page
    assert "ticket-qr" not in page


def test_both_trips_of_an_order_stand_on_one_page(client: Client, schedule: Schedule) -> None:
    back = departure_ahead(6)
    token = hold_by(client, schedule)
    client.post(seats_page(back, hold=token), {"seats": ["2A", "2B"]})
    booking = paid_by(client, schedule)  # the same seats again: the same hold
    Ticket.objects.filter(booking=booking, seat__label="1A").update(help_request="up the steps")

    page = client.get(f"/bookings/{booking.booking_reference}/")

    assert [trip.part.trip.seats for trip in page.context["order"].trips] == [("1A", "1B"), ("2A", "2B")]
    assert page.content.decode().count("For the crew: up the steps") == 1


@pytest.mark.parametrize("part", PRIVATE)
def test_a_stranger_gets_one_answer_whether_or_not_the_booking_exists(booking: Booking, part: str) -> None:
    stranger = Client()

    known = stranger.get(f"/bookings/{booking.booking_reference}/{part}")
    unknown = stranger.get(f"/bookings/00000000/{part}")

    def plain(answer: Any) -> str:
        text = answer.content.decode().replace(booking.booking_reference, "REF").replace("00000000", "REF")
        token = answer.context["csrf_token"]
        return text.replace(str(token), "TOKEN")

    assert known.status_code == unknown.status_code == 404
    assert plain(known) == plain(unknown)


def test_the_pdf_and_the_calendar_are_private_attachments(client: Client, booking: Booking) -> None:
    pdf = client.get(f"/bookings/{booking.booking_reference}/ticket.pdf")
    calendar = client.get(f"/bookings/{booking.booking_reference}/calendar.ics")

    assert pdf.content.startswith(b"%PDF")
    assert calendar.content.startswith(b"BEGIN:VCALENDAR")
    for answer in (pdf, calendar):
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["Cache-Control"] == "no-store, private"


def test_there_is_no_ticket_before_the_payment(client: Client, schedule: Schedule) -> None:
    reference = order_by(client, schedule).bookings.get().booking_reference

    assert client.get(f"/bookings/{reference}/ticket.pdf").status_code == 409


def test_tickets_are_mailed_again_once_a_minute(client: Client, booking: Booking) -> None:
    first = client.post(f"/bookings/{booking.booking_reference}/resend/", follow=True)
    client.post(f"/bookings/{booking.booking_reference}/resend/")

    assert "A new e-mail is on its way" in first.content.decode()
    assert OutboxMessage.objects.filter(kind="confirmation").exclude(version="1").count() == 1


def test_a_stranger_cannot_have_tickets_mailed(booking: Booking) -> None:
    assert Client().post(f"/bookings/{booking.booking_reference}/resend/").status_code == 404
    assert not OutboxMessage.objects.exclude(version="1").filter(kind="confirmation").exists()


@pytest.mark.parametrize("proof", ["Mokoena", " mokoena ", "ANN@example.com"])
def test_finding_shows_the_minimum(booking: Booking, proof: str) -> None:
    page = find(Client(), booking.booking_reference.lower(), proof).content.decode()
    page = re.sub('name="csrfmiddlewaretoken" value="[^"]*"', "", page)  # random, it may say anything

    assert "E-mail me the link" in page
    assert "Johannesburg → Cape Town" in page
    for secret in (
        "Sipho",
        "1A",
        "R900",
        booking.tickets.first().spoken_code,
        f"/bookings/{booking.booking_reference}/",
    ):
        assert secret not in page


@pytest.mark.parametrize(
    ("reference", "proof"),
    [
        ("", "wrong"),
        ("00000000", "Mokoena"),
        ("x" * 40, "Mokoena"),
        ("'; --", "Mokoena"),
        ("", "%"),
        ("", "😀" * 50),
        ("", "\u202e"),
        ("", "Ann"),
    ],
)
def test_every_failure_has_one_answer(booking: Booking, reference: str, proof: str) -> None:
    answer = find(Client(), reference or booking.booking_reference, proof)

    assert answer.status_code == 404
    assert "We could not find a booking with these details." in answer.content.decode()


@pytest.mark.parametrize(
    ("reference", "proof"), [("", ""), ("\x00", "x"), ("AAAA", "a\x00b"), ("A" * 900_000, "x")]
)
def test_what_cannot_be_read_is_said_beside_the_field(client: Client, reference: str, proof: str) -> None:
    answer = find(client, reference, proof)

    assert answer.status_code == 422
    assert len(answer.content) < 20_000


@pytest.mark.parametrize(("proof", "mails"), [("Mokoena", 1), ("wrong", 0)])
def test_the_link_is_mailed_with_one_answer_for_all(booking: Booking, proof: str, mails: int) -> None:
    answer = find(Client(), booking.booking_reference, proof, action="mail")

    assert "If this booking is yours" in answer.content.decode()
    assert OutboxMessage.objects.filter(kind="link", order=booking.order).count() == mails


def test_guessing_is_limited_for_each_reference(booking: Booking, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "find": "2/15m"}
    for number in range(3):
        answer = Client(REMOTE_ADDR=f"10.0.{number}.1").post(
            "/bookings/", {"reference": booking.booking_reference, "proof": "guess"}
        )

    assert answer.status_code == 429


@pytest.mark.parametrize("action", ["", "mail"])
def test_wrong_guesses_of_others_never_keep_the_link_from_the_owner(
    booking: Booking, settings: Any, action: str
) -> None:
    """Strangers use up every limit that they can reach, from the owner's network too."""
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "find": "3/15m", "resend": "2/15m"}
    owner = "203.0.113.7"
    for number, guessed in enumerate(["", "mail"] * 3):
        for address in (f"10.0.{number}.1", owner):
            find(Client(REMOTE_ADDR=address), booking.booking_reference, "guess", action=guessed)
    assert not OutboxMessage.objects.filter(kind="link").exists()

    wrong = find(Client(REMOTE_ADDR=owner), booking.booking_reference, "another guess", action=action)
    right = find(Client(REMOTE_ADDR=owner), booking.booking_reference, "Mokoena", action=action)

    assert OutboxMessage.objects.filter(kind="link", order=booking.order).count() == 1
    assert (wrong.status_code, right.status_code) == (429, 429)
    assert "If these details are right, we have sent an e-mail" in right.content.decode()
    assert int(right["Retry-After"]) > 0


def test_the_mailed_link_opens_the_booking_and_leaves_a_clean_address(booking: Booking) -> None:
    link = make_link(booking.order, now=timezone.now())
    visitor = Client()

    answer = visitor.get(f"/bookings/link/{link}/")

    assert answer["Location"] == f"/bookings/{booking.booking_reference}/"
    assert answer["Referrer-Policy"] == "same-origin"
    assert visitor.get(answer["Location"]).status_code == 200


def test_a_link_that_is_over_is_explained(client: Client) -> None:
    answer = client.get("/bookings/link/nothing/")

    assert answer.status_code == 404
    assert "This link has expired" in answer.content.decode()


@pytest.mark.parametrize("people", [1, 3])
def test_query_count_is_constant(
    client: Client, schedule: Schedule, django_assert_num_queries: Any, people: int
) -> None:
    booking = paid_by(client, schedule, *["1A", "1B", "1C"][:people])

    with django_assert_num_queries(6):
        answer = client.get(f"/bookings/{booking.booking_reference}/")

    assert len(answer.context["order"].trips[0].passes) == people


def test_names_are_escaped_and_isolated(client: Client, booking: Booking) -> None:
    booking.tickets.update(first_name="<img src=x>", surname="محمد")

    page = client.get(f"/bookings/{booking.booking_reference}/").content.decode()

    assert "<img src=x>" not in page
    assert '<bdi class="person">&lt;img src=x&gt; محمد</bdi>' in page
    assert Order.objects.count() == 1


def test_whoever_booked_finds_the_rest_after_leaving_the_party(booking: Booking) -> None:
    sipho = booking.tickets.get(first_name="Sipho")
    Ticket.objects.filter(pk=sipho.pk).update(surname="Dlamini", plain_surname="dlamini")
    cancel_booking(
        CancellationRequest(booking.booking_reference, ticket_ids=[sipho.pk]), submission="form", content=""
    )

    answer = find(Client(), booking.booking_reference, "Dlamini")

    assert "E-mail me the link" in answer.content.decode()


def test_guessing_is_limited_however_the_reference_is_written(booking: Booking, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "find": "2/15m"}
    code = booking.booking_reference
    for number, written in enumerate([code.lower(), f"{code[:4]}-{code[4:]}", f"{code[:2]} {code[2:]}"]):
        answer = Client(REMOTE_ADDR=f"10.0.{number}.1").post(
            "/bookings/", {"reference": written, "proof": "guess"}
        )

    assert answer.status_code == 429
