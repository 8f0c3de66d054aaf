from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.domain.timetable.calendars import Calendar, calendar_of, is_time_zone, start_of_service_day
from bookings.models import EVERY_DAY


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        (date(2026, 12, 7), "Africa/Johannesburg", datetime(2026, 12, 6, 22, tzinfo=UTC)),
        (date(2026, 3, 28), "Europe/Berlin", datetime(2026, 3, 27, 23, tzinfo=UTC)),
        (
            date(2026, 3, 29),
            "Europe/Berlin",
            datetime(2026, 3, 28, 22, tzinfo=UTC),
        ),  # 23:00 the day before by the clock
        (date(2026, 10, 25), "Europe/Berlin", datetime(2026, 10, 24, 23, tzinfo=UTC)),  # 01:00 by the clock
    ],
)
def test_a_service_day_starts_12_hours_before_noon(day: date, zone: str, expected: datetime) -> None:
    assert start_of_service_day(day, zone) == expected


@pytest.mark.parametrize(
    ("day", "runs"),
    [
        (date(2028, 2, 28), True),  # a Monday
        (date(2028, 2, 29), False),
        (date(2028, 3, 6), False),  # taken out
        (date(2028, 3, 7), True),  # added
        (date(2028, 2, 21), False),  # before it starts
        (date(2028, 4, 30), True),  # added after its end
    ],
)
def test_calendar_puts_exceptions_before_weekdays_and_dates(day: date, runs: bool) -> None:
    exceptions = {date(2028, 3, 6): False, date(2028, 3, 7): True, date(2028, 4, 30): True}

    calendar = Calendar(0b0000001, date(2028, 2, 28), date(2028, 3, 31), exceptions)

    assert calendar.runs_on(day) is runs


def test_calendar_without_an_end_runs_for_ever() -> None:
    assert Calendar(EVERY_DAY, date(2026, 1, 1), None).runs_on(date(2060, 2, 29))


def test_calendar_tells_only_exceptions_that_change_something() -> None:
    calendar = Calendar(
        EVERY_DAY, date(2026, 1, 1), date(2026, 1, 31), {date(2026, 1, 5): True, date(2026, 1, 6): False}
    )

    assert calendar.relevant_exceptions() == {date(2026, 1, 6): False}


def test_calendar_moves_with_its_exceptions() -> None:
    calendar = Calendar(0b1, date(2026, 1, 5), date(2026, 1, 26), {date(2026, 1, 12): False})

    moved = calendar.moved(timedelta(weeks=2))

    assert moved == Calendar(0b1, date(2026, 1, 19), date(2026, 2, 9), {date(2026, 1, 26): False})


def test_time_zones_are_known_by_name() -> None:
    assert is_time_zone("Africa/Johannesburg")
    assert not is_time_zone("Africa")
    assert not is_time_zone("../../etc/passwd")


@given(st.sets(st.dates(date(2026, 11, 1), date(2027, 2, 28)), min_size=1))
def test_a_calendar_made_of_days_runs_on_exactly_those(days: set[date]) -> None:
    calendar = calendar_of(days)

    span = [date(2026, 10, 25) + timedelta(days=number) for number in range(150)]
    assert {day for day in span if calendar.runs_on(day)} == days
    assert len(calendar.exceptions) <= min(len(days) + 60, 120)


def test_a_weekly_plan_with_holes_needs_an_exception_for_each_hole_only() -> None:
    days = {date(2026, 11, 2) + timedelta(days=number) for number in range(56)}
    workdays = {day for day in days if day.weekday() < 5} - {date(2026, 11, 11)}

    calendar = calendar_of(workdays | {date(2026, 11, 14)})

    assert calendar.weekdays == 0b0011111
    assert calendar.exceptions == {date(2026, 11, 11): False, date(2026, 11, 14): True}
