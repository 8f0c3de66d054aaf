"""From a list to the payment over one page: seats of our choice, then names and payment together."""

import re
from typing import Any

import pytest
from django.test import Client

from bookings.models import Hold, Order, Schedule, SeatClaim
from bookings.tests.make import make_layout
from bookings.tests.passenger.buying import departure_ahead, details, hold_by, review_form, seats_page

pytestmark = pytest.mark.django_db
OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def schedule() -> Schedule:
    return departure_ahead()


@pytest.fixture
def token(client: Client, schedule: Schedule) -> str:
    return hold_by(client, schedule)


def book_address(schedule: Schedule, **query: Any) -> str:
    return seats_page(schedule, **query).replace("/?", "/book/?")


def pay(client: Client, token: str, **changes: str) -> Any:
    sent = {"action": "pay", "total": "900.00", "submission": "s1", **changes}
    return client.post(f"/checkout/{token}/", details(**sent))


@pytest.mark.parametrize(
    "headers", [OURS, {"Origin": "http://testserver"}], ids=["sec-fetch-site", "origin alone"]
)
def test_a_list_holds_seats_together_for_the_party(
    client: Client, schedule: Schedule, headers: dict[str, str]
) -> None:
    answer = client.post(book_address(schedule, passengers=3), headers=headers)

    hold = Hold.objects.get()
    assert answer["Location"] == f"/checkout/{hold.token}/"
    assert SeatClaim.objects.values("seat").distinct().count() == 3


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none", "Origin": "http://testserver"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ],
)
def test_a_form_of_another_site_holds_nothing(schedule: Schedule, headers: dict[str, str]) -> None:
    answer = Client(enforce_csrf_checks=True).post(book_address(schedule), headers=headers)

    assert (answer.status_code, answer["Location"]) == (302, seats_page(schedule))
    assert not Hold.objects.exists()


def test_a_coach_that_is_full_by_now_shows_its_page(client: Client) -> None:
    schedule = departure_ahead(layout=make_layout(seats=2))
    hold_by(Client(), schedule)

    answer = client.post(book_address(schedule), headers=OURS)

    assert answer.status_code == 409
    assert "Sold out" in answer.content.decode()


def test_a_class_that_was_filtered_for_is_the_one_that_is_held(client: Client) -> None:
    schedule = departure_ahead(layout=make_layout(seats=8, premium=4))

    client.post(book_address(schedule, **{"class": "premium"}), headers=OURS)

    assert set(SeatClaim.objects.values_list("seat__kind", flat=True)) == {"premium"}


def test_names_and_payment_are_on_one_page(client: Client, token: str) -> None:
    page = client.get(f"/checkout/{token}/").content.decode()

    answer = pay(client, token)

    assert re.search(r'Pay\s+<span class="num"\s+data-total\s*>R1\u00a0200</span>', page)
    assert answer["Location"].startswith("/payments/demo/")
    assert Order.objects.get().total == 900


def test_the_same_twice_is_one_order(client: Client, token: str) -> None:
    pay(client, token)
    again = pay(client, token)

    order = Order.objects.get()
    assert again["Location"] == f"/orders/{order.token}/status/"


def test_another_sum_than_the_button_showed_is_never_paid(client: Client, token: str) -> None:
    for shown in ("1200.00", "", "R900", "900"):
        answer = pay(client, token, total=shown)
        assert answer["Location"] == f"/checkout/{token}/?step=review"

    page = client.get(answer["Location"]).content.decode()
    assert "The total is R900. Please check your order, then pay." in page
    assert not Order.objects.exists()


def test_an_address_that_is_probably_wrong_is_asked_about_before_paying(client: Client, token: str) -> None:
    answer = pay(client, token, email="ann@gmial.com")

    page = client.get(answer["Location"]).content.decode()
    assert "Please check the e-mail address, then pay." in page
    assert "ann@gmail.com" in page
    assert not Order.objects.exists()


def test_wrong_details_are_told_and_nothing_is_ordered(client: Client, token: str) -> None:
    answer = pay(client, token, email="ann@")

    assert answer.status_code == 422
    assert 'value="Mokoena"' in answer.content.decode()
    assert not Order.objects.exists()


def test_paying_later_needs_no_other_page(client: Client, token: str) -> None:
    answer = pay(client, token, action="pay_later")

    order = Order.objects.get()
    assert order.pays_later
    assert answer["Location"] == f"/orders/{order.token}/status/"


def test_an_order_that_costs_nothing_says_so(client: Client) -> None:
    token = hold_by(client, departure_ahead(), "1A")
    Hold.objects.get().trips.get().seats.update(fares={"adult": "0.00"})
    page = client.get(f"/checkout/{token}/").content.decode()

    answer = client.post(f"/checkout/{token}/", details(1, action="pay", total="0.00", submission="s1"))

    assert "Book, nothing to pay" in page
    assert "Pay later" not in page
    assert answer["Location"] == f"/orders/{Order.objects.get().token}/status/"


def test_the_last_button_says_what_is_paid(client: Client, token: str) -> None:
    client.post(f"/checkout/{token}/", details())

    page = client.get(f"/checkout/{token}/?step=review").content.decode()

    assert re.search(r'Pay\s+<span class="num"[^>]*>R900</span>', page)
    assert "Confirm the booking" not in page
    assert '<a href="/terms/" target="_blank">' in page
    assert client.post(f"/checkout/{token}/", review_form(client, token)).status_code == 302
