"""calendar.txt and calendar_dates.txt."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.utils.translation import gettext as _

from bookings.domain.timetable.calendars import Calendar
from bookings.domain.timetable.gtfs.enumerations import read_code, weekday_bits
from bookings.domain.timetable.gtfs.problems import Problems
from bookings.domain.timetable.gtfs.reader import Feed, Row
from bookings.domain.timetable.gtfs.values import an_id, day

_ADDED: Final = 1


def read_calendars(feed: Feed, problems: Problems) -> dict[str, Calendar]:
    """The calendar of each service_id, from the two files together."""
    weekly = _weekly(feed, problems)
    exceptions = _exceptions(feed, problems)
    validity = _validity(feed, problems)
    calendars = {}
    for service_id in [*weekly, *(exception for exception in exceptions if exception not in weekly)]:
        said = exceptions.get(service_id, {})
        base = weekly.get(service_id) or Calendar(0, min(said), max(said))
        calendar = Calendar(base.weekdays, base.starts_on, base.ends_on, said)
        calendars[service_id] = calendar.within(*validity) if any(validity) else calendar
    return calendars


def _validity(feed: Feed, problems: Problems) -> tuple[date | None, date | None]:
    """The first and last day for which the feed says to hold. An impossible pair holds for ever."""
    days: dict[str, date] = {}
    for row in feed.rows("feed_info.txt"):
        for column in ("feed_start_date", "feed_end_date"):
            try:
                if row[column]:
                    days.setdefault(column, day(row[column]))
            except ValueError as error:
                problems.add("feed_info.txt", row.line, str(error))
    first, last = days.get("feed_start_date"), days.get("feed_end_date")
    if first and last and last < first:
        problems.add("feed_info.txt", 2, _("feed_info.txt ends before it starts; its dates are ignored"))
        return None, None
    return first, last


def _weekly(feed: Feed, problems: Problems) -> dict[str, Calendar]:
    calendars: dict[str, Calendar] = {}
    for row in feed.rows("calendar.txt"):
        try:
            service_id = an_id(row["service_id"])
            if service_id in calendars:
                raise ValueError(_("service %(id)s is listed twice; the first is used") % {"id": service_id})
            calendars[service_id] = _calendar(row)
        except ValueError as error:
            problems.add("calendar.txt", row.line, str(error))
    return calendars


def _calendar(row: Row) -> Calendar:
    weekdays = sum(weekday_bits(row))
    starts_on, ends_on = day(row["start_date"]), day(row["end_date"])
    if ends_on < starts_on:
        raise ValueError(_("service %(id)s ends before it starts") % {"id": row["service_id"]})
    return Calendar(weekdays, starts_on, ends_on)


def _exceptions(feed: Feed, problems: Problems) -> dict[str, dict[date, bool]]:
    exceptions: dict[str, dict[date, bool]] = {}
    for row in feed.rows("calendar_dates.txt"):
        try:
            service_id, when = an_id(row["service_id"]), day(row["date"])
            exceptions.setdefault(service_id, {})[when] = read_code(row, "exception_type") == _ADDED
        except ValueError as error:
            problems.add("calendar_dates.txt", row.line, str(error))
    return exceptions
