from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.base.errors import RuleBroken
from bookings.domain.search.days import day_prices, explain_empty
from bookings.domain.search.offers import results
from bookings.domain.search.segments import read_day
from bookings.models import Fare, FareClass, Schedule
from bookings.tests.domain.search.look import DAY, hold, look
from bookings.tests.make import NOW, make_route, make_schedule, make_stop

pytestmark = pytest.mark.django_db
TEN = datetime(2026, 12, 4, 8, 0, tzinfo=UTC)  # 10:00 in Johannesburg on DAY


def prices(**options: Any) -> dict[str, str]:
    now = options.pop("now", NOW)
    return {each.label: each.price for each in day_prices(look(**options), now=now) if each.price}


@pytest.mark.database
def test_the_strip_has_the_lowest_price_for_the_party_on_each_day() -> None:
    route = make_route()
    for days, price in [(0, 600), (0, 500), (1, 500), (2, 700), (7, 650), (8, 100)]:
        make_schedule(route=route, departs=TEN + timedelta(days=days, minutes=price), price=price)

    strip = day_prices(look(passengers=2), now=NOW)

    assert [each.day for each in strip] == [DAY + timedelta(days=offset) for offset in range(-7, 8)]
    assert {each.label: each.price for each in strip if each.price} == {
        "Fri 4 Dec": "from R1\xa0000",
        "Sat 5 Dec": "from R1\xa0000",
        "Sun 6 Dec": "from R1\xa0400",
        "Fri 11 Dec": "from R1\xa0300",
    }
    assert [each.day.day for each in strip if each.is_lowest] == [4, 5]
    assert [each.day.day for each in strip if each.is_chosen] == [4]
    assert [each.day for each in strip if each.is_past] == [date(2026, 11, day) for day in (27, 28, 29, 30)]


@pytest.mark.database
def test_a_fare_holds_on_its_own_days() -> None:
    schedule = make_schedule(departs=TEN)
    make_schedule(route=schedule.route, layout=schedule.layout, departs=TEN + timedelta(days=1))
    first, _second, last = schedule.route.calls.order_by("position")
    ends = {
        "route": schedule.route,
        "from_stop": first,
        "to_stop": last,
        "fare_class": FareClass.objects.get(code="standard"),
    }
    Fare.objects.create(**ends, amount=Decimal(820), valid_from=DAY + timedelta(days=1))

    assert prices() == {"Fri 4 Dec": "from R600", "Sat 5 Dec": "from R820"}


@pytest.mark.database
def test_departures_without_enough_seats_have_no_price_in_the_strip() -> None:
    cheap = make_schedule(departs=TEN, price=300)
    make_schedule(route=cheap.route, departs=TEN + timedelta(hours=1), price=600)
    hold(cheap, 7)

    assert prices() == {"Fri 4 Dec": "from R300"}
    assert prices(passengers=2) == {"Fri 4 Dec": "from R1\xa0200"}
    assert prices(passengers=9) == {}


def test_a_day_without_enough_seats_is_full_and_one_without_a_departure_is_not() -> None:
    hold(make_schedule(departs=TEN, price=300), 7)

    def full(passengers: int) -> list[int]:
        return [each.day.day for each in day_prices(look(passengers=passengers), now=NOW) if each.is_full]

    assert (full(1), full(2), full(2)) == ([], [4], [4])  # the last one is the kept one


@pytest.mark.database
def test_what_has_left_is_no_longer_in_the_strip() -> None:
    make_schedule(departs=TEN)

    assert prices(now=TEN - timedelta(minutes=16)) == {"Fri 4 Dec": "from R600"}
    assert prices(now=TEN - timedelta(minutes=15)) == {}


@pytest.mark.database
def test_the_kept_prices_follow_each_change() -> None:
    schedule = make_schedule(departs=TEN)
    other = make_schedule(route=schedule.route, departs=TEN + timedelta(hours=1), price=700)

    seen = [prices()]
    hold(schedule, 8)
    seen.append(prices())
    hold(other, 8)
    seen += [prices(), prices(now=NOW + timedelta(minutes=10))]
    FareClass.objects.filter(code="standard").update(seat_kinds=["premium"])
    seen.append(prices())

    assert seen == [
        {"Fri 4 Dec": "from R600"},
        {"Fri 4 Dec": "from R700"},
        {},
        {"Fri 4 Dec": "from R600"},
        {},
    ]


def test_the_strip_costs_the_same_for_one_departure_and_for_three(django_assert_num_queries: Any) -> None:
    route, search = None, None
    for day in (0, 1, 2):
        schedule = make_schedule(route=route, departs=TEN + timedelta(days=day))
        route, search = schedule.route, look()
        if day in (0, 2):
            with django_assert_num_queries(8):
                day_prices(search, now=NOW)
            with django_assert_num_queries(2):
                day_prices(search, now=NOW)


def explain(search: Any, now: datetime = NOW) -> tuple[str, list[str]]:
    assert results(search, now=now).total == 0
    answer = explain_empty(search, now=now)
    return answer.reason, [each.label for each in answer.nearest]


def test_no_route_at_all_is_said() -> None:
    make_schedule()

    assert explain(look("cape-town", "johannesburg")) == (
        "There is no direct coach from Cape Town to Johannesburg.",
        [],
    )


def test_a_day_without_departures_gives_the_nearest_days() -> None:
    route = make_route()
    for days in (-2, 1, 2, 3, 4, 9):
        make_schedule(route=route, departs=TEN + timedelta(days=days))

    reason, nearest = explain(look())

    assert reason == "No coach runs from Johannesburg to Cape Town on Fri 4 Dec."
    assert nearest == ["Wed 2 Dec", "Sat 5 Dec", "Sun 6 Dec", "Mon 7 Dec"]


def test_the_nearest_days_may_be_far() -> None:
    route = make_route()
    for days in (-2, 40, 50):
        make_schedule(route=route, departs=TEN + timedelta(days=days))

    assert explain(look(day=date(2026, 12, 24)), now=TEN) == (
        "No coach runs from Johannesburg to Cape Town on Thu 24 Dec.",
        ["Wed 13 Jan"],
    )


def test_all_that_left_today_is_said() -> None:
    route = make_route()
    for days in (0, 1):
        make_schedule(route=route, departs=TEN + timedelta(days=days))

    assert explain(look(), now=TEN) == (
        "Today's departures from Johannesburg to Cape Town have left, or are about to.",
        ["Sat 5 Dec"],
    )


def test_a_past_day_is_said() -> None:
    make_schedule()

    assert explain(look(day=date(2026, 11, 30))) == ("Mon 30 Nov is in the past.", ["Fri 4 Dec"])


def test_a_day_beyond_the_timetable_is_said() -> None:
    make_schedule()

    assert explain(look(day=date(2027, 6, 1))) == (
        "The timetable for Tue 1 Jun is not published yet.",
        ["Fri 4 Dec"],
    )


def test_filters_that_leave_nothing_are_said() -> None:
    make_schedule()

    assert explain(look(band="evening", max_price=Decimal(100))) == (
        "No departure on Fri 4 Dec fits your filters.",
        ["Fri 4 Dec"],
    )


def test_a_pair_that_is_not_sold_is_said() -> None:
    schedule = make_schedule()
    first, _second, last = schedule.route.calls.order_by("position")
    standard = FareClass.objects.get(code="standard")
    Fare.objects.create(
        route=schedule.route, from_stop=first, to_stop=last, fare_class=standard, valid_from=date(2026, 1, 1)
    )

    assert explain(look()) == ("We do not sell tickets from Johannesburg to Cape Town on Fri 4 Dec.", [])


def test_a_route_without_any_departure_is_said() -> None:
    schedule = make_schedule()
    Schedule.objects.filter(pk=schedule.pk).update(status="cancelled")

    assert explain(look()) == ("No coach runs from Johannesburg to Cape Town on Fri 4 Dec.", [])


@pytest.mark.parametrize("ask", [day_prices, explain_empty])
@pytest.mark.parametrize("day", [date.min, date.max])
def test_days_out_of_reach_are_refused(ask: Any, day: date) -> None:
    make_schedule()

    with pytest.raises(RuleBroken, match="within the next year"):
        ask(look(day=day), now=NOW)


@pytest.mark.parametrize("ask", [day_prices, explain_empty])
def test_one_place_as_both_ends_is_refused(ask: Any) -> None:
    make_stop("Johannesburg")

    with pytest.raises(RuleBroken, match="two different places"):
        ask(replace(look("johannesburg", "johannesburg")), now=NOW)


@pytest.mark.parametrize(
    ("text", "day"),
    [("2026-12-01", date(2026, 12, 1)), (" 2027-01-31 ", date(2027, 1, 31)), ("", date(2026, 12, 2))],
)
def test_a_day_is_read_and_is_today_by_the_local_clock_otherwise(text: str, day: date) -> None:
    assert read_day(text, now=datetime(2026, 12, 1, 22, 30, tzinfo=UTC)) == day


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01",
        "9999-12-31",
        "0000-00-00",
        "2026-02-30",
        "tomorrow",
        "01/12/2026",
        "\x00",
        "2026-12-01" * 9,
        "-1",
        "٢٠٢٦-12-01x",
    ],
)
def test_a_day_that_cannot_be_is_refused_in_words(text: str) -> None:
    with pytest.raises(RuleBroken, match="Please"):
        read_day(text, now=NOW)
