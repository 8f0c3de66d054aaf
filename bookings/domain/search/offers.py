"""The departures from one place to another on a day, priced for a party."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from math import ceil
from typing import Final, TypedDict
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from bookings.base.codes import sha256
from bookings.base.dates import day_mark, day_text, duration_text
from bookings.base.errors import Refusal
from bookings.base.money import format_zar
from bookings.cache.reference_data import reference_data_version, single_version_check
from bookings.domain.company.settings import company_settings
from bookings.domain.fares.prices import Party
from bookings.domain.inventory.wheelchair_places import are_places_reserved, next_release
from bookings.domain.network.places import Place
from bookings.domain.search.availability import TakenByDeparture, TakenSeats, taken_until
from bookings.domain.search.pricing import PriceList, PriceQuote, price_list
from bookings.domain.search.segments import (
    Departure,
    RouteSegment,
    check_day,
    find_departures,
    find_route_segments,
)
from bookings.domain.timetable.trips import expected_text
from bookings.models import FareClass

BANDS: Final = {
    "night": range(6),
    "morning": range(6, 12),
    "afternoon": range(12, 18),
    "evening": range(18, 24),
}  # hours of boarding
SORTS: Final = ("earliest", "cheapest", "fastest")
FEW_SEATS: Final = 5
LONGEST_PAGE: Final = 100
FRESH_SECONDS: Final = 300
FRESH_EMPTY_SECONDS: Final = 30  # no row speaks for the other days that an empty list may name


@dataclass(frozen=True)
class Search:
    """What somebody looks for, cleaned. A sort or band that we do not know counts as none."""

    origin: Place
    destination: Place
    day: date  # by the clock of the boarding stop
    party: Party
    sort: str = "earliest"  # of SORTS
    band: str = ""  # of BANDS
    fare_class: str = ""  # code; "" is the cheapest
    max_price: Decimal | None = None  # of the party
    page: int = 1
    page_size: int = 20

    @property
    def has_filters(self) -> bool:
        return bool(self.band or self.fare_class or self.max_price is not None)

    def without_filters(self) -> Search:
        return replace(self, band="", fare_class="", max_price=None)


@dataclass(frozen=True)
class Offer:
    """A row of a list of departures, in ready words."""

    schedule_id: int
    from_ref: str  # stop code@position, for the address of the departure's page
    to_ref: str
    departs: str  # 17:00
    departs_iso: str
    arrives: str
    arrives_iso: str
    day_mark: str  # "" or +1 day
    duration: str  # 19 h 00
    minutes: int
    board_stop: str
    alight_stop: str
    line: str
    layout: str
    price: str  # of the whole party
    price_each: str  # of an adult
    price_zar: Decimal  # of the whole party
    each_zar: Decimal  # of an adult
    free: int  # seats
    seats_left: str  # "" unless few
    state: str  # open, sold_out
    amenities: tuple[str, ...]
    note: str  # Relief coach 2
    day_label: str  # Tue 1 Dec
    segment: RouteSegment
    boards_at: datetime
    fare_classes: tuple[FareClass, ...]  # sold on it
    departs_note: str = ""  # "expected Wed 00:35": what was told that the plan does not say
    arrives_note: str = ""
    shows_day: bool = False  # it is expected on another day than planned
    expected_at: datetime | None = None  # where it boards, if that is not as planned
    call_changes: str = ""


class _ChangedTimes(TypedDict, total=False):
    """The fields of an offer that only a coach has that does not keep its plan."""

    departs_note: str
    arrives_note: str
    shows_day: bool
    expected_at: datetime | None
    call_changes: str


@dataclass(frozen=True)
class ResultsPage:
    """A page of results. Claims are asked for when `offers` or `fresh_for` is first read.

    A list still kept under `cache_key` needs neither.
    """

    total: int
    page: int
    pages: int
    page_size: int
    cache_key: str
    _make: Callable[[], tuple[tuple[Offer, ...], int]] = field(repr=False)

    @cached_property
    def _made(self) -> tuple[tuple[Offer, ...], int]:
        return self._make()

    @property
    def offers(self) -> tuple[Offer, ...]:
        return self._made[0]

    @property
    def fresh_for(self) -> int:
        """For how many seconds it stays true while its key does."""
        return self._made[1]

    @property
    def has_previous(self) -> bool:
        return self.page > 1

    @property
    def has_next(self) -> bool:
        return self.page < self.pages


@single_version_check()
def results(search: Search, *, now: datetime, channel: str = "web") -> ResultsPage:
    """The departures that fit a search, one page of them. Raises Refusal for ends that are one place and for
    impossible days.

    Departures that `channel` no longer sells are left out; sold-out ones stay.
    """
    rows, prices, taken = _departures_of(search, now, channel)
    page_size = min(max(search.page_size, 1), LONGEST_PAGE)
    pages = max(1, ceil(len(rows) / page_size))
    page = min(max(search.page, 1), pages)
    shown = rows[(page - 1) * page_size : page * page_size]

    def make() -> tuple[tuple[Offer, ...], int]:
        seats, expiry = taken or taken_until(shown, now=now)
        return _offers(shown, prices, seats, now), fresh_seconds(shown, expiry, now=now, channel=channel)

    return ResultsPage(
        total=len(rows),
        page=page,
        pages=pages,
        page_size=page_size,
        cache_key=_cache_key(search, shown, len(rows), (page, page_size), now),
        _make=make,
    )


def offers_window(
    search: Search, *, now: datetime, channel: str
) -> Callable[[int, int], Sequence[tuple[Departure, Offer]]]:
    """The rows of `results`, with their departures, for whoever counts pages by themselves.

    (first, count) → offers. Raises Refusal as `results` does.
    """
    rows, prices, taken = _departures_of(search, now, channel)

    def window(first: int, count: int) -> Sequence[tuple[Departure, Offer]]:
        shown = {departure.id: departure for departure in rows[first : first + count]}
        offers = _offers(
            list(shown.values()), prices, (taken or taken_until(shown.values(), now=now))[0], now
        )
        return [(shown[offer.schedule_id], offer) for offer in offers]

    return window


def _departures_of(
    search: Search, now: datetime, channel: str
) -> tuple[list[Departure], PriceList, TakenSeats | None]:
    check_day(search.day, now)
    check_ends(search)
    segments = find_route_segments(search.origin.stop_ids, search.destination.stop_ids)
    departures = find_departures(segments, search.day, search.day, now=now, channel=channel)
    prices = price_list(departures, search.party, search.fare_class)
    rows, taken = _chosen(search, departures, prices, now)
    return rows, prices, taken


def check_ends(search: Search) -> None:
    if set(search.origin.stop_ids) == set(search.destination.stop_ids):
        raise Refusal(_("Please choose two different places."))


def _chosen(
    search: Search, departures: Iterable[Departure], prices: PriceList, now: datetime
) -> tuple[list[Departure], TakenSeats | None]:
    """The rows of all pages in order; with the seats taken on them, where price decides."""
    hours = BANDS.get(search.band, range(24))
    rows = [departure for departure in prices.sold(departures) if departure.boards_local.hour in hours]
    # Stable sorts: equal ones stay by time.
    if search.sort == "fastest":
        rows.sort(key=lambda departure: departure.segment.minutes)
    if search.sort != "cheapest" and search.max_price is None:
        return rows, None
    taken, expiry = taken_until(rows, now=now)  # which class still has seats decides the price
    totals = {departure.id: quote.total for departure, quote in prices.quotes(rows, taken, now=now)}
    if search.max_price is not None:
        rows = [departure for departure in rows if totals[departure.id] <= search.max_price]
    if search.sort == "cheapest":
        rows.sort(key=lambda departure: totals[departure.id])
    return rows, (taken, expiry)


def _cache_key(
    search: Search, rows: list[Departure], total: int, page: tuple[int, int], now: datetime
) -> str:
    """All that decides what the list shows.

    Seats change a departure's revision, names and fares the mark. Empty: it cannot be kept.
    """
    mark = reference_data_version()
    if not mark:
        return ""
    decides = [
        mark,
        get_language(),
        search.origin.ref,
        search.destination.ref,
        search.day,
        search.party,
        search.sort,
        search.band,
        search.fare_class,
        search.max_price,
        page,
        total,
    ]
    decides += [
        (
            departure.id,
            departure.revision,
            departure.boards_at.timestamp(),
            departure.coach,
            departure.layout_id,
            departure.price_zar,
            are_places_reserved(departure.boards_at, now),
        )
        for departure in rows
    ]
    return f"results:{sha256(repr(decides))[:40]}"


def fresh_seconds(rows: list[Departure], expiry: datetime | None, *, now: datetime, channel: str) -> int:
    """For how long a list of these departures stays true while their revisions do.

    Until a hold, at `expiry`, or a sale on them ends, or places for wheelchairs are released.
    """
    if not rows:
        return FRESH_EMPTY_SECONDS
    closing = timedelta(minutes=company_settings.sales_close(channel))
    ends = [min(departure.expected_boards_at for departure in rows) - closing]
    if expiry:
        ends.append(expiry)
    if release := next_release((departure.boards_at for departure in rows), now):
        ends.append(release)
    return max(1, min(FRESH_SECONDS, int((min(ends) - now).total_seconds())))


def make_offers(rows: list[Departure], prices: PriceList, *, now: datetime) -> tuple[Offer, ...]:
    """One query for the seats taken on these departures."""
    return _offers(rows, prices, taken_until(rows, now=now)[0], now)


def _offers(
    rows: list[Departure], prices: PriceList, taken: TakenByDeparture, now: datetime
) -> tuple[Offer, ...]:
    return tuple(_offer(departure, quote, prices) for departure, quote in prices.quotes(rows, taken, now=now))


def _offer(departure: Departure, quote: PriceQuote, prices: PriceList) -> Offer:
    coach, size = prices.layouts[departure.layout_id], prices.party.size
    changes = _changes(departure) if departure.boarding else {}
    segment, departs, arrives = departure.segment, departure.boards_local, departure.alights_local
    free = quote.free or 0
    return Offer(
        schedule_id=departure.id,
        from_ref=segment.board.ref,
        to_ref=segment.alight.ref,
        departs=f"{departs:%H:%M}",
        departs_iso=departs.isoformat(timespec="minutes"),
        arrives=f"{arrives:%H:%M}",
        arrives_iso=arrives.isoformat(timespec="minutes"),
        day_mark=day_mark(arrives.date(), departs.date()),
        duration=duration_text(segment.minutes),
        minutes=segment.minutes,
        board_stop=segment.board.stop.name,
        alight_stop=segment.alight.stop.name,
        line=segment.line,
        layout=coach.name,
        price=format_zar(quote.total),
        price_each=format_zar(quote.adult),
        price_zar=quote.total,
        each_zar=quote.adult,
        free=free,
        seats_left=_seats_left(free, size, prices.party.wheelchairs),
        state="open" if free >= size else "sold_out",
        amenities=coach.amenities,
        note=_("Relief coach %(number)d") % {"number": departure.coach} if departure.coach > 1 else "",
        day_label=day_text(departs),
        segment=segment,
        boards_at=departure.boards_at,
        fare_classes=tuple(fare_class for _price, fare_class in prices.classes(departure)),
        **changes,
    )


def _changes(departure: Departure) -> _ChangedTimes:
    boarding, alighting, segment = departure.boarding, departure.alighting, departure.segment
    if boarding is None or alighting is None:
        return {}
    board_zone = ZoneInfo(segment.board.stop.time_zone)
    expected = boarding.expected_departure.astimezone(board_zone)
    return {
        "departs_note": expected_text(boarding, board_zone),
        "arrives_note": expected_text(alighting, ZoneInfo(segment.alight.stop.time_zone), arrives=True),
        "shows_day": expected.date() != departure.boards_local.date(),
        "expected_at": boarding.expected_departure if boarding.is_changed else None,
        "call_changes": departure.call_changes,
    }


def _seats_left(free: int, size: int, wheelchairs: int) -> str:
    if wheelchairs and not free:
        return _("No wheelchair place left")
    if 0 < free < size:
        return ngettext("Only %(free)d seat left", "Only %(free)d seats left", free) % {"free": free}
    if 0 < free <= FEW_SEATS:
        return ngettext("%(free)d seat left", "%(free)d seats left", free) % {"free": free}
    return ""
