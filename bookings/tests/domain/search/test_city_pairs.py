import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache

from bookings.base.errors import NotFound
from bookings.domain.search.city_pairs import active_routes, all_pairs, network, pair_page, popular_pairs
from bookings.models import City, Route
from bookings.tests.make import (
    NOW,
    make_booking,
    make_fare_classes,
    make_passenger_types,
    make_route,
    make_schedule,
    make_stop,
)

pytestmark = pytest.mark.django_db


@pytest.mark.database
def test_the_network_is_lines_by_region_each_by_its_longest_way() -> None:
    short, long = make_route("Durban", "Cape Town"), make_route("Johannesburg", "Bloemfontein", "Cape Town")
    Route.objects.filter(pk=short.pk).update(line=long.line)
    make_route("Polokwane", "Durban")
    City.objects.filter(slug="johannesburg").update(region="Gauteng")

    regions = network()

    assert [region.name for region in regions] == ["Gauteng", "Other lines"]
    assert [city.name for city in regions[0].lines[0].cities] == ["Johannesburg", "Bloemfontein", "Cape Town"]
    assert [line.cities[0].slug for line in regions[1].lines] == ["polokwane"]


def test_two_stops_in_one_city_are_one_city_of_the_way() -> None:
    route = make_route("Johannesburg", "Bloemfontein", "Cape Town")
    route.calls.filter(position=1).update(stop=make_stop("Cape Town", code="cpt-2"))

    assert [call[0] for call in active_routes()[0][3]] == ["johannesburg", "cape-town"]
    assert all_pairs() == [("johannesburg", "cape-town")]


@pytest.mark.database
def test_pairs_are_those_that_somebody_can_travel() -> None:
    route = make_route("Johannesburg", "Bloemfontein", "Johannesburg", "Cape Town")
    route.calls.filter(position=1).update(may_board=False)
    off = make_route("Durban", "Polokwane")
    Route.objects.filter(pk=off.pk).update(is_active=False)

    assert all_pairs() == [("johannesburg", "bloemfontein"), ("johannesburg", "cape-town")]
    assert all_pairs(limit=1) == [("johannesburg", "bloemfontein")]


def test_the_ways_are_kept_as_plain_values_and_asked_for_once(django_assert_num_queries: Any) -> None:
    make_route()

    with django_assert_num_queries(2):  # one is for the mark of the reference data
        first = active_routes()
    with django_assert_num_queries(1):
        again = active_routes()

    assert json.loads(json.dumps(first)) == again


@pytest.mark.database
def test_popular_pairs_are_the_most_sold_then_the_most_frequent() -> None:
    schedule = make_schedule()
    make_booking(schedule=schedule, last=1, fare=300)
    frequent = make_route("Durban", "Polokwane")
    for hours in (1, 2):
        make_schedule(route=frequent, departs=NOW + timedelta(hours=hours), price=450)

    pairs = popular_pairs(now=NOW)

    assert [(pair.origin.name, pair.destination.slug, pair.price, pair.duration) for pair in pairs] == [
        ("Johannesburg", "bloemfontein", "from R300", "2 h 00"),
        ("Durban", "polokwane", "from R450", "2 h 00"),
        ("Johannesburg", "cape-town", "from R600", "4 h 00"),
    ]


def test_popular_pairs_cost_the_same_for_one_and_for_three_and_the_mark_when_kept(
    django_assert_num_queries: Any,
) -> None:
    make_fare_classes()
    make_passenger_types()
    for number in (1, 3):
        for pair in range(number):
            make_schedule(route=make_route(f"Start {number} {pair}", f"End {number} {pair}"))
        cache.clear()
        with django_assert_num_queries(10):
            popular_pairs(number, now=NOW)
        with django_assert_num_queries(1):
            assert len(popular_pairs(number, now=NOW)) == number


def test_an_empty_company_has_no_popular_pairs() -> None:
    make_passenger_types()

    assert (popular_pairs(now=NOW), network(), all_pairs()) == ([], (), [])


@pytest.mark.database
def test_a_pair_page_has_the_facts_of_the_coming_week_and_the_next_departures() -> None:
    route = make_route()
    for days in range(8):
        make_schedule(
            route=route, departs=NOW + timedelta(days=days), price=600 + days
        )  # the first leaves at this moment
        make_schedule(route=route, departs=NOW + timedelta(days=days, hours=8), price=700)

    page = pair_page("johannesburg", "cape-town", now=NOW)

    assert (page.origin.name, page.destination.name) == ("Johannesburg", "Cape Town")
    assert (page.first, page.last, page.fastest, page.price, page.per_day) == (
        "10:00",
        "18:00",
        "4 h 00",
        "from R601",
        2,
    )
    assert (page.distance, page.board_stops, page.alight_stops) == (
        "300 km",
        ("Johannesburg station",),
        ("Cape Town station",),
    )
    assert [(offer.day_label, offer.departs) for offer in page.offers[:3]] == [
        ("Tue 1 Dec", "18:00"), ("Wed 2 Dec", "10:00"), ("Wed 2 Dec", "18:00"),
    ]  # fmt: skip
    assert len(page.offers) == 10


def test_a_pair_without_departures_this_week_still_has_a_page() -> None:
    make_schedule(departs=NOW + timedelta(days=30))

    page = pair_page("johannesburg", "cape-town", now=NOW)

    assert (page.offers, page.price, page.first, page.fastest, page.per_day) == ((), "", "", "4 h 00", 0)


@pytest.mark.parametrize(
    ("start", "end"),
    [("cape-town", "johannesburg"), ("atlantis", "cape-town"), ("johannesburg", "johannesburg")],
)
def test_a_pair_that_no_coach_serves_has_no_page(start: str, end: str) -> None:
    make_schedule()

    with pytest.raises(NotFound):
        pair_page(start, end, now=NOW)


def test_a_pair_page_costs_the_same_for_one_and_for_three_departures(django_assert_num_queries: Any) -> None:
    route = make_schedule().route
    for hours in (0, 1, 2):
        if hours:
            make_schedule(route=route, departs=NOW + timedelta(days=3, hours=hours))
        if hours in (0, 2):
            with django_assert_num_queries(10):
                pair_page("johannesburg", "cape-town", now=NOW)
