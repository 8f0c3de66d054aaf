"""The lowest price of each day around the one searched for, and why a day has no departures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db.models import Max, Min
from django.utils.translation import gettext as _

from bookings.base.codes import sha256
from bookings.base.dates import day_text
from bookings.base.money import format_zar
from bookings.cache.reference_data import reference_data_version, single_version_check
from bookings.domain.inventory.wheelchair_places import next_release
from bookings.domain.search.availability import taken_until
from bookings.domain.search.offers import FRESH_SECONDS, Search, check_ends
from bookings.domain.search.pricing import PriceList, price_list
from bookings.domain.search.segments import (
    FARTHEST_DAYS,
    Departure,
    RouteSegment,
    check_day,
    find_departures,
    find_route_segments,
)
from bookings.models import Schedule

NEAR_DAYS: Final = 14
NEAREST: Final = 4
FIRST_LOOK: Final = 2


@dataclass(frozen=True)
class DayPrice:
    day: date
    label: str  # Tue 1 Dec
    price: str  # from R850, for the party; "" if there is nothing for it
    is_chosen: bool
    is_past: bool
    is_lowest: bool
    is_full: bool  # something runs, but no departure has seats for the party


@dataclass(frozen=True)
class NoResults:
    reason: str
    nearest: list[DayPrice]  # days that have departures with enough seats


@single_version_check()
def day_prices(search: Search, *, now: datetime, days: int = 7) -> list[DayPrice]:
    """The lowest price for the party on each day around the chosen one, among departures with enough seats.

    Seven queries, six when it is kept.
    """
    check_day(search.day, now)
    check_ends(search)
    return _strip(search, find_route_segments(search.origin.stop_ids, search.destination.stop_ids), now, days)


@single_version_check()
def explain_empty(search: Search, *, now: datetime) -> NoResults:
    """Why a search gives nothing, and the nearest days on which it would."""
    check_day(search.day, now)
    check_ends(search)
    segments = find_route_segments(search.origin.stop_ids, search.destination.stop_ids)
    ends = {"origin": search.origin.name, "destination": search.destination.name}
    if not segments:
        return NoResults(_("There is no direct coach from %(origin)s to %(destination)s.") % ends, [])
    plain = search.without_filters()
    strip = [offered_day for offered_day in _strip(plain, segments, now, NEAR_DAYS) if offered_day.price]
    if not strip:
        strip = [
            offered_day
            for day in _published_around(segments, search, now)
            for offered_day in _strip(plain, segments, now, 0, day)
            if offered_day.price
        ]
    closest = sorted(strip, key=lambda offered_day: abs((offered_day.day - search.day).days))[:NEAREST]
    return NoResults(
        _reason(search, segments, now) % (ends | {"day": day_text(search.day)}),
        sorted(closest, key=lambda offered_day: offered_day.day),
    )


def _strip(
    search: Search, segments: list[RouteSegment], now: datetime, days: int, around: date | None = None
) -> list[DayPrice]:
    middle = around or search.day
    shown = [middle + timedelta(days=offset) for offset in range(-days, days + 1)]
    departures = find_departures(segments, shown[0], shown[-1], now=now)
    lowest = _lowest_by_day(departures, price_list(departures, search.party, search.fare_class), now)
    today = local_today(search.origin.time_zone, now)
    best = min((total for total in lowest.values() if total is not None), default=None)
    return [
        DayPrice(
            day=day,
            label=day_text(day),
            price="" if total is None else _("from %(price)s") % {"price": format_zar(total)},
            is_chosen=day == search.day,
            is_past=day < today,
            is_lowest=total == best is not None,
            is_full=day in lowest and total is None,
        )
        for day in shown
        for total in [lowest.get(day)]
    ]


def _lowest_by_day(
    departures: list[Departure], prices: PriceList, now: datetime
) -> dict[date, Decimal | None]:
    """The lowest price of each day on which something is sold; None without enough seats.

    Kept while no departure's revision changes and no hold on them ends.
    """
    rows = [
        (departure.id, departure.revision, departure.boards_at.timestamp(), departure.price_zar)
        for departure in departures
    ]
    mark = reference_data_version()
    key = f"days:{sha256(repr((mark, rows, prices.party, prices.fare_class)))[:40]}"
    cached = cache.get(key) if mark else None
    if cached is None or now.timestamp() >= cached["until"]:
        lowest, expiry = _read_lowest(departures, prices, now)
        until = min(now + timedelta(seconds=FRESH_SECONDS), expiry or datetime.max.replace(tzinfo=UTC))
        cached = {
            "until": until.timestamp(),
            "lowest": {
                day.isoformat(): None if total is None else str(total) for day, total in lowest.items()
            },
        }
        if mark:
            cache.set(key, cached, FRESH_SECONDS)
    return {
        date.fromisoformat(day): None if total is None else Decimal(total)
        for day, total in cached["lowest"].items()
    }


def _read_lowest(
    departures: list[Departure], prices: PriceList, now: datetime
) -> tuple[dict[date, Decimal | None], datetime | None]:
    """Looks at the seats of each day's cheapest departures, and at the others only where those leave it open.

    Two queries at most.
    """
    by_day: dict[date, list[tuple[Decimal, int, Departure]]] = {}  # with what they cost at least
    for departure, quote in prices.lowest(departures):
        by_day.setdefault(departure.boards_local.date(), []).append((quote.total, departure.id, departure))
    lowest: dict[date, Decimal] = {}
    expiries = []
    for part in (slice(FIRST_LOOK), slice(FIRST_LOOK, None)):
        rows = [
            departure
            for day, quoted in by_day.items()
            for least, _id, departure in sorted(quoted)[part]
            if day not in lowest or least < lowest[day]
        ]
        if not rows:
            break
        taken, expiry = taken_until(rows, now=now)
        expiries += [expiry] if expiry else []
        expiries += filter(None, [next_release((row.boards_at for row in rows), now)])
        for departure, quote in prices.quotes(rows, taken, now=now):
            day = departure.boards_local.date()
            if (quote.free or 0) >= prices.party.size:
                lowest[day] = min(quote.total, lowest.get(day, quote.total))
    return {day: lowest.get(day) for day in by_day}, min(expiries, default=None)


def local_today(time_zone: str, now: datetime) -> date:
    return now.astimezone(ZoneInfo(time_zone)).date()


def _published_around(segments: list[RouteSegment], search: Search, now: datetime) -> list[date]:
    """The last day before the chosen one and the first after it that have a departure at all."""
    zone, today = ZoneInfo(search.origin.time_zone), local_today(search.origin.time_zone, now)
    offset = timedelta(minutes=min(segment.board.depart_min for segment in segments))
    middle = datetime.combine(search.day, datetime.min.time(), zone)
    ahead = Schedule.objects.on_sale().filter(
        route__in=[segment.board.route_id for segment in segments], departure_time__gt=now - timedelta(days=2)
    )
    before = ahead.filter(departure_time__lt=middle - offset).aggregate(moment=Max("departure_time"))[
        "moment"
    ]
    after = ahead.filter(departure_time__gte=middle - offset).aggregate(moment=Min("departure_time"))[
        "moment"
    ]
    days = {(departs + offset).astimezone(zone).date() for departs in (before, after) if departs}
    return sorted(day for day in days if today <= day and (day - today).days <= FARTHEST_DAYS)


def _reason(search: Search, segments: list[RouteSegment], now: datetime) -> str:
    today = local_today(search.origin.time_zone, now)
    if search.day < today:
        return _("%(day)s is in the past.")
    if left := find_departures(segments, search.day, search.day, now=now):
        if search.has_filters and price_list(left, search.party).sold(left):
            return _("No departure on %(day)s fits your filters.")
        return _("We do not sell tickets from %(origin)s to %(destination)s on %(day)s.")
    if search.day == today and find_departures(segments, today, today):
        return _("Today's departures from %(origin)s to %(destination)s have left, or are about to.")
    last = (
        Schedule.objects.on_sale()
        .filter(route__in=[segment.board.route_id for segment in segments])
        .aggregate(last=Max("departure_time"))["last"]
    )
    if last and search.day > local_today(search.origin.time_zone, last) + timedelta(days=1):
        return _("The timetable for %(day)s is not published yet.")
    return _("No coach runs from %(origin)s to %(destination)s on %(day)s.")
