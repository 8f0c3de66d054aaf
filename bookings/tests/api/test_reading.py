"""What anybody may read, whole answers against literal ones, and what each costs."""

from datetime import timedelta
from typing import Any

import pytest

from bookings.models import Bus, City, Schedule, Stop
from bookings.tests.api.conftest import Program, problem
from bookings.tests.make import (
    NOW,
    make_booking,
    make_city,
    make_layout,
    make_passenger_types,
    make_place_name,
    make_route,
    make_schedule,
    make_stop,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
DAY = "2026-12-04"


def page(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"next": None, "previous": None, "results": list(rows)}


def departures(*rows: dict[str, Any]) -> dict[str, Any]:
    return {**page(*rows), "next_cursor": None}


def point(city: str, position: int, time: str | None = None) -> dict[str, Any]:
    """`time` on the day of the departure."""
    slug = city.lower().replace(" ", "-")
    return {
        "ref": f"{slug}-main@{position}",
        "stop": f"{city} station",
        "city": city,
        "city_slug": slug,
        "time": time and f"{DAY}T{time}:00+02:00",
        "expected_time": time and f"{DAY}T{time}:00+02:00",
        "news_at": None,
        "is_skipped": False,
    }


@pytest.fixture
def coach() -> Schedule:
    """Friday 10:00 from Johannesburg by Bloemfontein (12:00) to Cape Town (14:00), R600, the last leg's 1A
    sold.
    """
    schedule = make_schedule()
    bus = Bus.objects.create(bus_number="F101", registration="FB 101 GP", layout=schedule.layout)
    Schedule.objects.filter(pk=schedule.pk).update(bus=bus)
    make_booking(schedule=schedule, first=1)
    return schedule


def whole(coach: Schedule) -> dict[str, Any]:
    return {
        "id": coach.pk,
        "route_id": coach.route_id,
        "route_name": "Johannesburg – Cape Town",
        "line": f"{coach.route.line.code} {coach.route.line.name}",
        "coach": 1,
        "bus_number": "F101",
        "status": "on_sale",
        "origin": point("Johannesburg", 0, "10:00"),
        "destination": point("Cape Town", 2, "14:00"),
        "departure_time": "2026-12-04T10:00:00+02:00",
        "arrival_time": "2026-12-04T14:00:00+02:00",
        "duration_minutes": 240,
        "price_zar": "600.00",
        "available_seats": 7,
    }


def test_cities(anybody: Program) -> None:
    make_city("Durban")
    City.objects.filter(slug="durban").update(
        region="KwaZulu-Natal", latitude="-29.85790", longitude="31.02920"
    )
    make_city("Cape Town")
    durban = {
        "slug": "durban",
        "name": "Durban",
        "region": "KwaZulu-Natal",
        "latitude": -29.8579,
        "longitude": 31.0292,
    }

    assert anybody.get("/cities/", {"q": "dur"}).json() == page(durban)
    assert [city["slug"] for city in anybody.get("/cities/").json()["results"]] == ["cape-town", "durban"]


def test_a_city_is_listed_and_searched_by_another_name(anybody: Program, coach: Schedule) -> None:
    make_place_name(make_city("Cape Town"), "Kaapstad")
    query = {"from": "johannesburg", "to": "cape-town", "date": DAY}
    usual = anybody.get("/search/", query).json()

    assert [city["slug"] for city in anybody.get("/cities/", {"q": "kaap"}).json()["results"]] == [
        "cape-town"
    ]
    assert anybody.get("/search/", {**query, "to": "kaapstad"}).json() == usual
    assert anybody.get("/schedules/", {"from": "johannesburg", "to": "Kaapstad"}).status_code == 200


def test_a_slip_is_no_place_for_a_program_which_is_told_what_may_be_meant(
    anybody: Program, coach: Schedule
) -> None:
    answer = problem(anybody.get("/search/", {"from": "johannesburg", "to": "Cape Twon", "date": DAY}))

    assert answer["status"] == 404
    assert "Did you mean Cape Town?" in answer["detail"]


def test_stops(anybody: Program) -> None:
    make_stop("Durban")
    Stop.objects.update(address="1 Umgeni Road")
    make_stop("Cape Town")
    where = {
        "city": "durban",
        "city_name": "Durban",
        "address": "1 Umgeni Road",
        "latitude": None,
        "longitude": None,
    }

    answer = anybody.get("/stops/", {"city": "durban"})

    assert answer.json() == page(
        {"code": "durban-main", "name": "Durban station", **where, "time_zone": "Africa/Johannesburg"}
    )


def test_passenger_types(anybody: Program) -> None:
    make_passenger_types()
    rows = [("adult", "Adult", 0, True), ("child", "Child", 50, False), ("student", "Student", 10, False)]
    names = ("slug", "name", "discount_percent", "is_default")

    alone = {"travels_on_lap": False, "is_adult": True, "needs_adult": False, "needs_adult_abroad": False}
    expected = [{**dict(zip(names, row, strict=True)), "ages": "", "proof": "", **alone} for row in rows]
    assert anybody.get("/passenger-types/").json() == page(*expected)


def test_routes_with_their_calls(anybody: Program) -> None:
    route = make_route("Durban", "Johannesburg")
    make_route("Johannesburg", "Durban")

    def call(position: int, city: str, minutes: int, km: float) -> dict[str, Any]:
        stop = {
            "position": position,
            "stop": f"{city.lower()}-main",
            "name": f"{city} station",
            "city": city.lower(),
        }
        times = {"arrive_min": minutes, "depart_min": minutes, "km": km}
        return {**stop, **times, "may_board": position == 0, "may_alight": position == 1}

    expected = {
        "id": route.pk,
        "name": "Durban – Johannesburg",
        "line": route.line.code,
        "line_name": route.line.name,
        "origin": point("Durban", 0),
        "destination": point("Johannesburg", 1),
        "distance_km": 150.0,
        "duration_hours": 2.0,
        "calls": [call(0, "Durban", 0, 0.0), call(1, "Johannesburg", 120, 150.0)],
    }
    assert anybody.get("/routes/", {"origin": "durban"}).json() == page(expected)
    assert anybody.get(f"/routes/{route.pk}/").json() == expected
    assert anybody.get("/routes/999999/").status_code == 404


def test_schedules_of_whole_coaches(anybody: Program, coach: Schedule) -> None:
    expected = departures(whole(coach))

    assert anybody.get("/schedules/").json() == expected
    assert anybody.get("/schedules/", {"route": coach.route_id, "date": DAY}).json() == expected
    assert anybody.get("/schedules/", {"date": "2026-12-05"}).json() == departures()
    assert anybody.get("/schedules/", {"route": coach.route_id + 1}).json() == departures()


def test_schedules_between_two_places_are_rides(anybody: Program, coach: Schedule) -> None:
    ride = whole(coach) | {
        "destination": point("Bloemfontein", 1, "12:00"),
        "arrival_time": "2026-12-04T12:00:00+02:00",
        "duration_minutes": 120,
        "price_zar": "300.00",
        "available_seats": 8,
    }

    for query in ({}, {"date": DAY}):
        assert anybody.get(
            "/schedules/", {"from": "johannesburg", "to": "bloemfontein", **query}
        ).json() == departures(ride)
    assert anybody.get("/schedules/", {"from": "bloemfontein", "to": "johannesburg"}).json() == departures()
    assert problem(anybody.get("/schedules/", {"from": "johannesburg"}))["errors"] == [
        {"field": "to", "detail": "Give both from and to, or neither."}
    ]


def test_what_left_or_is_cancelled_is_not_listed(anybody: Program) -> None:
    make_schedule(departs=NOW - timedelta(minutes=1))
    make_schedule(status=Schedule.Status.CANCELLED)

    assert anybody.get("/schedules/").json() == departures()


def test_schedules_between_two_places_may_be_of_one_route(anybody: Program, coach: Schedule) -> None:
    ends = {"from": "johannesburg", "to": "bloemfontein"}

    assert len(anybody.get("/schedules/", {**ends, "route": coach.route_id}).json()["results"]) == 1
    assert anybody.get("/schedules/", {**ends, "route": coach.route_id + 1}).json() == departures()


@pytest.mark.parametrize("query", [{}, {"from": "johannesburg", "to": "bloemfontein"}])
def test_a_cursor_leads_through_all_departures(anybody: Program, query: dict[str, str]) -> None:
    for minutes in (0, 0, 5, 10, 10):
        make_schedule(departs=NOW + timedelta(days=3, minutes=minutes), coach=Schedule.objects.count() + 1)
    whole = [row["id"] for row in anybody.get("/schedules/", query).json()["results"]]
    walked, cursor = list[int](), ""

    while cursor is not None:
        more = {"cursor": cursor} if cursor else {}
        answer = anybody.get("/schedules/", {**query, **more, "page_size": 2}).json()
        walked += [row["id"] for row in answer["results"]]
        cursor = answer["next_cursor"]

    assert walked == whole
    assert len(walked) == 5


def test_one_schedule_with_its_calls(anybody: Program, coach: Schedule) -> None:
    def call(position: int, city: str, time: str) -> dict[str, Any]:
        stop = {
            "position": position,
            "stop": point(city, 0)["ref"][:-2],
            "name": f"{city} station",
            "city": city,
        }
        at = f"2026-12-04T{time}:00+02:00"
        as_planned = {"expected_arrives": at, "expected_departs": at, "left_at": None, "news_at": None}
        stop |= {**as_planned, "is_skipped": False}
        return {**stop, "arrives": at, "departs": at, "may_board": position < 2, "may_alight": position > 0}

    assert anybody.get(f"/schedules/{coach.pk}/").json() == whole(coach) | {
        "is_on_sale": True,
        "sales_close_at": "2026-12-04T09:45:00+02:00",
        "layout": "8 seats",
        "amenities": ["aircon", "toilet"],
        "calls": [
            call(0, "Johannesburg", "10:00"),
            call(1, "Bloemfontein", "12:00"),
            call(2, "Cape Town", "14:00"),
        ],
    }


def test_a_ride_of_a_schedule(anybody: Program, coach: Schedule) -> None:
    answer = anybody.get(
        f"/schedules/{coach.pk}/",
        {"from": "johannesburg", "to": "bloemfontein", "fields": "price_zar,available_seats"},
    )

    assert answer.json() == {"price_zar": "300.00", "available_seats": 8}
    assert (
        anybody.get(f"/schedules/{coach.pk}/", {"from": "cape-town", "to": "johannesburg"}).status_code == 404
    )
    assert anybody.get("/schedules/999999/").status_code == 404


def test_a_cancelled_schedule_says_so(anybody: Program, coach: Schedule) -> None:
    Schedule.objects.filter(pk=coach.pk).update(status=Schedule.Status.CANCELLED)

    answer = anybody.get(f"/schedules/{coach.pk}/", {"fields": "status,is_on_sale"})

    assert answer.json() == {"status": "cancelled", "is_on_sale": False}


def test_the_seat_map(anybody: Program) -> None:
    coach = make_schedule(layout=make_layout(seats=4, premium=2, crew=1))
    make_booking(schedule=coach)  # takes 1A

    def seat(label: str, column: int, kind: str, is_free: bool) -> dict[str, Any]:
        place = {
            "label": label,
            "deck": 1,
            "row": 1,
            "column": column,
            "kind": kind,
            "is_window": column == 1,
        }
        return {**place, "fare_class": kind, "is_free": is_free}

    def fares(adult: int) -> dict[str, str]:
        return {"adult": f"{adult}.00", "child": f"{adult // 2}.00", "student": f"{adult * 9 // 10}.00"}

    assert anybody.get(
        f"/schedules/{coach.pk}/seats/", {"from": "johannesburg", "to": "cape-town"}
    ).json() == {
        "schedule_id": coach.pk,
        "origin": point("Johannesburg", 0, "10:00"),
        "destination": point("Cape Town", 2, "14:00"),
        "is_on_sale": True,
        "free": 2,
        "classes": [
            {"code": "standard", "name": "Standard", "free": 1, "fares_zar": fares(600)},
            {"code": "premium", "name": "Premium", "free": 1, "fares_zar": fares(810) | {"child": "405.00"}},
        ],
        "seats": [
            seat("1A", 1, "premium", False),
            seat("1B", 2, "premium", True),
            seat("1C", 4, "standard", True),
        ],
    }


def test_search_is_the_websites_own(anybody: Program, coach: Schedule) -> None:
    query = {"from": "johannesburg", "to": "cape-town", "date": DAY, "passengers": 2, "types": "child"}

    assert anybody.get("/search/", query).json() == page(
        {
            "schedule_id": coach.pk,
            "origin": point("Johannesburg", 0, "10:00"),
            "destination": point("Cape Town", 2, "14:00"),
            "origin_stop": "Johannesburg station",
            "destination_stop": "Cape Town station",
            "line": f"{coach.route.line.code} {coach.route.line.name}",
            "departure_time": "2026-12-04T10:00:00+02:00",
            "arrival_time": "2026-12-04T14:00:00+02:00",
            "duration_minutes": 240,
            "layout": "8 seats",
            "price_zar": "900.00",
            "adult_price_zar": "600.00",
            "available_seats": 7,
            "is_sold_out": False,
        }
    )
    assert anybody.get("/search/", {**query, "passengers": 8}).json()["results"][0]["is_sold_out"] is True
    in_wheelchair = anybody.get("/search/", {**query, "wheelchairs": 1}).json()["results"]  # no such place
    assert in_wheelchair[0]["is_sold_out"] is True
    assert anybody.get("/search/", {**query, "max_price": 899}).json() == page()
    assert anybody.get("/search/", {**query, "time": "evening"}).json() == page()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"date": ""}, 400),
        ({"date": "tomorrow"}, 400),
        ({"date": "0001-01-01"}, 422),
        ({"from": "atlantis"}, 404),
        ({"to": "johannesburg"}, 422),
        ({"passengers": 0}, 400),
        ({"passengers": 10}, 400),
        ({"wheelchairs": 3}, 422),
        ({"types": "child,child,child"}, 422),
        ({"types": "dog"}, 400),
        ({"sort": "nicest"}, 400),
        ({"from": "\x00"}, 400),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(
    anybody: Program, coach: Schedule, change: dict[str, Any], status: int
) -> None:
    query = {"from": "johannesburg", "to": "cape-town", "date": DAY, "passengers": 2, **change}

    assert problem(anybody.get("/search/", query))["status"] == status


def test_a_highest_price_says_how_it_is_written(anybody: Program, coach: Schedule) -> None:
    query = {"from": "johannesburg", "to": "cape-town", "date": DAY, "max_price": "R500"}

    wrong = problem(anybody.get("/search/", query))

    assert wrong["status"] == 400
    assert "Whole rand in digits, as 500, without R, spaces or cents." in str(wrong["errors"])


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize(
    ("path", "query", "queries"),
    [
        ("/cities/", {}, 1),
        ("/stops/", {}, 1),
        ("/routes/", {}, 2),
        (
            "/schedules/",
            {},
            9,
        ),  # the mark of reference data, departures, calls, 5 for prices, seats taken
        (
            "/schedules/",
            {"from": "johannesburg", "to": "cape-town"},
            12,
        ),  # 2 places, ways, departures instead of the first two, facts
        ("/search/", {"from": "johannesburg", "to": "cape-town", "date": DAY}, 11),
    ],
)
def test_a_list_costs_the_same_for_one_and_three(
    anybody: Program,
    django_assert_num_queries: Any,
    number: int,
    path: str,
    query: dict[str, str],
    queries: int,
) -> None:
    for coach in range(number):
        make_schedule(departs=NOW + timedelta(days=3, minutes=coach))

    with django_assert_num_queries(queries):
        answer = anybody.get(path, query)

    assert len(answer.json()["results"]) >= number


def test_what_has_not_changed_is_not_sent_again(
    anybody: Program, coach: Schedule, django_assert_num_queries: Any
) -> None:
    """The seat map and a schedule know it before they ask for prices."""
    ends = {"from": "johannesburg", "to": "cape-town"}
    for path in (f"/schedules/{coach.pk}/", f"/schedules/{coach.pk}/seats/"):
        first = anybody.get(path, ends)
        with django_assert_num_queries(2):  # schedule, live claims
            again = anybody.get(path, ends, **{"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")

        make_booking(schedule=coach)
        assert anybody.get(path, ends, **{"If-None-Match": first["ETag"]}).status_code == 200

    cities = anybody.get("/cities/")
    assert cities["Cache-Control"] == "public, max-age=300"
    assert anybody.get("/cities/", **{"If-None-Match": cities["ETag"]}).status_code == 304
