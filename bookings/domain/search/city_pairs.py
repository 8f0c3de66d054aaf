"""The network for visitors: lines, pairs of cities that coaches connect, and their lowest prices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Count, Min
from django.utils.translation import gettext as _

from bookings.base.dates import duration_text
from bookings.base.errors import NotFound
from bookings.base.money import format_zar
from bookings.cache.get_or_compute import get_or_compute
from bookings.cache.reference_data import single_version_check
from bookings.domain.fares.prices import read_party
from bookings.domain.network.places import Place, get_places
from bookings.domain.search.days import local_today
from bookings.domain.search.offers import Offer, make_offers
from bookings.domain.search.pricing import PriceList, price_list
from bookings.domain.search.segments import (
    Departure,
    RouteSegment,
    find_city_pair_segments,
    find_departures,
    find_route_segments,
)
from bookings.models import Booking, RouteStop, SaleStatus, Schedule

ACTIVE_SECONDS: Final = 300
POPULAR_DAYS: Final = 30
AHEAD_DAYS: Final = 7
PAIR_OFFERS: Final = 10
MOST_PAIRS: Final = 10_000


@dataclass(frozen=True)
class CityLink:
    slug: str
    name: str


@dataclass(frozen=True)
class NetworkLine:
    code: str
    name: str
    cities: tuple[CityLink, ...]  # in order of the way


@dataclass(frozen=True)
class Region:
    """The lines that start in a region."""

    name: str
    lines: tuple[NetworkLine, ...]


@dataclass(frozen=True)
class Pair:
    origin: CityLink
    destination: CityLink
    price: str  # from R450, an adult; "" if nothing is on sale
    duration: str  # 5 h 30, of the fastest


@dataclass(frozen=True)
class PairPage:
    """A landing page; facts are of the coming week."""

    origin: Place
    destination: Place
    offers: tuple[Offer, ...]  # the next departures for one adult, over several days
    first: str  # 06:30: the earliest and latest departure by the clock
    last: str
    fastest: str  # 5 h 30
    price: str  # from R450
    per_day: int  # on days that have any
    distance: str  # 398 km
    board_stops: tuple[str, ...]
    alight_stops: tuple[str, ...]
    lines: tuple[str, ...]


def active_routes() -> list[list[Any]]:
    """The ways that coaches of active routes take: [line code, line name, region of the first city, [[slug,
    name, may board, may alight] …]].

    Kept for five minutes, as plain lists that any cache can store.
    """
    return get_or_compute("network:active-routes", _read_active_routes, ACTIVE_SECONDS)


def _read_active_routes() -> list[list[Any]]:
    calls = RouteStop.objects.filter(route__is_active=True).order_by(
        "route__line__code", "route__line__name", "route_id", "position"
    )
    columns = (
        "route__line__code",
        "route__line__name",
        "stop__city__region",
        "stop__city__slug",
        "stop__city__name",
    )
    ways: dict[int, list[Any]] = {}
    for route, code, name, region, slug, city, *may in calls.values_list(
        "route_id", *columns, "may_board", "may_alight"
    ).iterator():
        way = ways.setdefault(route, [code, name, region, []])[3]
        if way and way[-1][0] == slug:  # two stops of one city
            way[-1][2:] = [way[-1][2] or may[0], way[-1][3] or may[1]]
        else:
            way.append([slug, city, *may])
    return list({repr(way): way for way in ways.values()}.values())


def network() -> tuple[Region, ...]:
    """Every line by its longest way, gathered by the region where it starts."""
    longest: dict[tuple[str, str], list[Any]] = {}
    for way in active_routes():
        line = (way[0], way[1])
        if line not in longest or len(way[3]) > len(longest[line][3]):
            longest[line] = way
    regions: dict[str, list[NetworkLine]] = {}
    for code, name, region, calls in longest.values():
        cities = tuple(CityLink(slug, city) for slug, city, *_may in calls)
        regions.setdefault(region, []).append(NetworkLine(code, name, cities))
    return tuple(
        Region(name or _("Other lines"), tuple(lines))
        for name, lines in sorted(regions.items(), key=lambda region: (not region[0], region[0]))
    )


def all_pairs(limit: int = MOST_PAIRS) -> list[tuple[str, str]]:
    """Slugs of the cities between which somebody can travel without a change, for the sitemap."""
    pairs: dict[tuple[str, str], None] = {}
    for _code, _name, _region, calls in active_routes():
        for place, (start, _city, may_board, _may_alight) in enumerate(calls):
            onward = [
                slug
                for slug, _city, _may_board, may_alight in calls[place + 1 :]
                if may_alight and slug != start
            ]
            if may_board:
                pairs |= dict.fromkeys((start, slug) for slug in onward)
        if len(pairs) >= limit:
            break
    return sorted(pairs)[:limit]


@single_version_check()
def popular_pairs(limit: int = 8, *, now: datetime) -> list[Pair]:
    """The pairs of cities most sold in 30 days.

    Where those are too few, the ones with most departures. Kept for five minutes.
    """
    rows = get_or_compute(
        f"network:popular:{limit}",
        lambda: [asdict(pair) for pair in _priced(_most_sold(limit, now), now)],
        ACTIVE_SECONDS,
    )
    return [
        Pair(CityLink(**row["origin"]), CityLink(**row["destination"]), row["price"], row["duration"])
        for row in rows
    ]


def _most_sold(limit: int, now: datetime) -> list[tuple[CityLink, CityLink]]:
    since = now - timedelta(days=POPULAR_DAYS)
    ends = (
        "from_stop__stop__city__slug",
        "from_stop__stop__city__name",
        "to_stop__stop__city__slug",
        "to_stop__stop__city__name",
    )
    sold = Booking.objects.filter(status=SaleStatus.CONFIRMED, booking_date__gte=since, booking_date__lte=now)
    counted = Counter(
        {
            tuple(row): number
            for *row, number in sold.values_list(*ends).annotate(n=Count("pk")).order_by("-n", *ends)[:limit]
        }
    )
    ends = (
        "route__origin__slug",
        "route__origin__name",
        "route__destination__slug",
        "route__destination__name",
    )
    runs = (
        Schedule.objects.on_sale()
        .departing_between(now, now + timedelta(days=AHEAD_DAYS))
        .filter(route__is_active=True)
    )
    frequent = runs.values_list(*ends).annotate(n=Count("pk")).order_by("-n", *ends)[: limit * 2]
    pairs = dict.fromkeys(
        [*(pair for pair, _number in counted.most_common()), *(tuple(row) for *row, _number in frequent)]
    )
    return [(CityLink(*pair[:2]), CityLink(*pair[2:])) for pair in pairs if pair[0] != pair[2]][:limit]


def _priced(pairs: list[tuple[CityLink, CityLink]], now: datetime) -> list[Pair]:
    """Each pair with the fastest segment and the lowest list price of the coming week.

    Seven queries, however many pairs.
    """
    segments = find_city_pair_segments([(origin.slug, destination.slug) for origin, destination in pairs])
    runs = Schedule.objects.on_sale().departing_between(now, now + timedelta(days=AHEAD_DAYS))
    runs = runs.filter(
        route__in={segment.board.route_id for pair_segments in segments for segment in pair_segments}
    ).order_by()
    lowest: dict[int, list[tuple[int, Decimal, datetime]]] = {}
    for route, layout_id, price_zar, first in runs.values_list("route_id", "layout_id", "price_zar").annotate(
        first=Min("departure_time")
    ):
        lowest.setdefault(route, []).append((layout_id, price_zar, first))
    departures = [
        [
            _cheapest_run(segment, *run)
            for segment in pair_segments
            for run in lowest.get(segment.board.route_id, [])
        ]
        for pair_segments in segments
    ]
    prices = price_list([departure for group in departures for departure in group], read_party(1, {}))
    return [
        Pair(
            *pair,
            _from_price(group, prices),
            duration_text(min(segment.minutes for segment in pair_segments)) if pair_segments else "",
        )
        for pair, pair_segments, group in zip(pairs, segments, departures, strict=True)
    ]


def _cheapest_run(segment: RouteSegment, layout_id: int, price_zar: Decimal, first: datetime) -> Departure:
    boards_at = first + timedelta(minutes=segment.board.depart_min)
    return Departure(
        0,
        segment,
        boards_at,
        boards_at.astimezone(ZoneInfo(segment.board.stop.time_zone)),
        1,
        layout_id,
        price_zar,
        0,
    )


def _from_price(departures: Iterable[Departure], prices: PriceList) -> str:
    totals = [quote.total for _departure, quote in prices.lowest(departures)]
    return _("from %(price)s") % {"price": format_zar(min(totals))} if totals else ""


@single_version_check()
def pair_page(from_slug: str, to_slug: str, *, now: datetime) -> PairPage:
    """What somebody should know who wants to travel between two places.

    Raises NotFound where no coach runs.
    """
    origin, destination = get_places(from_slug, to_slug)
    segments = find_route_segments(origin.stop_ids, destination.stop_ids)
    if not segments:
        ends = {"origin": origin.name, "destination": destination.name}
        raise NotFound(_("There is no direct coach from %(origin)s to %(destination)s.") % ends)
    today = local_today(origin.time_zone, now)
    ahead = find_departures(segments, today, today + timedelta(days=AHEAD_DAYS), now=now)
    prices = price_list(ahead, read_party(1, {}))
    departures = prices.sold(ahead)
    clocks = sorted(f"{departure.boards_local:%H:%M}" for departure in departures)
    used = (
        sorted(
            {departure.segment.board.route_id: departure.segment for departure in departures}.values(),
            key=lambda segment: segment.minutes,
        )
        or segments
    )
    kilometres = min(segment.alight.km - segment.board.km for segment in used)
    return PairPage(
        origin=origin,
        destination=destination,
        offers=make_offers(departures[:PAIR_OFFERS], prices, now=now),
        first=clocks[0] if clocks else "",
        last=clocks[-1] if clocks else "",
        fastest=duration_text(min(segment.minutes for segment in used)),
        price=_from_price(departures, prices),
        per_day=ceil(len(departures) / len({departure.boards_local.date() for departure in departures}))
        if departures
        else 0,
        distance=_("%(number)d km") % {"number": round(kilometres)} if kilometres > 0 else "",
        board_stops=tuple(dict.fromkeys(segment.board.stop.name for segment in used)),
        alight_stops=tuple(dict.fromkeys(segment.alight.stop.name for segment in used)),
        lines=tuple(dict.fromkeys(segment.line for segment in used)),
    )
