"""Public holidays, and what a service does on them.

The library knows the movable and the one-off days of each country, which a table of ours would miss.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

import holidays
from django.utils.translation import gettext_lazy as _

_SUNDAY: Final = 6
_MOST: Final = 400  # days ahead that a plan without an end is looked at
LIKE_SUNDAY, NOT_AT_ALL, ALWAYS = "sunday", "not", "always"
RULES: Final = (
    (LIKE_SUNDAY, _("runs as on Sundays")),
    (NOT_AT_ALL, _("does not run")),
    (ALWAYS, _("runs")),
)


def public_holidays(country: str, first: date, last: date | None) -> dict[date, str]:
    """The days and their names; none of a country that the library does not know."""
    last = min(last or date.max, first + timedelta(days=_MOST))
    if country not in holidays.list_supported_countries():
        return {}
    known = holidays.country_holidays(country, years=range(first.year, last.year + 1))
    return {day: name for day, name in sorted(known.items()) if first <= day <= last}


def holiday_exceptions(rule: str, weekdays: int, days: Mapping[date, str]) -> dict[date, bool]:
    """The days (runs or not) on which the rule changes what the weekdays say."""
    runs = {
        LIKE_SUNDAY: bool(weekdays >> _SUNDAY & 1),
        NOT_AT_ALL: False,
        ALWAYS: True,
    }[rule]
    return {day: runs for day in days if bool(weekdays >> day.weekday() & 1) != runs}
