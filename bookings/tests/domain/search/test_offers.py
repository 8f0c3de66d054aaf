from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bookings.base.errors import RuleBroken
from bookings.domain.fares.prices import read_party
from bookings.domain.network.places import get_place
from bookings.domain.search.offers import Search, results
from bookings.models import Fare, FareClass, PassengerType, Route, Schedule, SeatClaim, Stop
from bookings.tests.domain.search.look import DAY, hold, look, move_call
from bookings.tests.make import NOW, make_layout, make_route, make_schedule, make_stop

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 12, 4, 4, 0, tzinfo=UTC)  # 06:00 in Johannesburg


def times(search: Search, now: datetime = NOW) -> list[str]:
    return [offer.departs for offer in results(search, now=now).offers]


@pytest.mark.database
def test_an_offer_says_in_ready_words_what_a_passenger_wants_to_know() -> None:
    schedule = make_schedule(
        route=make_route(minutes_apart=570), departs=datetime(2026, 12, 4, 15, 0, tzinfo=UTC), price=1250
    )

    page = results(look(passengers=3, child=1), now=NOW)

    (offer,) = page.offers
    assert (page.total, page.page, page.pages, page.page_size) == (1, 1, 1, 20)
    assert (offer.schedule_id, offer.from_ref, offer.to_ref) == (
        schedule.pk,
        "johannesburg-main@0",
        "cape-town-main@2",
    )
    assert (offer.departs, offer.departs_iso) == ("17:00", "2026-12-04T17:00+02:00")
    assert (offer.arrives, offer.arrives_iso, offer.day_mark) == ("12:00", "2026-12-05T12:00+02:00", "+1 day")
    assert (offer.duration, offer.minutes) == ("19 h 00", 1140)
    assert (offer.board_stop, offer.alight_stop) == ("Johannesburg station", "Cape Town station")
    assert (offer.price, offer.price_each, offer.price_zar) == ("R3\xa0125", "R1\xa0250", Decimal(3125))
    assert (offer.state, offer.seats_left, offer.note) == ("open", "", "")
    assert (offer.amenities, offer.layout, offer.day_label) == (
        ("Air conditioning", "Toilet"),
        "8 seats",
        "Fri 4 Dec",
    )


def test_two_nights_on_the_road_are_marked() -> None:
    make_schedule(route=make_route(minutes_apart=24 * 60))

    (offer,) = results(look(), now=NOW).offers

    assert offer.day_mark == "+2 days"


@pytest.mark.database
def test_times_are_those_of_each_stop() -> None:
    make_stop("Windhoek", time_zone="Africa/Windhoek")
    make_stop("Mauritius", time_zone="Indian/Mauritius")
    make_schedule(
        route=make_route("Windhoek", "Mauritius", minutes_apart=60),
        departs=datetime(2026, 12, 4, 20, 30, tzinfo=UTC),
    )

    (offer,) = results(look("windhoek", "mauritius"), now=NOW).offers

    assert (offer.departs, offer.arrives, offer.day_mark, offer.duration) == (
        "22:30",
        "01:30",
        "+1 day",
        "1 h 00",
    )
    assert offer.arrives_iso == "2026-12-05T01:30+04:00"


@pytest.mark.database
def test_a_departure_counts_for_the_day_on_which_it_leaves_the_boarding_stop() -> None:
    schedule = make_schedule(
        departs=datetime(2026, 12, 4, 20, 30, tzinfo=UTC)
    )  # 22:30; from Bloemfontein at 00:30

    assert times(look("bloemfontein")) == []
    assert times(look("bloemfontein", day=date(2026, 12, 5))) == ["00:30"]
    move_call(schedule, 1, 89)
    assert times(look("bloemfontein")) == ["23:59"]
    move_call(schedule, 1, 90)
    assert times(look("bloemfontein", day=date(2026, 12, 5))) == ["00:00"]


@pytest.mark.database
@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_of_23_or_25_hours_is_one_day(day: date, hours: int) -> None:
    make_stop("Berlin", time_zone="Europe/Berlin")
    route = make_route("Berlin", "Munich")
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    for minutes in (-1, 0, hours * 60 - 1, hours * 60):
        make_schedule(route=route, departs=start + timedelta(minutes=minutes))

    found = times(look("berlin", "munich", day=day), now=start - timedelta(days=2))

    assert found == ["00:00", "23:59"]


@pytest.mark.database
def test_a_coach_that_calls_twice_gives_one_offer_the_shortest_ride() -> None:
    route = make_route("Margao", "Depot", "Margao", "Shirdi")
    make_schedule(route=route)

    (offer,) = results(look("margao", "shirdi"), now=NOW).offers

    assert (offer.from_ref, offer.minutes) == ("margao-main@2", 120)


@pytest.mark.database
def test_two_coaches_at_one_minute_are_two_offers_in_a_stable_order() -> None:
    schedule = make_schedule()
    other = make_schedule(route=schedule.route, coach=2)
    third = make_schedule()

    offers = results(look(), now=NOW).offers

    assert [(offer.schedule_id, offer.note) for offer in offers] == [
        (schedule.pk, ""),
        (other.pk, "Relief coach 2"),
        (third.pk, ""),
    ]


def test_a_stop_is_an_end_as_well_as_a_city() -> None:
    make_schedule()
    make_stop("Johannesburg", code="jhb-other", name="Other")

    assert times(look("johannesburg-main", "Cape Town station")) == ["10:00"]
    assert times(look("jhb-other", "cape-town")) == []


@pytest.mark.database
def test_nobody_boards_or_alights_where_it_is_not_allowed() -> None:
    schedule = make_schedule()
    schedule.route.calls.filter(position=1).update(may_board=False, may_alight=True)

    assert times(look("bloemfontein", "cape-town")) == []
    assert times(look("johannesburg", "bloemfontein")) == ["10:00"]
    assert times(look("cape-town", "johannesburg")) == []


@pytest.mark.parametrize("status", ["planned", "closed", "cancelled", "arrived"])
def test_what_is_not_on_sale_is_not_listed(status: str) -> None:
    make_schedule(status=status)

    assert times(look()) == []


def test_what_is_switched_off_is_not_listed() -> None:
    schedule = make_schedule()
    Schedule.objects.update(is_active=False)

    assert times(look()) == []
    Schedule.objects.update(is_active=True)
    Route.objects.filter(pk=schedule.route_id).update(is_active=False)
    assert times(look()) == []


@pytest.mark.database
def test_a_ride_is_listed_until_sales_close_at_its_own_stop() -> None:
    schedule = make_schedule()  # 10:00 from Johannesburg, 12:00 from Bloemfontein
    leaves = schedule.departure_time

    assert times(look(), now=leaves - timedelta(minutes=15, seconds=1)) == ["10:00"]
    assert times(look(), now=leaves - timedelta(minutes=15)) == []
    Schedule.objects.update(status="departed")
    assert times(look("bloemfontein"), now=leaves + timedelta(minutes=100)) == ["12:00"]
    assert results(look(), now=leaves - timedelta(minutes=1), channel="counter").total == 0
    Schedule.objects.update(status="boarding")
    assert results(look(), now=leaves - timedelta(minutes=1), channel="counter").total == 1


@pytest.mark.database
def test_a_pair_that_is_not_sold_is_not_offered_and_a_fare_of_its_own_holds() -> None:
    schedule = make_schedule()
    first, second, last = schedule.route.calls.order_by("position")
    standard = {
        "route": schedule.route,
        "fare_class": FareClass.objects.get(code="standard"),
        "valid_from": date(2026, 1, 1),
    }
    Fare.objects.create(from_stop=first, to_stop=second, amount=None, **standard)
    Fare.objects.create(from_stop=second, to_stop=last, amount=Decimal("333.50"), **standard)

    assert results(look("johannesburg", "bloemfontein"), now=NOW).total == 0
    assert [offer.price for offer in results(look("bloemfontein", "cape-town"), now=NOW).offers] == [
        "R333.50"
    ]


@pytest.mark.database
def test_few_seats_are_said_and_a_party_that_does_not_fit_finds_it_sold_out() -> None:
    schedule = make_schedule()
    hold(schedule, 6, "johannesburg", "bloemfontein")

    for passengers, end, expected in [
        (1, "cape-town", ("2 seats left", "open")),
        (2, "cape-town", ("2 seats left", "open")),
        (3, "cape-town", ("Only 2 seats left", "sold_out")),
    ]:
        (offer,) = results(look(end=end, passengers=passengers), now=NOW).offers
        assert (offer.seats_left, offer.state) == expected
    (offer,) = results(look("bloemfontein", passengers=3), now=NOW).offers
    assert (offer.seats_left, offer.state) == ("", "open")


@pytest.mark.database
def test_a_seat_taken_further_on_is_free_before() -> None:
    hold(make_schedule(), 8, "bloemfontein", "cape-town")

    assert [offer.state for offer in results(look(end="bloemfontein"), now=NOW).offers] == ["open"]
    assert [offer.state for offer in results(look("bloemfontein"), now=NOW).offers] == ["sold_out"]


@pytest.mark.database
def test_a_sold_out_departure_stays_listed_with_its_price() -> None:
    hold(make_schedule(), 8)

    (offer,) = results(look(), now=NOW).offers

    assert (offer.state, offer.seats_left, offer.price) == ("sold_out", "", "R600")


@pytest.mark.database
def test_a_hold_that_ran_out_frees_its_seats_without_any_sweeping() -> None:
    hold(make_schedule(), 8)

    (offer,) = results(look(), now=NOW + timedelta(minutes=10)).offers

    assert (offer.state, SeatClaim.objects.count()) == ("open", 16)


def test_crew_seats_are_never_offered() -> None:
    make_schedule(layout=make_layout(seats=8, crew=7))

    (offer,) = results(look(passengers=2), now=NOW).offers

    assert (offer.state, offer.seats_left) == ("sold_out", "Only 1 seat left")


@pytest.mark.database
def test_the_price_is_that_of_the_cheapest_seats_that_the_party_can_have() -> None:
    schedule = make_schedule(layout=make_layout(seats=8, premium=4))  # 600 and 810

    hold(schedule, 2)
    offers = {size: results(look(passengers=size), now=NOW).offers[0] for size in (2, 3, 6, 7)}

    assert [offers[size].price_zar for size in offers] == [1200, 3 * 810, 2 * 600 + 4 * 810, 7 * 600]
    assert [offers[size].state for size in offers] == ["open", "open", "open", "sold_out"]


@pytest.mark.database
def test_a_coach_with_premium_seats_alone_has_the_premium_price() -> None:
    make_schedule(layout=make_layout(seats=4, premium=4))

    (offer,) = results(look(), now=NOW).offers

    assert offer.price == "R810"
    assert results(look(fare_class="standard"), now=NOW).total == 0


@pytest.mark.database
def test_a_chosen_class_counts_only_its_own_seats() -> None:
    schedule = make_schedule(layout=make_layout(seats=8, premium=4))
    hold(schedule, 3, fare_class="premium")

    (offer,) = results(look(fare_class="premium", passengers=2), now=NOW).offers

    assert (offer.price_each, offer.seats_left, offer.state) == ("R810", "Only 1 seat left", "sold_out")
    assert results(look(fare_class="unheard-of"), now=NOW).total == 0


@pytest.fixture
def day_of_departures() -> list[Schedule]:
    """05:59 for 700, 06:00 for 500 and slow, 17:59 for 600, 18:00 for 600."""
    fast, slow = make_route(), make_route(minutes_apart=180)
    rows = [(fast, -1, 700), (slow, 0, 500), (fast, 719, 600), (fast, 720, 600)]
    return [
        make_schedule(route=route, departs=MORNING + timedelta(minutes=minutes), price=price)
        for route, minutes, price in rows
    ]


@pytest.mark.database
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["05:59", "06:00", "17:59", "18:00"]),
        ({"sort": "cheapest"}, ["06:00", "17:59", "18:00", "05:59"]),
        ({"sort": "fastest"}, ["05:59", "17:59", "18:00", "06:00"]),
        ({"sort": "nonsense"}, ["05:59", "06:00", "17:59", "18:00"]),
        ({"band": "night"}, ["05:59"]),
        ({"band": "morning"}, ["06:00"]),
        ({"band": "afternoon"}, ["17:59"]),
        ({"band": "evening"}, ["18:00"]),
        ({"band": "nonsense"}, ["05:59", "06:00", "17:59", "18:00"]),
        ({"max_price": Decimal(600)}, ["06:00", "17:59", "18:00"]),
        ({"max_price": Decimal(500), "band": "night"}, []),
        ({"max_price": Decimal(600), "sort": "fastest"}, ["17:59", "18:00", "06:00"]),
        ({"page_size": 3, "page": 2}, ["18:00"]),
        ({"page_size": 3, "page": 99}, ["18:00"]),
        ({"page_size": 3, "page": -5}, ["05:59", "06:00", "17:59"]),
    ],
)
def test_sorting_filtering_and_paging(
    day_of_departures: list[Schedule], options: dict[str, Any], expected: list[str]
) -> None:
    assert times(look(**options)) == expected


@pytest.mark.parametrize(("asked", "given"), [(0, 1), (-3, 1), (100, 100), (101, 100), (10**9, 100)])
def test_a_page_has_at_most_a_hundred_rows(asked: int, given: int) -> None:
    make_schedule()

    assert results(look(page_size=asked), now=NOW).page_size == given


@pytest.mark.database
def test_the_price_filter_and_the_cheapest_sort_go_by_the_seats_that_are_left(
    day_of_departures: list[Schedule],
) -> None:
    mixed = make_schedule(
        layout=make_layout(seats=8, premium=4), departs=MORNING + timedelta(hours=2), price=400
    )
    hold(mixed, 4)  # only premium is left, for 540

    assert times(look(sort="cheapest"))[:2] == ["06:00", "08:00"]
    assert times(look(max_price=Decimal(500))) == ["06:00"]


def test_the_query_count_is_the_same_for_one_row_and_for_three(django_assert_num_queries: Any) -> None:
    schedule = make_schedule()
    for rows in (1, 3):
        search = look()
        with django_assert_num_queries(8):
            assert len(results(search, now=NOW).offers) == rows
        with django_assert_num_queries(2):
            assert results(search, now=NOW).cache_key  # what a list that is still cached costs
        with django_assert_num_queries(3):
            assert results(replace(search, sort="cheapest"), now=NOW).offers
        if rows == 1:
            make_schedule(route=schedule.route, coach=2)
            make_schedule(route=make_route(minutes_apart=75), layout=make_layout(premium=2))


def key(now: datetime = NOW, **options: Any) -> str:
    return results(look(**options), now=now).cache_key


@pytest.mark.database
def test_the_key_stays_while_nothing_changes() -> None:
    make_schedule()

    assert key() == key() == key(now=NOW + timedelta(minutes=1))


@pytest.mark.parametrize(
    "options",
    [
        {"passengers": 2},
        {"passengers": 2, "child": 1},
        {"sort": "fastest"},
        {"band": "morning"},
        {"fare_class": "standard"},
        {"max_price": Decimal(900)},
        {"page_size": 50},
        {"start": "johannesburg-main"},
        {"day": date(2026, 12, 5)},
    ],
)
def test_the_key_tells_searches_apart(options: dict[str, Any]) -> None:
    make_schedule()

    assert key(**options) != key()


@pytest.mark.database
def test_the_key_changes_with_all_that_the_list_shows() -> None:
    schedule = make_schedule()
    changes = [
        lambda: hold(schedule, 1),
        lambda: Schedule.objects.update(price_zar=601),
        lambda: Stop.objects.filter(code="cape-town-main").update(name="New station"),
        lambda: PassengerType.objects.filter(slug="adult").update(discount_percent=3),
        lambda: schedule.layout.seats.update(kind="premium"),
        lambda: make_schedule(departs=schedule.departure_time + timedelta(hours=1)),
        lambda: Schedule.objects.filter(pk=schedule.pk).update(status="cancelled"),
    ]
    seen = [key()]

    for change in changes:
        change()
        seen.append(key())

    assert len(set(seen)) == len(changes) + 1


@pytest.mark.database
def test_the_key_changes_when_a_departure_closes() -> None:
    schedule = make_schedule()
    make_schedule(departs=schedule.departure_time + timedelta(hours=1))

    assert key() != key(now=schedule.departure_time)


@pytest.mark.database
def test_a_list_is_fresh_until_the_next_hold_or_sale_ends() -> None:
    schedule = make_schedule()
    search, leaves = look(), schedule.departure_time

    assert results(search, now=NOW).fresh_for == 300
    assert results(search, now=leaves - timedelta(minutes=16)).fresh_for == 60
    assert results(search, now=leaves - timedelta(minutes=15, milliseconds=5)).fresh_for == 1
    hold(schedule, 1)
    assert results(search, now=NOW + timedelta(minutes=8)).fresh_for == 120
    assert results(look(sort="cheapest"), now=NOW + timedelta(minutes=8)).fresh_for == 120
    assert results(search, now=NOW + timedelta(minutes=11)).fresh_for == 300


@pytest.mark.parametrize("day", [date.min, date.max, date(1, 1, 2), date(9999, 12, 30), date(2020, 1, 1)])
def test_days_out_of_reach_are_refused_in_words(day: date) -> None:
    make_schedule()

    with pytest.raises(RuleBroken, match="within the next year"):
        results(look(day=day), now=NOW)


def test_one_place_as_both_ends_is_refused() -> None:
    make_schedule()

    with pytest.raises(RuleBroken, match="two different places"):
        results(look("johannesburg", "johannesburg-main"), now=NOW)


def test_a_search_without_any_route_gives_an_empty_page() -> None:
    make_schedule()
    make_stop("Durban")

    page = results(Search(get_place("durban"), get_place("cape-town"), DAY, read_party(1, {})), now=NOW)

    assert (page.total, page.pages, page.offers, page.fresh_for) == (0, 1, (), 30)
