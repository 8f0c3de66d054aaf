from datetime import date, timedelta

from django.utils import formats

from bookings.base.dates import day_text


def test_a_day_is_written_as_by_the_date_filter() -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]

    assert [day_text(day) for day in days] == [formats.date_format(day, "D j M") for day in days]
    assert day_text(date(2026, 12, 1)) == "Tue 1 Dec"
