import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.domain.messaging.outbox import send_due
from bookings.domain.sales.voucher_payments import pay_with_voucher
from bookings.models import Booking, Order, Refund, SaleStatus, SeatClaim, Ticket, Voucher
from bookings.tests.make import make_voucher
from bookings.tests.passenger.buying import departure_ahead, order_by, paid_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking(client: Client) -> Booking:
    """Two passengers, R900, bought two hours ago: 25 % fee."""
    made = paid_by(client, departure_ahead())
    Booking.objects.update(booking_date=timezone.now() - timedelta(hours=2))
    return made


def address(booking: Booking) -> str:
    return f"/bookings/{booking.booking_reference}/cancel/"


def form_of(client: Client, booking: Booking, *tickets: int) -> dict[str, Any]:
    """What the page would send for these passengers."""
    page = client.get(address(booking), {"asked": 1, "tickets": tickets} if tickets else {})
    view = page.context["view"]
    return {
        "action": "cancel",
        "tickets": list(view.chosen),
        "quoted_for": list(view.chosen),
        "quoted": str(view.refund),
        "submission": page.context["submission"],
    }


def test_the_quote_stands_on_the_page_before_anything_happens(client: Client, booking: Booking) -> None:
    page = client.get(address(booking)).content.decode()

    assert "Cancel 2 tickets and get R675 back" in page
    assert "R225" in page
    assert Ticket.objects.filter(status="valid").count() == 2


def test_some_of_the_party_are_quoted_by_themselves(client: Client, booking: Booking) -> None:
    adult = booking.tickets.first().pk

    part = client.get(
        address(booking),
        {"asked": 1, "tickets": adult},
        headers={"HX-Request": "true", "HX-Target": "cancel-quote"},
    )

    assert "<html" not in part.content.decode()
    assert "Cancel 1 ticket and get R450 back" in part.content.decode()


def test_cancelling_gives_back_what_was_quoted_once(client: Client, booking: Booking) -> None:
    form = form_of(client, booking)

    answers = [client.post(address(booking), form) for _again in range(3)]

    assert {answer["Location"] for answer in answers} == {f"/bookings/{booking.booking_reference}/"}
    assert [refund.amount for refund in Refund.objects.all()] == [675]
    assert not SeatClaim.objects.exists()
    assert violations(now=timezone.now()) == []


def test_the_result_is_told(client: Client, booking: Booking) -> None:
    page = client.post(address(booking), form_of(client, booking), follow=True).content.decode()

    assert "Cancelled. Your refund is R675; see below how far it is." in page
    assert "cancelled" in page


def test_one_passenger_can_be_cancelled_and_the_rest_travels(client: Client, booking: Booking) -> None:
    child = booking.tickets.last().pk

    page = client.post(address(booking), form_of(client, booking, child), follow=True).content.decode()

    assert "Your refund is R225" in page
    assert list(booking.tickets.values_list("first_name", "status")) == [("Ann", "valid")]
    assert Order.objects.get().bookings.filter(status=SaleStatus.CANCELLED).count() == 1


def test_nobody_is_cancelled_when_one_of_the_chosen_cannot_be(client: Client, booking: Booking) -> None:
    adult, child = booking.tickets.order_by("pk")
    form = form_of(client, booking)
    Ticket.objects.filter(pk=child.pk).update(status=Ticket.Status.BOARDED)

    refused = client.post(address(booking), form)
    quoted = client.get(
        address(booking),
        {"asked": 1, "tickets": [adult.pk, child.pk]},
        headers={"HX-Request": "true", "HX-Target": "cancel-quote"},
    )

    for answer in (refused, quoted):
        assert answer.status_code == 409
        assert "Sipho Mokoena (boarded)" in answer.content.decode()
        assert "Nothing was cancelled." in answer.content.decode()
    assert not Refund.objects.exists()


def test_an_address_takes_its_reference_in_any_dress(client: Client, booking: Booking) -> None:
    reference = booking.booking_reference
    dressed = f"/bookings/{reference[:4].lower()}-{reference[4:].lower()}/cancel/"

    assert client.get(dressed).status_code == 200
    done = client.post(dressed, form_of(client, booking))

    assert done["Location"] == f"/bookings/{reference}/"
    booking.refresh_from_db()
    assert booking.status == SaleStatus.CANCELLED


def test_other_passengers_than_quoted_are_quoted_anew(client: Client, booking: Booking) -> None:
    form = {**form_of(client, booking), "tickets": [booking.tickets.first().pk]}

    answer = client.post(address(booking), form)

    assert answer.status_code == 200
    assert "Please confirm the new amount." in answer.content.decode()
    assert Ticket.objects.filter(status="valid").count() == 2


def test_a_quote_that_fell_meanwhile_is_shown_before_it_counts(client: Client, booking: Booking) -> None:
    form = form_of(client, booking)
    Booking.objects.update(boards_at=timezone.now() + timedelta(hours=20))

    answer = client.post(address(booking), form)

    assert answer.status_code == 409
    assert "The refund has changed to R450" in answer.content.decode()
    assert "Cancel 2 tickets and get R450 back" in answer.content.decode()
    assert not Refund.objects.exists()


def test_the_same_form_with_other_content_is_refused(client: Client, booking: Booking) -> None:
    form = form_of(client, booking, booking.tickets.first().pk)
    client.post(address(booking), form)
    other = booking.tickets.last().pk

    answer = client.post(
        address(booking), {**form, "tickets": [other], "quoted_for": [other], "quoted": "225.00"}
    )

    assert answer.status_code == 409
    assert Refund.objects.count() == 1


def test_an_unpaid_booking_is_cancelled_free_of_charge(client: Client) -> None:
    booking = order_by(client, departure_ahead(), pay="later").bookings.get()

    client.post(address(booking), form_of(client, booking))

    booking.refresh_from_db()
    assert booking.status == SaleStatus.CANCELLED
    assert not Refund.objects.exists()


def test_what_is_cancelled_cannot_be_cancelled_again(client: Client, booking: Booking) -> None:
    client.post(address(booking), form_of(client, booking))

    answer = client.get(address(booking))

    assert answer.status_code == 409
    assert "can no longer be cancelled" in answer.content.decode()


def test_strangers_cancel_nothing(client: Client, booking: Booking) -> None:
    form = form_of(client, booking)

    answer = Client().post(address(booking), form)

    assert answer.status_code == 404
    assert Ticket.objects.filter(status="valid").count() == 2


@pytest.mark.parametrize(
    "change",
    [
        {"tickets": [], "quoted_for": []},
        {"tickets": ["x", "\x00", "9" * 40], "quoted_for": []},
        {"quoted": "NaN"},
        {"quoted": "lots"},
        {"quoted": "99999999"},
        {"submission": ""},
        {"tickets": ["1" * 18], "quoted_for": ["1" * 18]},
    ],
)
def test_nonsense_is_refused_and_cancels_nothing(
    client: Client, booking: Booking, change: dict[str, Any]
) -> None:
    answer = client.post(address(booking), {**form_of(client, booking), **change})

    assert answer.status_code in (409, 422)
    assert Ticket.objects.filter(status="valid").count() == 2


@pytest.mark.parametrize("people", [1, 3])
def test_query_count_is_constant(client: Client, django_assert_num_queries: Any, people: int) -> None:
    booking = paid_by(client, departure_ahead(), *["1A", "1B", "1C"][:people])

    with django_assert_num_queries(3):
        page = client.get(address(booking))

    assert len(page.context["view"].lines) == people


@pytest.mark.parametrize("quoted", ["-1E999", "1E999", "-1", "0.001", "NaN", ""])
def test_a_quote_that_is_no_amount_cancels_nothing(client: Client, booking: Booking, quoted: str) -> None:
    answer = client.post(address(booking), {**form_of(client, booking), "quoted": quoted})

    assert answer.status_code == 422
    assert Ticket.objects.filter(status="valid").count() == 2


def test_the_refund_becomes_a_voucher_where_the_customer_wants_that(client: Client, booking: Booking) -> None:
    page = client.get(
        address(booking), {"asked": 1, "tickets": booking.tickets.first().pk, "back": "voucher"}
    )
    assert re.search(r'value="voucher"\s+checked', page.content.decode())

    answer = client.post(address(booking), form_of(client, booking) | {"back": "voucher"}, follow=True)

    assert "The code of your voucher is on its way by e-mail" in answer.content.decode()
    voucher, refund = Voucher.objects.get(), Refund.objects.get()
    assert (voucher.kind, voucher.balance, voucher.email) == ("refund", 675, booking.order.email)
    assert (refund.status, refund.method) == ("paid", "voucher")
    assert violations(now=timezone.now()) == []
    send_due()
    told = [letter for letter in mail.outbox if "voucher" in letter.body]
    assert sorted(letter.subject[:12] for letter in told) == ["Cancelled: J", "Your voucher"]
    assert "became a voucher" in next(
        letter.body for letter in told if letter.subject.startswith("Cancelled")
    )


def test_the_way_that_was_paid_is_the_default(client: Client, booking: Booking) -> None:
    page = client.get(address(booking)).content.decode()
    assert re.search(r'value="money"\s+checked', page)

    client.post(address(booking), form_of(client, booking))

    assert not Voucher.objects.exists()
    assert Refund.objects.get().status == "owed"


def test_what_a_voucher_paid_goes_back_on_it_and_nobody_is_asked(client: Client) -> None:
    order = order_by(client, departure_ahead())
    _voucher, code = make_voucher(2000, now=timezone.now())
    pay_with_voucher(order.pk, code, submission="pay")

    page = client.get(address(order.bookings.get())).content.decode()

    assert 'name="back"' not in page
