from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import formats

from bookings.base.dates import day_mark, day_text, duration_text, read_typed_day, time_text
from bookings.tests.base import examples


def test_a_day_is_written_as_by_the_date_filter() -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]

    assert [day_text(day) for day in days] == [formats.date_format(day, "D j M") for day in days]
    assert day_text(date(2026, 12, 1)) == "Tue 1 Dec"


@pytest.mark.parametrize(
    ("days", "text"), [(0, ""), (1, "+1 day"), (2, "+2 days"), (-1, "−1 day"), (-2, "−2 days")]
)
def test_another_day_is_marked(days: int, text: str) -> None:
    first = date(2026, 12, 31)

    assert day_mark(first + timedelta(days=days), first) == text


def test_a_time_says_its_day_beside_any_other_day() -> None:
    monday, tuesday = date(2026, 11, 30), date(2026, 12, 1)
    late = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)

    assert time_text(late) == time_text(late, monday) == "23:30"
    assert time_text(late, tuesday) == time_text(late, monday, tuesday) == "23:30 on Mon 30 Nov"


@pytest.mark.parametrize(("minutes", "text"), [(0, "0 h 00"), (65, "1 h 05"), (1140, "19 h 00")])
def test_durations_are_short(minutes: int, text: str) -> None:
    assert duration_text(minutes) == text


TODAY = date(2026, 12, 1)  # a Tuesday
DAYS = examples("days")


@pytest.mark.parametrize(("typed", "day"), DAYS["typed on Tuesday 2026-12-01, meant"])
def test_a_day_is_read_from_few_keys_or_as_pages_print_it(typed: str, day: str) -> None:
    assert read_typed_day(typed, TODAY).isoformat() == day


@pytest.mark.parametrize("typed", [*DAYS["no day"], "\x00x"])
def test_what_is_no_day_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):
        read_typed_day(typed, TODAY)


def test_the_days_that_are_written_are_read_back() -> None:
    days = [TODAY + timedelta(days=number) for number in range(365)]

    assert [read_typed_day(day_text(day), TODAY) for day in days] == days
    assert [read_typed_day(day.isoformat(), TODAY) for day in days] == days
