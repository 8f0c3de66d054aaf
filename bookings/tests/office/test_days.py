from datetime import date

import pytest
from django.core.exceptions import ValidationError

from bookings.office.forms.days import read_day_keys

TODAY = date(2026, 12, 1)  # a Tuesday


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("", date(2026, 12, 1)),
        ("t", date(2026, 12, 1)),
        (" Today ", date(2026, 12, 1)),
        ("tom", date(2026, 12, 2)),
        ("+", date(2026, 12, 2)),
        ("+2", date(2026, 12, 3)),
        ("-1", date(2026, 11, 30)),
        ("tue", date(2026, 12, 1)),
        ("fri", date(2026, 12, 4)),
        ("Mo", date(2026, 12, 7)),
        ("3", date(2026, 12, 3)),
        ("31", date(2026, 12, 31)),
        ("2512", date(2026, 12, 25)),
        ("3011", date(2027, 11, 30)),
        ("2902", date(2028, 2, 29)),
        ("25/12", date(2026, 12, 25)),
        ("251226", date(2026, 12, 25)),
        ("25.12.2027", date(2027, 12, 25)),
        ("25 dec", date(2026, 12, 25)),
        ("Fri 25 December 2026", date(2026, 12, 25)),
        ("2026-12-25", date(2026, 12, 25)),
    ],
)
def test_a_day_is_read_from_few_keys(typed: str, day: date) -> None:
    assert read_day_keys(typed, TODAY) == day


@pytest.mark.parametrize(
    "typed",
    ["32", "3113", "0000", "+999", "xyz", "25 xyz", "2026-13-01", "\x00", "٣", "9" * 40, "t" * 40, "0"],
)
def test_what_is_no_day_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        read_day_keys(typed, TODAY)
