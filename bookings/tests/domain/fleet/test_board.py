"""Which coach drives what, and what cannot work with it."""

from datetime import date, timedelta

import pytest

from bookings.base.errors import Conflict
from bookings.domain.fleet.board import Clash, assign_coach, fleet_board, list_candidates
from bookings.models import AuditEntry, Bus, OutOfService, Schedule, User
from bookings.tests.make import NOW, make_booking, make_bus, make_layout, make_route, make_schedule, make_user

pytestmark = pytest.mark.django_db
OUT, BACK = ("Johannesburg", "Cape Town"), ("Cape Town", "Johannesburg")


@pytest.fixture
def coach() -> Bus:
    return make_bus(number="F100")


def _drive(coach: Bus, cities: tuple[str, ...], hours: float) -> Schedule:
    """A departure of this coach in so many hours; it takes two."""
    schedule = make_schedule(
        route=make_route(*cities), layout=coach.layout, departs=NOW + timedelta(hours=hours)
    )
    Schedule.objects.filter(pk=schedule.pk).update(bus=coach)
    return schedule


def _clashes() -> list[tuple[int, str, str]]:
    shown = fleet_board(NOW, NOW + timedelta(days=7))
    return [(warning.run.schedule_id, warning.clash, warning.detail) for warning in shown.warnings]


def test_there_and_back_with_time_to_turn_is_fine(coach: Bus) -> None:
    _drive(coach, OUT, 1)
    _drive(coach, BACK, 4)

    assert _clashes() == []


@pytest.mark.parametrize(
    ("cities", "hours", "clash", "detail"),
    [
        (BACK, 2, Clash.TWO_PLACES, "Johannesburg → Cape Town"),
        (BACK, 3.5, Clash.SHORT_TURN, "30"),
        (OUT, 9, Clash.ELSEWHERE, "Cape Town"),
    ],
)
def test_a_coach_is_at_one_place_and_needs_time_to_turn(
    coach: Bus, cities: tuple[str, ...], hours: float, clash: Clash, detail: str
) -> None:
    _drive(coach, OUT, 1)
    second = _drive(coach, cities, hours)

    assert _clashes() == [(second.pk, clash, detail)]


def test_days_out_and_other_seats_are_told(coach: Bus) -> None:
    schedule = _drive(coach, OUT, 1)
    make_booking(schedule=schedule)
    OutOfService.objects.create(bus=coach, starts_on=date(2026, 12, 1), reason="Gearbox")
    Bus.objects.filter(pk=coach.pk).update(layout=make_layout(seats=4))

    assert _clashes() == [
        (schedule.pk, Clash.OUT_OF_SERVICE, "Gearbox"),
        (schedule.pk, Clash.OTHER_LAYOUT, "4 seats"),
    ]


def test_a_coach_is_assigned_unless_it_takes_a_swap(coach: Bus) -> None:
    schedule, manager = _drive(coach, OUT, 1), make_user(role=User.Role.MANAGER)
    same, other = make_bus(layout=coach.layout, number="F200"), make_bus(number="F300")

    saved = assign_coach(schedule.pk, same.pk, actor=manager, now=NOW)
    with pytest.raises(Conflict, match="other seats than those on sale"):
        assign_coach(schedule.pk, other.pk, actor=manager, now=NOW)

    assert Schedule.objects.get().bus == same
    assert saved.revision == schedule.revision + 1
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after) == ({"coach": "F100"}, {"coach": "F200"})
    candidates = {row.coach.bus_number: row for row in list_candidates(saved)}
    assert [candidates[number].is_possible for number in ("F100", "F200", "F300")] == [True, True, False]


def test_the_board_asks_as_often_however_many_coaches_there_are(
    coach: Bus, django_assert_num_queries: object
) -> None:
    for number in range(3):
        _drive(make_bus(layout=coach.layout), OUT, number + 1)

    with django_assert_num_queries(6):  # type: ignore[operator]
        fleet_board(NOW, NOW + timedelta(days=7))
