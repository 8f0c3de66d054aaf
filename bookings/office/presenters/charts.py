"""Charts as numbers for an SVG: the template draws them, the style sheet colours them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from bookings.base.money import format_zar
from bookings.domain.dashboard.charts import BookingCurve, CurvePoint, DayLoad, SalesToday
from bookings.domain.dashboard.today import level_of

WIDTH: Final = 420
HEIGHT: Final = 220
LEFT: Final = 44  # for the numbers of the axis
BOTTOM: Final = 24
TOP: Final = 10
_STEPS: Final = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10000)


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class ChartBar:
    x: float
    y: float
    width: float
    height: float
    tone: str
    name: str  # what the pointer shows


@dataclass(frozen=True)
class BarChart:
    key: str  # for the ids of its title and description
    title: str
    text: str  # the chart in a sentence
    ticks: tuple[Tick, ...]  # of the upright axis
    labels: tuple[Tick, ...]
    bars: tuple[ChartBar, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_empty: bool = False
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = HEIGHT - BOTTOM


@dataclass(frozen=True)
class ChartLine:
    path: str
    tone: str
    end_x: float
    end_y: float


@dataclass(frozen=True)
class LineChart:
    key: str
    title: str
    text: str
    ticks: tuple[Tick, ...]
    labels: tuple[Tick, ...]
    lines: tuple[ChartLine, ...]
    capacity: float | None  # where the line of all seats lies
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = HEIGHT - BOTTOM


def load_chart(days: Sequence[DayLoad]) -> BarChart:
    wide = (WIDTH - LEFT) / max(len(days), 1)
    bars = tuple(
        ChartBar(
            round(LEFT + place * wide + wide * 0.15, 1),
            _y(day.percent, 100),
            round(wide * 0.7, 1),
            round(_high(day.percent, 100), 1),
            level_of(day.percent),
            _("%(day)s: %(percent)d %%, %(coaches)d departures")
            % {"day": day.label, "percent": day.percent, "coaches": day.coaches},
        )
        for place, day in enumerate(days)
    )
    labels = tuple(
        Tick(round(LEFT + (place + 0.5) * wide, 1), f"{day.day:%-d}") for place, day in enumerate(days)
    )
    running = [day for day in days if day.seats]
    text = _("No departure in these days.")
    if running:
        top = max(running, key=lambda day: day.percent)
        text = _("Today %(now)d %%; fullest on %(day)s with %(top)d %%.") % {
            "now": days[0].percent,
            "day": top.label,
            "top": top.percent,
        }
        text += " " + _("A seat counts as taken if it is taken on any part of the trip.")
    rows = tuple(
        (day.label, str(day.coaches), f"{day.taken}/{day.seats}", f"{day.percent} %") for day in days
    )
    head = (_("Day"), _("Coaches"), _("Seats"), _("Taken"))
    ticks = tuple(Tick(_y(percent, 100), f"{percent} %") for percent in (0, 50, 100))
    return BarChart(
        "load",
        _("Seats taken over the next 14 days"),
        text,
        ticks,
        labels,
        bars,
        head,
        rows,
        is_empty=not running,
    )


def sales_chart(sales: SalesToday) -> BarChart:
    """Stacked: the counter below, the web on top of it."""
    top, ticks = _scale(max((hour.seats for hour in sales.hours), default=0))
    wide = (WIDTH - LEFT) / max(len(sales.hours), 1)
    bars = []
    for place, hour in enumerate(sales.hours):
        x, width = round(LEFT + place * wide + wide * 0.15, 1), round(wide * 0.7, 1)
        name = _("%(hour)s: %(counter)d at the counter, %(web)d on the web") % {
            "hour": hour.label,
            "counter": hour.counter,
            "web": hour.web,
        }
        if hour.counter:
            bars.append(
                ChartBar(x, _y(hour.counter, top), width, round(_high(hour.counter, top), 1), "counter", name)
            )
        if hour.web:
            bars.append(ChartBar(x, _y(hour.seats, top), width, round(_high(hour.web, top), 1), "web", name))
    every = 2 if len(sales.hours) > 10 else 1
    labels = tuple(
        Tick(round(LEFT + (place + 0.5) * wide, 1), f"{hour.hour:02d}")
        for place, hour in enumerate(sales.hours)
        if place % every == 0
    )
    text = _("%(seats)d seats for %(amount)s so far.") % {
        "seats": sales.seats,
        "amount": format_zar(sales.amount),
    }
    rows = tuple(
        (hour.label, str(hour.counter), str(hour.web), format_zar(hour.amount))
        for hour in sales.hours
        if hour.seats
    )
    head = (_("Hour"), _("Counter"), _("Web"), _("Fares"))
    return BarChart(
        "sales",
        _("Seats sold by hour today"),
        text,
        ticks,
        labels,
        tuple(bars),
        head,
        rows,
        is_empty=not sales.seats,
    )


def curve_chart(curve: BookingCurve) -> LineChart:
    best = max(
        [
            curve.seats,
            *(point.usual or 0 for point in curve.points),
            *(point.seats or 0 for point in curve.points),
        ]
    )
    top, ticks = _scale(int(best))
    wide = (WIDTH - LEFT - 8) / (len(curve.points) - 1)
    spots = {point.before: round(LEFT + place * wide, 1) for place, point in enumerate(curve.points)}
    usual = _line(
        [(spots[point.before], _y(point.usual, top)) for point in curve.points if point.usual is not None],
        "usual",
    )
    this = _line(
        [(spots[point.before], _y(point.seats, top)) for point in curve.points if point.seats is not None],
        "this",
    )
    labels = tuple(Tick(spots[before], str(before)) for before in (28, 21, 14, 7, 0))
    rows = tuple(_curve_row(point) for point in curve.points if point.before in _TABLE_DAYS)
    head = (_("Days before"), _("This departure"), _("Usual"))
    capacity = _y(curve.seats, top) if curve.seats else None
    text = _("%(sold)d of %(seats)d seats sold.") % {"sold": curve.sold, "seats": curve.seats}
    if curve.usual_now is not None:
        text += " " + _("At this time it is usually %(usual)d.") % {"usual": round(curve.usual_now)}
    lines = tuple(line for line in (usual, this) if line)
    return LineChart(
        "curve", _("Seats sold by days before departure"), text, ticks, labels, lines, capacity, head, rows
    )


_TABLE_DAYS: Final = frozenset({28, 21, 14, 10, 7, 5, 4, 3, 2, 1, 0})


def _curve_row(point: CurvePoint) -> tuple[str, ...]:
    seats = "–" if point.seats is None else str(point.seats)
    return (str(point.before), seats, "–" if point.usual is None else str(round(point.usual)))


def _line(spots: list[tuple[float, float]], tone: str) -> ChartLine | None:
    if not spots:
        return None
    path = "M" + " L".join(f"{x} {y}" for x, y in spots)
    return ChartLine(path, tone, *spots[-1])


def _high(value: float, top: float) -> float:
    return (HEIGHT - BOTTOM - TOP) * value / top if top else 0


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - _high(value, top), 1)


def _scale(most: int) -> tuple[int, tuple[Tick, ...]]:
    """The end of an axis that begins at 0, and its marks at round numbers, four or five of them."""
    step = next((step for step in _STEPS if step * 4 >= most), max(most // 4, 1))
    top = max(-(-most // step), 1) * step
    return top, tuple(Tick(_y(value, top), str(value)) for value in range(0, top + 1, step))
