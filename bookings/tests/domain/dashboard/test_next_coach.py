"""The seats of the next coach, beside what was sold last."""

from datetime import timedelta
from typing import Any

import pytest

from bookings.domain.dashboard.next_coach import NextCoach, next_coach
from bookings.domain.dashboard.today import not_gone
from bookings.domain.inventory.seat_choice import layout_seats
from bookings.models import SaleStatus, Schedule
from bookings.tests.make import NOW, make_booking, make_branch, make_schedule

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def coach_at(city: str = "Johannesburg") -> NextCoach:
    branch = make_branch(city)
    return next_coach(branch, not_gone(branch, NOW), now=NOW)


def states(coach: NextCoach) -> list[str]:
    return [seat.state for seat in coach.seats]


@pytest.mark.database
def test_each_seat_is_as_it_is_from_this_stop_on() -> None:
    schedule = make_schedule(departs=NOW + HOUR)
    make_booking(schedule=schedule, last=1)
    make_booking(schedule=schedule, first=1, status=SaleStatus.PENDING)

    assert (states(coach_at())[:2], coach_at().counts["free"]) == (["sold", "free"], 7)
    assert states(coach_at("Bloemfontein"))[:2] == ["held", "free"]


@pytest.mark.parametrize("change", [{"status": "cancelled"}, {"is_active": False}, {"status": "closed"}])
def test_it_is_the_first_that_is_sold(change: dict[str, Any]) -> None:
    first, second = make_schedule(departs=NOW + HOUR), make_schedule(departs=NOW + 2 * HOUR)
    make_booking(schedule=first)
    assert coach_at().departure.id == first.pk
    Schedule.objects.filter(pk=first.pk).update(**change)

    assert coach_at().departure.id == second.pk


def test_without_a_coach_there_is_nothing_to_draw() -> None:
    assert (coach_at().departure, coach_at().seats) == (None, ())


def test_it_costs_one_statement(django_assert_num_queries: Any) -> None:
    schedule = make_schedule(departs=NOW + HOUR)
    make_booking(schedule=schedule)
    coach = coach_at()
    layout_seats(schedule.layout_id)

    with django_assert_num_queries(2):  # version, claims
        assert coach.seats
