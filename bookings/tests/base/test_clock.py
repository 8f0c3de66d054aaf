"""Times and weekdays of a timetable as they are typed and shown."""

import pytest

from bookings.base.clock import clock_text, read_clock
from bookings.base.weekdays import read_weekdays, weekdays_text


@pytest.mark.parametrize(
    ("typed", "after", "minutes"),
    [
        ("08:30", None, 510),
        ("8:30", None, 510),
        ("0830", None, 510),
        ("8h30", None, 510),
        ("8", None, 480),
        ("08:30:00", None, 510),
        ("01:15+1", None, 1515),
        ("25:15", None, 1515),
        ("01:15", 1380, 1515),
        ("01:15", 2820, 2955),
        ("01:15+2", 2820, 2955),
        ("０８：３０", None, 510),
    ],
)
def test_times_are_read(typed: str, after: int | None, minutes: int) -> None:
    assert read_clock(typed, after) == minutes


@pytest.mark.parametrize(
    ("typed", "after"),
    [
        ("", None),
        ("8:60", None),
        ("24:00+1", None),
        ("noon", None),
        ("08:50", 540),
        ("23:00+0", 1500),
        ("9" * 40, None),
    ],
)
def test_what_is_no_time_or_before_the_last_one_is_refused(typed: str, after: int | None) -> None:
    with pytest.raises(ValueError):
        read_clock(typed, after)


def test_times_are_shown_as_they_are_read() -> None:
    assert [clock_text(minutes) for minutes in (0, 510, 1515, 2955)] == [
        "00:00",
        "08:30",
        "01:15+1",
        "01:15+2",
    ]


@pytest.mark.parametrize(
    ("typed", "mask", "shown"),
    [
        ("daily", 127, "daily"),
        ("Mon-Fri", 31, "Mon–Fri"),
        ("1-5", 31, "Mon–Fri"),
        ("135", 0b10101, "Mon, Wed, Fri"),
        ("fri, sun", 0b1010000, "Fri, Sun"),
        ("sat-mon", 0b1100001, "Mon, Sat, Sun"),
        ("weekend", 0b1100000, "Sat, Sun"),
        ("Mon – Fri", 31, "Mon–Fri"),
    ],
)
def test_weekdays_are_read_and_shown(typed: str, mask: int, shown: str) -> None:
    assert read_weekdays(typed) == mask
    assert weekdays_text(mask) == shown
    assert read_weekdays(shown) == mask


@pytest.mark.parametrize("typed", ["", "8", "m", "moon", "mon-", "-", "x-fri"])
def test_what_is_no_weekday_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):
        read_weekdays(typed)
