"""The business day of a statement is South Africa's, wherever the company's clocks are."""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

SOUTH_AFRICA: Final = ZoneInfo("Africa/Johannesburg")
_ONE_DAY: Final = timedelta(days=1)


def business_day(moment: datetime) -> date:
    return moment.astimezone(SOUTH_AFRICA).date()


def first_moment(day: date) -> datetime:
    return datetime.combine(day, time.min, SOUTH_AFRICA)


def last_days(now: datetime, number: int) -> list[date]:
    """The days before today, the earliest first."""
    return [business_day(now) - _ONE_DAY * back for back in range(number, 0, -1)]
