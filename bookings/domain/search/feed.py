"""The feed for journey planners: what is on sale, with its prices."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.domain.fares.prices import FareTable, fare_classes, passenger_types, route_fares
from bookings.domain.search.availability import LayoutSeats, find_layouts
from bookings.domain.timetable.generate import Progress
from bookings.domain.timetable.gtfs.export import MAX_DAYS, ExportReport, Fares, export_feed
from bookings.domain.timetable.gtfs.runs import LineRuns, RouteRuns, Terms
from bookings.models import FareClass, RouteStop


def export_timetable(
    path: Path, *, first_day: date, days: int, progress: Progress | None = None
) -> ExportReport:
    """Write the feed of these days.

    Raises Refusal for days that make no sense and NotFound if nothing is on sale.
    """
    if not 1 <= days <= MAX_DAYS:
        raise Refusal(_("Choose between 1 and %(most)d days.") % {"most": MAX_DAYS})
    return export_feed(path, first_day=first_day, days=days, prices=_LowestPrices(), progress=progress)


class _LowestPrices:
    """An adult's lowest price for each segment of a line, over all its departures and the classes that their
    coaches have.
    """

    def __init__(self) -> None:
        self._classes, self._types = fare_classes(), passenger_types()
        self._layouts: dict[int, LayoutSeats | None] = {}

    def __call__(self, line: LineRuns) -> Mapping[int, Fares]:
        self._read_layouts(terms.layout_id for route in line.routes for terms in route.terms)
        lines = route_fares(route.route_id for route in line.routes)
        kms = {route.route_id: route.calls[-1].km for route in line.routes}
        table = FareTable(self._classes, self._types, lines, kms)
        return {route.route_id: self._of_route(route, table) for route in line.routes}

    def _read_layouts(self, layouts: Iterable[int]) -> None:
        unknown = set(layouts) - self._layouts.keys()
        if unknown:
            self._layouts |= dict.fromkeys(unknown) | find_layouts(unknown)

    def _of_route(self, route: RouteRuns, table: FareTable) -> Fares:
        changes = _changes(route, table)
        fares = {}
        for board in route.calls:
            if not board.may_board:
                continue
            offers = [(*offer, table) for offer in self._offers(route, board, changes, table)]
            for alight in route.calls[board.position + 1 :]:
                if alight.may_alight and alight.stop_id != board.stop_id:
                    prices = [_price(board, alight, *offer) for offer in offers]
                    sold = [price for price in prices if price is not None]
                    if sold:
                        fares[board.position, alight.position] = min(sold)
        return fares

    def _offers(
        self, route: RouteRuns, board: RouteStop, changes: list[date], table: FareTable
    ) -> list[tuple[FareClass, Decimal, date]]:
        """(class, price of the departure, day of boarding), each combination once.

        Of the days between two changes one is enough.
        """
        zone, after = ZoneInfo(board.stop.time_zone), timedelta(minutes=board.depart_min)
        offers: dict[tuple[int, Decimal, int], tuple[FareClass, Decimal, date]] = {}
        for terms, departures in route.terms.items():
            days = (
                {(moment + after).astimezone(zone).date() for moment in departures}
                if changes
                else {departures[0].date()}
            )
            for fare_class in self._sold_in(terms, table):
                offers |= {
                    (fare_class.pk, terms.price_zar, bisect(changes, day)): (fare_class, terms.price_zar, day)
                    for day in days
                }
        return list(offers.values())

    def _sold_in(self, terms: Terms, table: FareTable) -> list[FareClass]:
        coach = self._layouts[terms.layout_id]
        sellers = {
            seller.pk: seller for kind in (coach.seats if coach else ()) if (seller := table.class_of(kind))
        }
        return list(sellers.values())


def _price(
    board: RouteStop,
    alight: RouteStop,
    fare_class: FareClass,
    price_zar: Decimal,
    day: date,
    table: FareTable,
) -> Decimal | None:
    return table.price(board, alight, fare_class, price_zar=price_zar, day=day)


def _changes(route: RouteRuns, table: FareTable) -> list[date]:
    """The days on which some fare of the route begins, or has just ended."""
    calls = {call.pk for call in route.calls}
    days = set()
    for (start, _end, _class), lines in table.lines.items():
        if start in calls:
            for valid_from, valid_to, _amount in lines:
                days |= {valid_from} | ({valid_to + timedelta(days=1)} if valid_to else set())
    return sorted(days)
