import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.base.dates import day_text
from bookings.base.phones import phone_country
from bookings.models import (
    City,
    Hold,
    HoldSeat,
    Order,
    PassengerType,
    PaymentAttempt,
    Schedule,
    Seat,
    SeatClaim,
    Ticket,
)
from bookings.tests.passenger.buying import (
    departure_ahead,
    details,
    hold_by,
    order_by,
    review_form,
    seats_page,
    token_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule() -> Schedule:
    return departure_ahead()


@pytest.fixture
def token(client: Client, schedule: Schedule) -> str:
    return hold_by(client, schedule)


def fill(client: Client, token: str, **changes: str) -> None:
    client.post(f"/checkout/{token}/", details(**changes))


def expire(token: str) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Hold.objects.filter(token=token).update(expires_at=past)
    SeatClaim.objects.filter(hold_trip__hold__token=token).update(expires_at=past)


def test_there_is_a_row_for_each_seat_with_the_fares_of_each_type(client: Client, token: str) -> None:
    page = client.get(f"/checkout/{token}/").content.decode()

    assert page.count('autocomplete="section-p') == 4
    assert page.count('<option value="child">Child · R300</option>') == 2
    assert "Seats held until" in page


def test_a_hold_that_ends_after_midnight_says_the_day(client: Client, token: str) -> None:
    Hold.objects.filter(token=token).update(expires_at=timezone.now() + timedelta(days=1))
    tomorrow = timezone.localtime() + timedelta(days=1)

    page = client.get(f"/checkout/{token}/").content.decode()

    assert f" on {day_text(tomorrow)}</b>" in page


def test_complete_details_lead_to_the_review(client: Client, token: str) -> None:
    answer = client.post(f"/checkout/{token}/", details(phone="082 123 4567"))
    page = client.get(answer["Location"]).content.decode()

    assert answer["Location"] == f"/checkout/{token}/?step=review"
    assert Hold.objects.get().draft["phone"] == "+27821234567"
    assert "Ann Mokoena" in page
    assert "R900" in page
    assert "48 hours or more before departure" in page
    assert "75% refund" in page


def test_a_review_without_details_leads_back_to_them(client: Client, token: str) -> None:
    answer = client.get(f"/checkout/{token}/?step=review")

    assert (answer.status_code, answer["Location"]) == (302, f"/checkout/{token}/")


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("p1-surname", ".", "Please enter the name as in the identity document."),
        ("p0-surname", "Nul\x00l", "characters that cannot be printed"),
        ("p0-surname", "Bell\x07", "characters that cannot be printed"),
        ("p0-surname", "x" * 81, "Please use at most 80 characters"),
        ("p0-surname", "x" * 900_000, "Please use at most 80 characters"),
        ("p0-passenger_type", "king", "Please choose one from the list."),
        ("email", "ann@", "Please enter a complete e-mail address"),
        ("email", "", "Please enter an e-mail address"),
        ("phone", "12", "This is not a valid phone number."),
        ("phone", "call me", "This is not a valid phone number."),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(
    client: Client, token: str, field: str, typed: str, words: str
) -> None:
    answer = client.post(f"/checkout/{token}/", details(**{field: typed}))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count(words) >= 2  # in the summary and beside the field
    assert 'value="Sipho"' in page
    assert len(page) < 60_000
    assert client.get(f"/checkout/{token}/?step=review").status_code == 302
    assert 'value="Sipho"' in client.get(f"/checkout/{token}/").content.decode()


@pytest.mark.parametrize(
    "name", ["Ñandú-Øre", "नोमवुला", "محمد", "😀", "O'Brien", "x" * 80, "Anne\u200d-Marie"]
)
def test_names_of_every_script_are_welcome(client: Client, token: str, name: str) -> None:
    fill(client, token, **{"p0-surname": name})

    client.post(f"/checkout/{token}/", review_form(client, token))

    assert Order.objects.get().bookings.get().tickets.filter(surname=name).exists()


@pytest.mark.parametrize(
    ("first_name", "surname"), [("Suharto", ""), ("", "Suharto"), ("Su\u200bharto", " ")]
)
def test_one_name_is_enough_and_shown_as_written(
    client: Client, token: str, first_name: str, surname: str
) -> None:
    fill(client, token, **{"p0-first_name": first_name, "p0-surname": surname})

    assert (
        '<bdi class="person">Suharto</bdi>' in client.get(f"/checkout/{token}/?step=review").content.decode()
    )
    client.post(f"/checkout/{token}/", review_form(client, token))

    ticket = Order.objects.get().bookings.get().tickets.first()
    assert (ticket.full_name, ticket.plain_surname) == ("Suharto", "suharto")


def test_without_any_name_nobody_travels(client: Client, token: str) -> None:
    answer = client.post(f"/checkout/{token}/", details(**{"p0-first_name": " ", "p0-surname": "\u200b"}))

    assert answer.status_code == 422
    assert "Please enter the name of passenger 1." in answer.content.decode()


@pytest.mark.parametrize(
    "typed", ["ann@\u200bexample.com", "\u202aann@example.com\u202c", "ann@example.com\ufeff"]
)
def test_what_is_pasted_unseen_is_no_part_of_the_contact(client: Client, token: str, typed: str) -> None:
    fill(client, token, email=typed, phone="\u202a082\u200b 123 4567\u202c")

    client.post(f"/checkout/{token}/", review_form(client, token))

    order = Order.objects.get()
    assert (order.email, order.phone) == ("ann@example.com", "+27821234567")


@pytest.mark.parametrize(
    ("trip", "beside", "typed", "number"),
    [
        ("ZW", "", "0772 123 456", "+263772123456"),
        ("ZW", "ZW", "0772 123 456", "+263772123456"),
        ("ZW", "ZA", "082 123 4567", "+27821234567"),
        ("ZA", "MZ", "84 123 4567", "+258841234567"),
        ("", "", "082 123 4567", "+27821234567"),
        ("ZW", "ZW", "+44 20 7946 0958", "+442079460958"),
    ],
)
def test_a_number_is_of_the_country_beside_it_else_of_the_trips(
    client: Client, token: str, trip: str, beside: str, typed: str, number: str
) -> None:
    City.objects.update(country=trip)

    fill(client, token, phone=typed, phone_country=beside)

    page = client.get(f"/checkout/{token}/").content.decode()
    assert Hold.objects.get(token=token).draft["phone"] == number
    assert f'value="{number}"' in page
    shown = re.search(r'<option value="(\w\w)" selected>', page.partition('name="phone_country"')[2])
    assert shown
    assert shown[1] == phone_country(number)


def test_a_slip_in_the_address_is_asked_about_and_never_blocks(client: Client, token: str) -> None:
    fill(client, token, email="ann@gmial.com")
    review = client.get(f"/checkout/{token}/?step=review").content.decode()
    details_page = client.get(f"/checkout/{token}/").content.decode()
    order_form = review_form(client, token)

    corrected = client.post(f"/checkout/{token}/", {"action": "correct"}, follow=True).content.decode()

    assert "Did you mean <b>ann@gmail.com</b>?" in review
    assert "Did you mean <b>ann@gmail.com</b>?" in details_page
    assert order_form["digest"]
    assert "We will send the tickets to <b>ann@gmail.com</b>" in corrected
    assert "Did you mean" not in corrected
    client.post(f"/checkout/{token}/", review_form(client, token))
    assert Order.objects.get().email == "ann@gmail.com"


def test_an_odd_address_is_taken_as_it_is(client: Client, token: str) -> None:
    fill(client, token, email="ann@gmial.com")

    client.post(f"/checkout/{token}/", review_form(client, token))

    assert Order.objects.get().email == "ann@gmial.com"


def test_html_in_a_name_stays_text(client: Client, token: str) -> None:
    fill(client, token, **{"p0-surname": "<script>alert(1)</script>"})

    page = client.get(f"/checkout/{token}/?step=review").content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_more_than_a_megabyte_is_refused_with_words(client: Client, token: str) -> None:
    answer = client.post(f"/checkout/{token}/", details(**{"p0-surname": "x" * 1_100_000}))

    assert answer.status_code == 400
    assert "We could not read that request" in answer.content.decode()


@pytest.mark.parametrize(("seconds", "is_offered"), [(590, False), (181, False), (178, True), (5, True)])
def test_more_time_is_offered_under_three_minutes(
    client: Client, token: str, seconds: int, is_offered: bool
) -> None:
    Hold.objects.filter(token=token).update(expires_at=timezone.now() + timedelta(seconds=seconds))

    page = client.get(f"/checkout/{token}/").content.decode()

    (button,) = re.findall(r'<button\s+id="more-time"[^>]*>', page)
    assert ("hidden" not in button) is is_offered
    assert 'data-countdown-short="#more-time"' in page


def test_more_time_is_added_to_the_end(client: Client, token: str) -> None:
    ends = Hold.objects.get().expires_at

    client.post(f"/checkout/{token}/", {**details(), "action": "renew"})

    assert Hold.objects.get().expires_at == ends + timedelta(minutes=10)


def test_more_time_is_given_once_and_keeps_what_was_typed(client: Client, token: str, still: Any) -> None:
    before = Hold.objects.get().expires_at
    still.shift(1)
    first = client.post(f"/checkout/{token}/", {**details(email="ann@"), "action": "renew"})
    second = client.post(f"/checkout/{token}/", {**details(), "action": "renew"})

    assert first.status_code == 302
    assert Hold.objects.get().expires_at > before
    assert second.status_code == 422
    assert "only once" in second.content.decode()


def test_seats_can_be_given_back(client: Client, token: str, schedule: Schedule) -> None:
    answer = client.post(f"/checkout/{token}/", {"action": "release"})

    assert answer["Location"].startswith(
        f"/departures/{schedule.pk}/?from=johannesburg-main@0&to=cape-town-main@2&passengers=2"
    )
    assert not SeatClaim.objects.exists()


def test_an_expired_checkout_shows_what_was_typed_and_takes_the_seats_again(
    client: Client, token: str
) -> None:
    expire(token)
    typed = client.post(f"/checkout/{token}/", details())
    page = client.get(typed["Location"]).content.decode()

    answer = client.post(f"/checkout/{token}/", {**details(), "action": "rehold"})

    assert "Try for the same seats again" in page
    assert 'value="Sipho"' in page
    assert answer.status_code == 302
    assert SeatClaim.objects.filter(expires_at__gt=timezone.now()).count() == 4
    assert client.get(f"/checkout/{token}/?step=review").status_code == 200


def test_seats_that_went_meanwhile_are_named_and_nothing_typed_is_lost(
    client: Client, token: str, schedule: Schedule
) -> None:
    fill(client, token)
    expire(token)
    hold_by(Client(), schedule, "1A")

    answer = client.post(f"/checkout/{token}/", {"action": "rehold"})

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Seat 1A has just been taken" in page
    assert 'value="Sipho"' in page
    assert "Choose other seats" in page


def test_placing_leads_to_the_gateway_and_again_to_the_same_place(client: Client, token: str) -> None:
    fill(client, token)
    form = review_form(client, token)

    first, again = client.post(f"/checkout/{token}/", form), client.post(f"/checkout/{token}/", form)

    order = Order.objects.get()
    assert first["Location"] == again["Location"] == f"/payments/demo/{PaymentAttempt.objects.get().token}/"
    assert (order.total, order.bookings.count()) == (900, 1)
    assert client.get(f"/bookings/{order.bookings.get().booking_reference}/").status_code == 200


def test_the_same_form_with_another_choice_is_refused(client: Client, token: str) -> None:
    fill(client, token)
    form = review_form(client, token)
    client.post(f"/checkout/{token}/", form)

    answer = client.post(f"/checkout/{token}/", {**form, "pay": "later"})

    assert answer.status_code == 409
    assert "already sent with other details" in answer.content.decode()
    assert not Order.objects.get().pays_later


@pytest.mark.parametrize(
    "change",
    [
        lambda client, token: fill(client, token, **{"p0-surname": "Other"}),
        lambda client, token: fill(client, token, email="other@example.com"),
        lambda client, token: fill(client, token, **{"p1-passenger_type": "adult"}),
        lambda client, token: HoldSeat.objects.update(fares={"adult": "700.00", "child": "350.00"}),
    ],
)
def test_what_changed_since_the_review_is_shown_before_it_is_booked(
    client: Client, token: str, change: Any
) -> None:
    fill(client, token)
    form = review_form(client, token)
    change(client, token)

    answer = client.post(f"/checkout/{token}/", form)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Something has changed since you opened this page" in page
    assert 'name="submission"' in page
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "broken",
    [{"submission": ""}, {"digest": ""}, {"digest": "\x00"}, {"submission": "x" * 500, "digest": "y"}],
)
def test_a_review_form_that_was_tampered_with_books_nothing(
    client: Client, token: str, broken: dict[str, str]
) -> None:
    fill(client, token)

    answer = client.post(f"/checkout/{token}/", {**review_form(client, token), **broken})

    assert answer.status_code in (409, 422)
    assert not Order.objects.exists()


def test_placing_too_late_keeps_everything(client: Client, token: str) -> None:
    fill(client, token)
    form = review_form(client, token)
    expire(token)

    answer = client.post(f"/checkout/{token}/", form)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Nothing you entered is lost" in page
    assert "Try for the same seats again" in page


def test_paying_later_leads_to_the_order_with_its_time_to_pay(client: Client, schedule: Schedule) -> None:
    order = order_by(client, schedule, pay="later")

    page = client.get(f"/orders/{order.token}/status/").content.decode()

    assert order.pays_later
    assert "One step left: open your e-mail" in page
    assert order.bookings.get().booking_reference in page


def test_paying_later_is_not_offered_shortly_before_departure(client: Client) -> None:
    token = hold_by(client, departure_ahead(0.1))
    fill(client, token)

    assert 'value="later"' not in client.get(f"/checkout/{token}/?step=review").content.decode()
    assert (
        client.post(f"/checkout/{token}/", {**review_form(client, token), "pay": "later"}).status_code == 422
    )


@pytest.mark.parametrize("action", ["details", "renew", "release", "rehold", "place", ""])
def test_nobody_else_may_touch_a_checkout(token: str, action: str) -> None:
    stranger = Client()

    assert stranger.get(f"/checkout/{token}/").status_code == 404
    assert stranger.post(f"/checkout/{token}/", {**details(), "action": action}).status_code == 404
    assert SeatClaim.objects.filter(expires_at__gt=timezone.now()).count() == 4


def test_an_ordered_checkout_leads_to_its_order(client: Client, schedule: Schedule) -> None:
    order = order_by(client, schedule)

    answer = client.get(f"/checkout/{order.hold.token}/")

    assert answer["Location"] == f"/orders/{order.token}/status/"


def test_placing_is_limited(client: Client, token: str, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "booking": "1/m"}
    fill(client, token)
    form = review_form(client, token)
    client.post(f"/checkout/{token}/", form)

    assert client.post(f"/checkout/{token}/", form).status_code == 429


@pytest.mark.parametrize("seats", [1, 3])
@pytest.mark.parametrize(("step", "queries"), [("", 1), ("review", 1)])
def test_query_count_is_constant(
    client: Client, schedule: Schedule, django_assert_num_queries: Any, seats: int, step: str, queries: int
) -> None:
    token = hold_by(client, schedule, *["1A", "1B", "1C"][:seats])
    client.post(f"/checkout/{token}/", details(seats))

    with django_assert_num_queries(queries):
        answer = client.get(f"/checkout/{token}/", {"step": step})

    assert len(answer.context["view"].passengers) == seats
    assert answer["Cache-Control"] == "no-store, private"


def test_changing_seats_keeps_who_travels_as_what(client: Client, token: str) -> None:
    fill(client, token)

    page = client.get(f"/checkout/{token}/").content.decode()

    assert "passengers=2&amp;child=1" in page


def test_a_wheelchair_and_help_are_told_to_the_crew_alone(
    client: Client, schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    Seat.objects.filter(layout=schedule.layout, label="1B").update(kind="accessible")
    day = timezone.localdate(schedule.departure_time)
    search = f"/search/?from=johannesburg&to=cape-town&date={day}&passengers=2"
    kept = client.get(seats_page(schedule)).content.decode()
    refused = client.post(seats_page(schedule), {"seats": ["1A", "1B"]})
    found = client.get(f"{search}&wheelchair=1").content.decode()

    token = hold_by(client, schedule, "1A", "1B", wheelchair=1)
    form = client.get(f"/checkout/{token}/").content.decode()
    long = client.post(f"/checkout/{token}/", details(2, **{"p1-help_request": "x" * 201}))
    client.post(f"/checkout/{token}/", details(2, **{"p1-help_request": "a ramp\n please"}))
    review = client.get(f"/checkout/{token}/?step=review")
    client.post(f"/checkout/{token}/", review_form(client, token))

    assert "Seat 1B is kept for passengers who use a wheelchair" in refused.content.decode()
    assert "kept for passengers who use a wheelchair" in kept
    assert "for wheelchairs</li>" in kept
    assert "wheelchair=1" in found
    assert "2 adults, 1 wheelchair" in found
    assert form.count("Wheelchair place") == 1
    assert (long.status_code, "at most 200 characters" in long.content.decode()) == (422, True)
    assert "a ramp please" in review.content.decode()
    tickets = Ticket.objects.order_by("seat__label").values_list("needs_wheelchair", "help_request")
    assert list(tickets) == [(False, ""), (True, "a ramp please")]
    assert "ramp" not in caplog.text


def test_an_infant_is_booked_on_a_lap(client: Client, schedule: Schedule) -> None:
    PassengerType.objects.create(
        slug="infant", name="Infant", discount_percent=100, is_adult=False, travels_on_lap=True, position=9
    )
    page = seats_page(schedule, passengers=3, infant=1)
    too_few = client.post(page, {"seats": ["1A"]})
    token = token_in(client.post(page, {"seats": ["1A", "1B"]}))
    form = client.get(f"/checkout/{token}/").content.decode()
    names = {"p2-first_name": "Baby", "p2-surname": "Mokoena", "p2-passenger_type": "infant"}

    client.post(f"/checkout/{token}/", details(2, **names))
    client.post(f"/checkout/{token}/", review_form(client, token))

    assert too_few.status_code == 422
    assert "on a lap" in form
    tickets = Ticket.objects.order_by("pk").values_list("first_name", "place", "fare")
    assert list(tickets)[2] == ("Baby", "lap", 0)
    assert SeatClaim.objects.values("seat").distinct().count() == 2


def test_passengers_may_give_contacts_of_their_own(client: Client, token: str) -> None:
    own = {"p1-contact_phone": "083 123 4567", "p1-contact_email": "ben@example.com"}
    wrong = client.post(f"/checkout/{token}/", {**details(2), **own, "p1-contact_phone": "12"})
    assert wrong.status_code == 422
    assert 'value="12"' in wrong.content.decode()
    client.post(f"/checkout/{token}/", {**details(2), **own})
    client.post(f"/checkout/{token}/", review_form(client, token))
    tickets = Ticket.objects.order_by("pk")
    assert not tickets[0].contacts.exists()
    contacts = tickets[1].contacts.values_list("channel", "value", "source")
    assert list(contacts) == [
        ("email", "ben@example.com", "web"),
        ("whatsapp", "+27831234567", "web"),
        ("sms", "+27831234567", "web"),
    ]
