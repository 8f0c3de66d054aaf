"""What a service does on public holidays."""

from datetime import date

import pytest

from bookings.domain.timetable.public_holidays import holiday_exceptions, public_holidays

CHRISTMAS = public_holidays("ZA", date(2026, 12, 1), date(2026, 12, 31))


def test_the_holidays_of_a_season() -> None:
    assert list(CHRISTMAS) == [date(2026, 12, 16), date(2026, 12, 25), date(2026, 12, 26)]
    assert date(2027, 3, 29) in public_holidays("ZA", date(2026, 12, 1), None)
    assert public_holidays("", date(2026, 12, 1), None) == {}


@pytest.mark.parametrize(
    ("rule", "weekdays", "exceptions"),
    [
        ("not", 0b0011111, {16: False, 25: False}),
        ("always", 0b0011111, {26: True}),
        ("sunday", 0b0011111, {16: False, 25: False}),
        ("sunday", 0b1000000, {16: True, 25: True, 26: True}),
    ],
)
def test_only_days_that_change_are_exceptions(rule: str, weekdays: int, exceptions: dict[int, bool]) -> None:
    changed = holiday_exceptions(rule, weekdays, CHRISTMAS)

    assert {day.day: runs for day, runs in changed.items()} == exceptions
