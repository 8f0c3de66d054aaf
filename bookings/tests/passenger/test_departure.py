import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from bookings.models import Hold, HoldSeat, PassengerType, Schedule, SeatClaim
from bookings.tests.make import make_layout, make_route
from bookings.tests.passenger.buying import departure_ahead, details, hold_by, seats_page, token_in

pytestmark = pytest.mark.django_db
TYPES = ("adult", "adult", "child")


@pytest.fixture
def schedule() -> Schedule:
    return departure_ahead(layout=make_layout(seats=12, premium=4))


def boxes(page: str) -> dict[str, str]:
    """What the page says of each seat's checkbox, by label."""
    return dict(re.findall(r'<input type="checkbox" name="seats" value="(\w+)"([^>]*)>', page))


def stops(page: str) -> list[tuple[str, str, str, str, str]]:
    """Of each stop on the road: the marks of its part, its time, the mark of its day, its city, and what the
    passenger does there.
    """
    return re.findall(
        r'<li class="([a-z -]*)">\s*'
        r'<time datetime="[^"]+">([\d:]+)(?: <small[^>]*>([^<]*)</small>)?</time>\s*'
        r"<span><(?:b|span)[^>]*>([^<]*)</(?:b|span)>(?: <small[^>]*>[^<]*</small>)?"
        r'(?:<span class="visually-hidden"> – ([^<]*)</span>)?</span>',
        page,
    )


def test_seats_are_checkboxes_with_names_that_say_all(client: Client, schedule: Schedule) -> None:
    page = client.get(seats_page(schedule)).content.decode()

    assert len(boxes(page)) == 12
    assert "Row 2 seat 2A, window, R600" in page
    assert "checked" not in "".join(boxes(page).values())


def test_the_road_shows_every_stop_with_its_time(client: Client, schedule: Schedule) -> None:
    page = client.get(seats_page(schedule, end="bloemfontein")).content.decode()

    assert [(city, hint, part) for part, _time, _day, city, hint in stops(page)] == [
        ("Johannesburg", "you board here", "is-ride is-end"),
        ("Bloemfontein", "you get off here", "is-end"),
        ("Cape Town", "", ""),
    ]


def test_days_on_the_road_count_from_boarding(client: Client) -> None:
    route = make_route("Johannesburg", "Bloemfontein", "Colesberg", "Cape Town", stand=10)
    schedule = departure_ahead(route=route)
    late = timezone.localtime(schedule.departure_time).replace(hour=22, minute=0)
    Schedule.objects.update(departure_time=late)

    page = client.get(seats_page(schedule, start="bloemfontein", end="colesberg")).content.decode()

    assert [(city, time, day) for _part, time, day, city, _hint in stops(page)] == [
        ("Johannesburg", "22:00", "−1 day"),
        ("Bloemfontein", "00:10", ""),
        ("Colesberg", "02:00", ""),
        ("Cape Town", "04:00", ""),
    ]


def test_taken_and_held_seats_cannot_be_ticked(client: Client, schedule: Schedule) -> None:
    hold_by(Client(), schedule, "2A")

    box = boxes(client.get(seats_page(schedule)).content.decode())

    assert "disabled" in box["2A"]
    assert "disabled" not in box["2B"]


def test_ticked_seats_are_held_and_lead_to_the_checkout(client: Client, schedule: Schedule) -> None:
    answer = client.post(seats_page(schedule, child=1), {"seats": ["2A", "2B"]})

    hold = Hold.objects.get(token=token_in(answer))
    assert answer.status_code == 302
    assert list(HoldSeat.objects.values_list("seat__label", flat=True)) == ["2A", "2B"]
    assert [each["passenger_type"] for each in hold.draft["passengers"]] == ["adult", "child"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["2A"], "2 seats still to choose. If fewer of you travel, say who does."),
        (["2A", "2B", "2C", "2D"], "1 seat too many is chosen. If more of you travel, say who does."),
    ],
)
def test_another_number_of_seats_than_passengers_is_never_held_unasked(
    client: Client, schedule: Schedule, labels: list[str], message: str
) -> None:
    answer = client.post(
        seats_page(schedule, passengers=3, child=1, **{"return": "2027-01-05"}), {"seats": labels}
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert message in page
    assert [label for label, rest in boxes(page).items() if "checked" in rest] == labels
    assert re.search(r'<details[^>]* id="party" open>', page)
    assert not Hold.objects.exists()


def test_who_of_a_party_travels_is_said_and_the_way_back_is_for_them(
    client: Client, schedule: Schedule
) -> None:
    page = seats_page(schedule, passengers=3, child=1, **{"return": "2027-01-05"})

    said = client.post(page, {"choose": "party", "party-adult": "1", "party-child": "0", "seats": ["2A"]})
    shown = client.get(said["Location"]).content.decode()
    held = client.post(said["Location"], {"seats": ["2A"]})

    assert [label for label, rest in boxes(shown).items() if "checked" in rest] == ["2A"]
    assert [each["passenger_type"] for each in Hold.objects.get().draft["passengers"]] == ["adult"]
    assert "&passengers=1&hold=" in held["Location"]


@pytest.mark.parametrize(
    "posted",
    [
        {"choose": "any", "passengers": "1"},
        {"choose": "party", "party-adult": "0", "party-child": "0"},
        {"choose": "party", "party-adult": "many"},
    ],
)
def test_whoever_stays_behind_is_never_guessed(
    client: Client, schedule: Schedule, posted: dict[str, str]
) -> None:
    answer = client.post(seats_page(schedule, passengers=3, child=1), {**posted, "seats": ["2A", "2B"]})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert re.search(r'<details[^>]* id="party" open>', page)
    assert [label for label, rest in boxes(page).items() if "checked" in rest] == ["2A", "2B"]
    assert not Hold.objects.exists()


def test_who_was_typed_leaves_with_their_own_type(client: Client, schedule: Schedule) -> None:
    token = hold_by(client, schedule, "2A", "2B", "2C", child=1)
    client.post(f"/checkout/{token}/", details(3, **{f"p{n}-passenger_type": t for n, t in enumerate(TYPES)}))

    hold_by(client, schedule, "2A", "2B", child=1)

    people = Hold.objects.get().draft["passengers"]
    assert [(each["first_name"], each["passenger_type"]) for each in people] == [
        ("Ann", "adult"),
        ("Lerato", "child"),
    ]


def test_we_choose_seats_together_in_the_asked_class(client: Client, schedule: Schedule) -> None:
    client.post(seats_page(schedule), {"choose": "any", "passengers": "3", "class": "premium"})

    assert list(HoldSeat.objects.values_list("seat__label", "fare_class__code")) == [
        (f"1{letter}", "premium") for letter in "ABC"
    ]


def test_a_lost_race_gives_a_fresh_map_and_keeps_what_is_still_free(
    client: Client, schedule: Schedule
) -> None:
    hold_by(Client(), schedule, "2A")

    answer = client.post(seats_page(schedule), {"seats": ["2A", "2B"]})

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Seat 2A has just been taken. Free nearby: 2C, 2D, 3A." in page
    assert "checked" in boxes(page)["2B"]
    assert not HoldSeat.objects.filter(seat__label="2B").exists()


def test_one_s_own_seats_are_ticked_and_can_be_exchanged(client: Client, schedule: Schedule) -> None:
    token = hold_by(client, schedule, "2A", "2B")
    page = client.get(seats_page(schedule)).content.decode()

    again = hold_by(client, schedule, "3A", "3B")

    assert [label for label, rest in boxes(page).items() if "checked" in rest] == ["2A", "2B"]
    assert again == token
    assert set(SeatClaim.objects.values_list("seat__label", flat=True)) == {"3A", "3B"}


def test_the_poll_answers_nothing_while_nothing_changed(client: Client, schedule: Schedule) -> None:
    rev = client.get(seats_page(schedule)).context["view"].rev

    answer = client.get(
        seats_page(schedule, rev=rev), headers={"HX-Request": "true", "HX-Target": "seat-map"}
    )

    assert (answer.status_code, answer.content) == (204, b"")


def test_the_poll_brings_the_map_alone_with_the_ticks_kept(client: Client, schedule: Schedule) -> None:
    rev = client.get(seats_page(schedule)).context["view"].rev
    hold_by(Client(), schedule, "2A")

    answer = client.get(
        seats_page(schedule, rev=rev) + "&seats=2A&seats=2B",
        headers={"HX-Request": "true", "HX-Target": "seat-map"},
    )

    page = answer.content.decode()
    assert "<html" not in page
    assert "2A has just been taken" in page
    assert [label for label, rest in boxes(page).items() if "checked" in rest] == ["2B"]


def test_the_poll_notices_a_hold_that_ran_out_unswept(client: Client, schedule: Schedule) -> None:
    hold_by(Client(), schedule, "2A")
    rev = client.get(seats_page(schedule)).context["view"].rev
    SeatClaim.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    answer = client.get(
        seats_page(schedule, rev=rev), headers={"HX-Request": "true", "HX-Target": "seat-map"}
    )

    assert answer.status_code == 200
    assert "disabled" not in boxes(answer.content.decode())["2A"]


def test_a_way_back_is_searched_next(client: Client, schedule: Schedule) -> None:
    answer = client.post(seats_page(schedule, child=1, **{"return": "2027-01-05"}), {"seats": ["2A", "2B"]})

    token = Hold.objects.get().token
    assert (
        answer["Location"]
        == f"/search/?from=cape-town&to=johannesburg&passengers=2&child=1&hold={token}&date=2027-01-05"
    )


def test_the_way_back_joins_the_hold(client: Client, schedule: Schedule) -> None:
    token, back = hold_by(client, schedule, "2A", "2B"), departure_ahead(5)
    page = client.get(seats_page(back, hold=token)).content.decode()

    joined = hold_by(client, back, "1A", "1B", hold=token)

    assert "Johannesburg → Cape Town are held" in page
    assert joined == token
    assert list(Hold.objects.get().trips.values_list("schedule", flat=True)) == [schedule.pk, back.pk]


def test_the_way_back_takes_as_many_seats(client: Client, schedule: Schedule) -> None:
    token, back = hold_by(client, schedule, "2A", "2B"), departure_ahead(5)

    answer = client.post(seats_page(back, hold=token), {"seats": ["1A"]})

    assert answer.status_code == 422
    assert "Your other trip has 2 seats" in answer.content.decode()


def test_a_sold_out_coach_says_so_and_leads_to_others(client: Client) -> None:
    schedule = departure_ahead(seats=4)
    hold_by(Client(), schedule, "1A", "1B", "1C", "1D")

    page = client.get(seats_page(schedule)).content.decode()

    assert "<h2>Sold out" in page
    assert (
        f"/search/?from=johannesburg&amp;to=cape-town&amp;passengers=2&amp;date={schedule.departure_time:%Y-}"
        in page
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": Schedule.Status.CANCELLED}, "This departure is cancelled"),
        ({"status": Schedule.Status.CLOSED}, "Sales have closed"),
        ({"departure_time": timezone.now() - timedelta(minutes=5)}, "Sales have closed"),
    ],
)
def test_a_departure_that_is_not_sold_says_why(
    client: Client, schedule: Schedule, change: dict[str, Any], words: str
) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(**change)

    page = client.get(seats_page(schedule))
    refused = client.post(seats_page(schedule), {"seats": ["2A"]})

    assert words in page.content.decode()
    assert refused.status_code == 409
    assert not Hold.objects.exists()


@pytest.mark.parametrize("passengers", ["0", "500", "-1", "two", "٣", "9" * 400])
def test_an_absurd_party_is_explained_on_the_page(
    client: Client, schedule: Schedule, passengers: str
) -> None:
    answer = client.get(seats_page(schedule, passengers=passengers))

    assert answer.status_code == 422
    assert "Please choose between 1 and 9 passengers" in answer.content.decode()


@pytest.mark.parametrize(
    "posted",
    [
        {},
        {"seats": ["99Z"]},
        {"seats": ["<script>alert(1)</script>"]},
        {"seats": ["\x00", "2A"]},
        {"seats": ["😀" * 9]},
        {"seats": ["x"] * 400},
        {"choose": "any", "passengers": "500"},
        {"choose": "any", "passengers": "\x00"},
        {"choose": "any", "class": "nothing"},
    ],
)
def test_nonsense_is_refused_with_words_and_holds_nothing(
    client: Client, schedule: Schedule, posted: dict[str, Any]
) -> None:
    answer = client.post(seats_page(schedule), posted)

    assert answer.status_code in (409, 422)
    assert "<script>alert" not in answer.content.decode()
    assert not SeatClaim.objects.exists()


@pytest.mark.parametrize(
    "address",
    [
        "/departures/999999999999999999/?from=johannesburg&to=cape-town",
        "/departures/{}/?from=nowhere&to=cape-town",
        "/departures/{}/?from=cape-town&to=johannesburg",
        "/departures/{}/",
        "/departures/{}/?from=%00&to=%F0%9F%98%80",
    ],
)
def test_unknown_rides_are_not_found(client: Client, schedule: Schedule, address: str) -> None:
    assert client.get(address.format(schedule.pk)).status_code == 404


def test_a_foreign_hold_joins_nothing(client: Client, schedule: Schedule) -> None:
    token, back = hold_by(Client(), schedule, "2A", "2B"), departure_ahead(5)

    answer = client.post(seats_page(back, hold=token), {"seats": ["1A", "1B"]})

    assert answer.status_code == 404
    assert Hold.objects.get(token=token).trips.count() == 1


@pytest.mark.parametrize("seats", [1, 3])
def test_query_count_is_constant(
    client: Client, schedule: Schedule, django_assert_num_queries: Any, seats: int
) -> None:
    hold_by(client, schedule, *["2A", "2B", "2C"][:seats])

    with django_assert_num_queries(2):
        client.get(seats_page(schedule, passengers=seats))


def test_the_poll_is_cheap(client: Client, schedule: Schedule, django_assert_num_queries: Any) -> None:
    rev = client.get(seats_page(schedule)).context["view"].rev

    with django_assert_num_queries(2):
        client.get(seats_page(schedule, rev=rev), headers={"HX-Request": "true", "HX-Target": "seat-map"})


def test_holding_is_limited(client: Client, schedule: Schedule, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "hold": "1/m"}
    hold_by(client, schedule, "2A")

    answer = client.post(seats_page(schedule), {"seats": ["2B"]})

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) <= 70  # the window slides in steps of ten seconds


@pytest.mark.parametrize("days", [-1, 0.05])
def test_the_way_back_leaves_after_the_way_out_has_arrived(
    client: Client, schedule: Schedule, days: float
) -> None:
    token, early = hold_by(client, schedule, "2A", "2B"), departure_ahead(3 + days)

    answer = client.post(seats_page(early, hold=token), {"seats": ["1A", "1B"]})

    assert answer.status_code == 422
    assert "the return trip must leave after that" in answer.content.decode()
    assert not SeatClaim.objects.filter(schedule=early).exists()


def test_seats_of_either_way_can_be_exchanged(client: Client, schedule: Schedule) -> None:
    token, back = hold_by(client, schedule, "2A", "2B"), departure_ahead(5)
    hold_by(client, back, "1A", "1B", hold=token)

    assert hold_by(client, schedule, "3A", "3B", hold=token) == token
    assert hold_by(client, back, "2A", "2B", hold=token) == token


def test_the_page_says_how_long_seats_are_kept(client: Client, schedule: Schedule, settings: Any) -> None:
    settings.HOLD_MINUTES = 7

    assert "Held for 7 minutes once you continue." in client.get(seats_page(schedule)).content.decode()


def test_children_sit_on_the_dear_seats_so_that_the_party_pays_what_the_search_said(client: Client) -> None:
    mixed = departure_ahead(layout=make_layout(seats=2, premium=1))  # one seat of each class
    day = timezone.localdate(mixed.departure_time)
    found = client.get(
        f"/search/?from=johannesburg&to=cape-town&date={day}&passengers=2&child=1"
    ).content.decode()

    token = hold_by(client, mixed, "1A", "1B", child=1)

    assert "R1\u00a0005" in found
    assert "R1\u00a0005" in client.get(f"/checkout/{token}/").content.decode()
    assert [each["passenger_type"] for each in Hold.objects.get().draft["passengers"]] == ["child", "adult"]


def test_who_is_refused_gets_no_session_and_who_has_one_keeps_it(client: Client, schedule: Schedule) -> None:
    hold_by(Client(), schedule, "2A")

    refused = client.post(seats_page(schedule, passengers=1), {"seats": ["2A"]})
    hold_by(client, schedule, "2B")
    kept = client.cookies[settings.SESSION_COOKIE_NAME].value
    again = client.post(seats_page(schedule, passengers=1), {"seats": ["2A"]})

    assert (refused.status_code, settings.SESSION_COOKIE_NAME in refused.cookies) == (409, False)
    assert (again.status_code, client.cookies[settings.SESSION_COOKIE_NAME].value) == (409, kept)
    assert not Session.objects.exists()
    assert "2B" in client.get(seats_page(schedule, passengers=1)).context["view"].seats.own_labels


def test_a_departure_is_not_indexed_and_has_one_address_for_all_parties(
    client: Client, schedule: Schedule
) -> None:
    address = f"/departures/{schedule.pk}/?from=johannesburg-main@0&to=cape-town-main@2"

    page = client.get(f"{address}&passengers=3&child=1").content.decode()

    assert '<meta name="robots" content="noindex,follow">' in page
    canonical = escape(f"{settings.SITE_URL}{address}")
    assert f'<link rel="canonical" href="{canonical}">' in page


def test_a_child_needs_an_adult_on_every_page(client: Client, schedule: Schedule) -> None:
    PassengerType.objects.filter(slug="child").update(is_adult=False, youngest_age=3)
    alone = "“Child” need an adult in the same booking"
    day = timezone.localdate(schedule.departure_time)

    searched = client.get(
        f"/search/?from=johannesburg&to=cape-town&date={day}&passengers=1&child=1"
    ).content.decode()
    asked = client.get(seats_page(schedule, passengers=1, child=1))
    token = hold_by(client, schedule, "2A", "2B", child=1)
    typed = client.post(f"/checkout/{token}/", details(2, **{"p0-passenger_type": "child"}))

    assert alone in searched
    assert (asked.status_code, alone in asked.content.decode()) == (422, True)
    assert (typed.status_code, alone in typed.content.decode()) == (422, True)
    assert [each["passenger_type"] for each in Hold.objects.get().draft["passengers"]] == ["child", "child"]
