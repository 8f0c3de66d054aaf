"""How full the coaches are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain.reports.coach_loads import (
    MOST_DEPARTURES,
    DepartureLoad,
    departure_loads,
    load_by_day,
    load_by_route,
    with_legs,
)
from bookings.domain.reports.thing_names import names_of
from bookings.models import DailySum
from bookings.office.presenters.reports.table import (
    CellKind,
    Report,
    ReportColumn,
    ReportContent,
    ReportQuery,
    ReportRow,
    key_name,
    percent,
)

_DAY: Final = "day"
_ROUTE: Final = "route"
_DEPARTURE: Final = "departure"


def _load(query: ReportQuery) -> ReportContent:
    return _by_departure(query) if query.cut == _DEPARTURE else _sums(query)


def _sums(query: ReportQuery) -> ReportContent:
    by_day = query.cut == _DAY
    sums = load_by_day(query.period) if by_day else load_by_route(query.period)
    columns = (
        ReportColumn(_("Day"), CellKind.DAY) if by_day else ReportColumn(_("Route")),
        ReportColumn(_("Departures"), CellKind.NUMBER, has_total=True),
        ReportColumn(_("Seats"), CellKind.NUMBER, has_total=True),
        ReportColumn(_("Taken"), CellKind.NUMBER, has_total=True),
        ReportColumn(_("Load"), CellKind.PERCENT),
        ReportColumn(_("No-shows"), CellKind.NUMBER, has_total=True),
    )
    names = {} if by_day else names_of(DailySum.By.ROUTE, [str(row.key) for row in sums])
    rows = [
        ReportRow(
            (
                row.key if by_day else key_name(names, str(row.key)),
                row.departures,
                row.seats,
                row.taken,
                percent(row.taken, row.seats),
                row.no_shows,
            )
        )
        for row in sums
    ]
    note = _("A seat counts as taken if anybody has it on any part of the trip; standby is no seat.")
    return ReportContent(columns, rows, 4, (note,))


def _by_departure(query: ReportQuery) -> ReportContent:
    loads = {load.schedule_id: load for load in departure_loads(query.period)}
    columns = (
        ReportColumn(_("Departs")),
        ReportColumn(_("Route")),
        ReportColumn(_("Seats"), CellKind.NUMBER, has_total=True),
        ReportColumn(_("Taken"), CellKind.NUMBER, has_total=True),
        ReportColumn(_("Load"), CellKind.PERCENT),
        ReportColumn(_("Fullest from")),
        ReportColumn(_("Seats sold there"), CellKind.NUMBER),
        ReportColumn(_("Sold from each stop")),
        ReportColumn(_("No-shows"), CellKind.NUMBER),
        ReportColumn(_("Standby"), CellKind.NUMBER),
    )
    curve = reverse("office:departure_curve", args=[0])  # made once: a day may have thousands
    rows = [_departure_row(load, curve) for load in loads.values()]
    by_address = {row.address: load for row, load in zip(rows, loads.values(), strict=True)}

    def complete(shown: Sequence[ReportRow]) -> list[ReportRow]:
        return [_departure_row(load, curve) for load in with_legs([by_address[row.address] for row in shown])]

    notes = [_("The time leads to the booking curve, against the same weekday of earlier weeks.")]
    if len(rows) == MOST_DEPARTURES:
        notes.append(_("Only the first %(most)d departures: choose fewer days.") % {"most": MOST_DEPARTURES})
    return ReportContent(columns, rows, notes=tuple(notes), complete=complete)


def _departure_row(load: DepartureLoad, curve: str) -> ReportRow:
    stop, sold = load.peak
    legs = ", ".join(f"{name} {seats}" for name, seats in load.legs)
    return ReportRow(
        (
            load.departs_at,
            load.name,
            load.seats,
            load.taken,
            percent(load.taken, load.seats),
            stop,
            sold,
            legs,
            load.no_shows,
            load.standby,
        ),
        curve.replace("/0/", f"/{load.schedule_id}/"),
    )


LOAD: Final = Report(
    "load",
    gettext_lazy("Load and no-shows"),
    gettext_lazy("How full coaches are by day, route and departure, leg by leg; who did not come."),
    _load,
    {
        _DAY: gettext_lazy("Day"),
        _ROUTE: gettext_lazy("Route"),
        _DEPARTURE: gettext_lazy("Departure"),
    },
    is_of_company=True,
)
