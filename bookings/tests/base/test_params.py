from datetime import date

import pytest

from bookings.base.params import read_day, read_ids, read_int


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        (" 7 ", 7),
        ("99", 99),
        ("007", 1),
        ("", 1),
        ("100", 1),
        ("-1", 1),
        ("1.5", 1),
        ("٣", 1),
        ("9" * 4400, 1),
    ],
)
def test_a_number_is_read_or_the_default_taken(text: str, number: int) -> None:
    assert read_int(text, default=1, most=99) == number


def test_ids_are_read_once_each_and_in_order() -> None:
    assert read_ids(["7", "3", "x", "7", "", "-2", "9" * 30]) == [3, 7]
    assert read_ids([str(number) for number in range(200)]) == list(range(100))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-25", date(2026, 12, 25)),
        ("2026-12-25T10:00", date(2026, 12, 25)),
        ("25 dec", None),
        ("2026-13-01", None),
        ("", None),
    ],
)
def test_a_day_is_read_or_there_is_none(text: str, day: date | None) -> None:
    assert read_day(text) == day
