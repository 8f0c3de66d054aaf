from datetime import date
from itertools import pairwise

import pytest

from bookings.demo.coaches import COACHES, seats_of
from bookings.demo.timetable import (
    PatternCall,
    fares_of,
    line_calls,
    periods,
    plans,
    published_fares,
    read_table,
    reverse,
    shorten,
)
from bookings.models import SeatKind

LINES = sorted(line_calls())


@pytest.mark.parametrize("line", LINES)
def test_the_way_back_takes_the_same_legs_and_stands(line: str) -> None:
    out = line_calls()[line]

    back = reverse(out)

    assert back[0].depart == 0
    assert (back[-1].arrive, back[-1].km) == (out[-1].arrive, out[-1].km)
    assert [call.city for call in back] == [call.city for call in out][::-1]
    assert [call.depart - call.arrive for call in back[1:-1]] == [
        call.depart - call.arrive for call in out[1:-1]
    ][::-1]
    assert reverse(back) == out


def test_every_pattern_moves_on_at_a_coachs_speed() -> None:
    for plan in plans():
        for before, call in pairwise(plan.pattern.calls):
            hours = (call.arrive - before.depart) / 60

            assert hours > 0, plan
            assert 40 < (call.km - before.km) / hours < 115 or call.km - before.km < 60, (
                plan.key,
                before,
                call,
            )


def test_all_fourteen_lines_run_both_ways() -> None:
    ends = {(plan.pattern.calls[0].city, plan.pattern.calls[-1].city) for plan in plans()}

    assert sorted(f"FB{number}" for number in range(1, 15)) == LINES
    assert ends == {(last, first) for first, last in ends}


def test_a_pattern_without_some_stops_gains_their_stands() -> None:
    calls = (
        PatternCall("A", 0, 0, 0),
        PatternCall("B", 100, 90, 110),
        PatternCall("C", 200, 200, 200),
        PatternCall("D", 300, 300, 300),
    )

    assert shorten(calls, skip=frozenset({"B"})) == (
        PatternCall("A", 0, 0, 0),
        PatternCall("C", 200, 175, 175),
        PatternCall("D", 300, 275, 275),
    )
    assert shorten(calls, start="B", end="C") == (PatternCall("B", 0, 0, 0), PatternCall("C", 100, 90, 90))
    assert shorten(calls, start="C", pace=120)[-1].arrive == 120


@pytest.mark.parametrize(
    ("today", "levels"),
    [
        (
            date(2026, 11, 24),
            [
                (date(2026, 11, 17), date(2026, 12, 9)),
                (date(2026, 12, 10), date(2027, 1, 15)),
                (date(2027, 1, 16), None),
            ],
        ),
        (date(2026, 12, 31), [(date(2026, 12, 24), date(2027, 1, 15)), (date(2027, 1, 16), None)]),
        (date(2027, 1, 10), [(date(2027, 1, 3), date(2027, 1, 15)), (date(2027, 1, 16), None)]),
        (
            date(2027, 2, 1),
            [
                (date(2027, 1, 25), date(2027, 12, 9)),
                (date(2027, 12, 10), date(2028, 1, 15)),
                (date(2028, 1, 16), None),
            ],
        ),
    ],
)
def test_price_levels_follow_each_other_without_gap(today: date, levels: list) -> None:
    assert [(level.first, level.last) for level in periods(today)] == levels


def test_the_december_peak_costs_a_quarter_more() -> None:
    normal, peak, after = periods(date(2026, 11, 24))

    assert (normal.price(850), peak.price(850), after.price(850)) == (850, 1060, 850)


def test_every_published_fare_is_sold_on_some_line_in_both_directions() -> None:
    sold = {
        (plan.pattern.calls[i].city, plan.pattern.calls[j].city)
        for plan in plans()
        for i, j, rand in fares_of(plan.pattern)
        if rand
    }

    for pair in published_fares():
        first, second = pair
        assert {(first, second), (second, first)} <= sold


def test_rides_within_another_country_and_local_hops_are_not_sold() -> None:
    windhoek = next(plan.pattern for plan in plans() if plan.key == "fb11-windhoek/out")
    not_sold = {
        (windhoek.calls[i].city, windhoek.calls[j].city) for i, j, rand in fares_of(windhoek) if rand is None
    }

    assert ("Keetmanshoop", "Windhoek") in not_sold
    assert ("Johannesburg", "Krugersdorp") in not_sold
    assert ("Upington", "Windhoek") not in not_sold


def test_every_call_is_at_a_known_city_and_every_plan_on_a_known_coach() -> None:
    cities = {row["city"] for row in read_table("cities")}

    assert {call.city for calls in line_calls().values() for call in calls} <= cities
    assert (
        {plan.layout for plan in plans()}
        == {coach.code for coach in COACHES}
        == {row["layout"] for row in read_table("buses")}
    )
    assert len({row["registration"] for row in read_table("buses")}) == len(read_table("buses"))
    assert len({row["stop_code"] for row in read_table("cities")}) == len(cities)


@pytest.mark.parametrize(
    ("code", "sold", "premium", "windows"),
    [("luxury-60", 60, 10, 32), ("sleeper-44", 44, 10, 24), ("semi-53", 53, 0, 26), ("semi-48", 48, 0, 24)],
)
def test_layouts_have_their_seats(code: str, sold: int, premium: int, windows: int) -> None:
    seats = seats_of(next(coach for coach in COACHES if coach.code == code))
    sellable = [seat for seat in seats if seat.kind != SeatKind.CREW]

    assert len(sellable) == sold
    assert len([seat for seat in seats if seat.kind == SeatKind.PREMIUM]) == premium
    assert [seat.label for seat in seats if seat.kind == SeatKind.ACCESSIBLE] == ["1A", "1B"]
    assert len({seat.label for seat in seats}) == len(seats)
    assert len({(seat.deck, seat.row, seat.column) for seat in seats}) == len(seats)
    assert len([seat for seat in sellable if seat.is_window]) == windows
