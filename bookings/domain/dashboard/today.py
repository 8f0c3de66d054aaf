"""What happens at a station now.

Reads that are kept by the revisions of what they show; the rest of a value is read when it is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, NamedTuple

from django.conf import settings
from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from bookings.base.codes import sha256
from bookings.base.dates import day_text, needs_day
from bookings.domain.company.settings import company_settings
from bookings.domain.operations.station import (
    WAITING,
    Coming,
    Inactive,
    Load,
    Way,
    coming,
    fingerprint,
    loads,
    ways,
)
from bookings.domain.search.segments import day_bounds
from bookings.domain.timetable.call_times import AS_PLANNED, REACH_BACK, read_changes
from bookings.models import Branch, SaleStatus, Schedule, SeatClaim, Ticket

AHEAD: Final = timedelta(hours=24)
OVERDUE: Final = timedelta(hours=3)  # how long a coach that nobody has sent off stays on the board
ROWS: Final = 8
HALF: Final = 50
ALERTS: Final = 8
STANDS: Final = (Ticket.Status.VALID, Ticket.Status.BOARDED, Ticket.Status.NO_SHOW)
_TONES: Final[Mapping[str, str]] = {
    Schedule.Status.BOARDING: "good",
    Schedule.Status.DEPARTED: "good",
    Schedule.Status.CLOSED: "warn",
    Schedule.Status.CANCELLED: "bad",
}


@dataclass(frozen=True)
class SeatLoad:
    """A share of the seats as a page draws it."""

    taken: int
    seats: int
    percent: int
    level: str  # low, easy, mid, high, full

    @classmethod
    def of(cls, load: Load, taken: int) -> SeatLoad:
        percent = load.percent(taken)
        return cls(taken, load.seats, percent, level_of(percent))


def level_of(percent: int) -> str:
    if percent >= 100:
        return "full"
    if percent >= company_settings.alert_full_percent:
        return "high"
    if percent < company_settings.alert_low_percent:
        return "low"
    return "easy" if percent < HALF else "mid"


@dataclass(frozen=True)
class StationDeparture:
    schedule_id: int
    time: str  # 17:00
    iso: str
    day: str  # "" today, else "Wed 2 Dec"
    wait: str  # in 25 min, "" beyond an hour
    destination: str
    line: str
    stop: str
    coach: str  # Coach 2, "" for the first
    bus: str
    status_text: str
    tone: str
    is_cancelled: bool
    here: SeatLoad  # as it leaves this city
    peak: SeatLoad
    peak_leg: str  # Kimberley – Beaufort West
    boarded: int
    expected: int  # who gets on here, with a seat or on a lap
    standby: int  # who waits here for a seat
    late: int  # minutes since it should have left its first stop, by the time last told
    departs_note: str  # "expected 17:45": what was told that the plan does not say


@dataclass(frozen=True)
class Alert:
    kind: str  # late, withdrawn, cancelled, full, low
    tone: str
    schedule_id: int
    title: str  # 17:00 Cape Town
    day: str
    text: str


@dataclass(frozen=True)
class NextDepartures:
    """The board of a station; rows are read once they are asked for."""

    branch: Branch
    now: datetime
    shown: tuple[Coming, ...]
    total: int

    @classmethod
    def of(cls, branch: Branch, departures: Sequence[Coming], *, now: datetime) -> NextDepartures:
        """Of these, the first ones."""
        return cls(branch, now, tuple(departures[:ROWS]), len(departures))

    @property
    def cache_key(self) -> str:
        return block_key("departures", self.branch, self.shown, str(self.total), f"{self.now:%d%H%M}")

    @property
    def more(self) -> int:
        return self.total - len(self.shown)

    @cached_property
    def rows(self) -> tuple[StationDeparture, ...]:
        """One or two queries."""
        routes = ways(departure.call.route_id for departure in self.shown)
        full = loads(self.shown, routes, now=self.now)
        boarding = _boarding(self.shown, self.branch.city_id)
        return tuple(
            _row(departure, routes[departure.call.route_id], full[departure.id], boarding, self.now)
            for departure in self.shown
        )


def next_departures(branch: Branch, *, now: datetime) -> NextDepartures:
    """What leaves the branch's city in the next day, overdue coaches first.

    One query and the cached calls, three more for the rows.
    """
    return NextDepartures.of(branch, not_gone(branch, now), now=now)


def not_gone(branch: Branch, now: datetime) -> tuple[Coming, ...]:
    """What leaves the branch's city in the next day, overdue coaches first: one query and cached calls."""
    return tuple(
        departure
        for departure in coming(
            branch.city_id, now - OVERDUE, now + AHEAD, inactive=Inactive.SOLD, reach_back=REACH_BACK
        )
        if _is_to_leave(departure, now)
    )


def _is_to_leave(departure: Coming, now: datetime) -> bool:
    """Whether people may still get on: its time is to come, or nobody has noted that it left."""
    return departure.status in WAITING or (departure.expected_at >= now and not departure.has_left_here)


class _Boarding(NamedTuple):
    boarded: int
    expected: int
    standby: int


def _boarding(shown: tuple[Coming, ...], city_id: int) -> Mapping[int, _Boarding]:
    """Those who get on in this city; who stands by is not expected."""
    rows = Ticket.objects.filter(
        booking__schedule__in={departure.id for departure in shown},
        booking__status=SaleStatus.CONFIRMED,
        booking__from_stop__stop__city=city_id,
        status__in=STANDS,
    ).order_by()
    rows = rows.exclude(place=Ticket.Place.WAITING)
    standing_by = Q(place=Ticket.Place.STANDBY)
    counted = rows.values_list("booking__schedule").annotate(
        boarded=Count("pk", filter=Q(status=Ticket.Status.BOARDED)),
        expected=Count("pk", filter=~standing_by),
        standby=Count("pk", filter=standing_by & Q(status=Ticket.Status.VALID)),
    )
    nobody = _Boarding(0, 0, 0)
    return defaultdict(lambda: nobody, {schedule: _Boarding(*counts) for schedule, *counts in counted})


def _row(
    departure: Coming, way: Way, load: Load, boarding: Mapping[int, _Boarding], now: datetime
) -> StationDeparture:
    here = boarding[departure.id]
    return StationDeparture(
        schedule_id=departure.id,
        time=f"{departure.local:%H:%M}",
        iso=departure.local.isoformat(timespec="minutes"),
        day=_day(departure, now),
        wait=_wait(departure.expected_at - now),
        destination=way.end_after(departure.call.position),
        line=departure.line,
        stop=departure.call.stop,
        coach=_("Coach %(number)d") % {"number": departure.coach} if departure.coach > 1 else "",
        bus=departure.bus or "",
        status_text=departure.state,
        tone="bad" if departure.is_withdrawn else _TONES.get(departure.status, "info"),
        is_cancelled=departure.status == Schedule.Status.CANCELLED,
        here=SeatLoad.of(load, load.on_leg(departure.call.position)),
        peak=SeatLoad.of(load, load.peak),
        peak_leg=way.leg_name(load.peak_leg) if way.legs else "",
        boarded=here.boarded,
        expected=here.expected,
        standby=here.standby,
        late=_late(departure, now),
        departs_note=departure.departs_note,
    )


def _day(departure: Coming, now: datetime) -> str:
    return (
        ""
        if not needs_day(departure.local.date(), now.astimezone(departure.local.tzinfo).date())
        else day_text(departure.local)
    )


def _wait(ahead: timedelta) -> str:
    minutes = int(ahead.total_seconds() // 60)
    return _("in %(minutes)d min") % {"minutes": minutes} if 0 <= minutes < 60 else ""


def _late(departure: Coming, now: datetime) -> int:
    """Minutes that a coach is over its expected time at its first stop, by what anybody has noted.

    0 within the tolerance.
    """
    first = read_changes(departure.call_changes).get(0, AS_PLANNED)
    minutes = int((now - departure.departure_time).total_seconds() // 60) - first.depart_late
    return minutes if departure.status in WAITING and minutes >= company_settings.alert_late_minutes else 0


@dataclass(frozen=True)
class Alerts:
    """What somebody at the station should look at; read once it is asked for."""

    branch: Branch
    now: datetime
    departures: tuple[Coming, ...]

    @property
    def cache_key(self) -> str:
        return block_key("alerts", self.branch, self.departures, f"{self.now:%d%H%M}")

    @cached_property
    def all(self) -> tuple[Alert, ...]:
        """One or two queries."""
        routes = ways(departure.call.route_id for departure in self.departures)
        full = loads(self.departures, routes, now=self.now)
        alerts = [
            _alert(departure, routes[departure.call.route_id], full[departure.id], self.now)
            for departure in self.departures
        ]
        urgency = ("late", "withdrawn", "cancelled", "full", "low")
        return tuple(
            sorted((alert for alert in alerts if alert), key=lambda alert: urgency.index(alert.kind))
        )

    @property
    def rows(self) -> tuple[Alert, ...]:
        return self.all[:ALERTS]

    @property
    def more(self) -> int:
        return max(len(self.all) - ALERTS, 0)


def alerts(branch: Branch, *, now: datetime) -> Alerts:
    """Late, cancelled, nearly full and nearly empty coaches of the next day.

    One query and the cached calls, one or two more for the rows.
    """
    return Alerts(branch, now, not_gone(branch, now))


def _alert(departure: Coming, way: Way, load: Load, now: datetime) -> Alert | None:
    title = f"{departure.local:%H:%M} {way.end_after(departure.call.position)}"

    def alert(kind: str, tone: str, text: str) -> Alert:
        return Alert(kind, tone, departure.id, title, _day(departure, now), text)

    if departure.status == Schedule.Status.CANCELLED:
        return alert("cancelled", "bad", _("Cancelled"))
    if departure.is_withdrawn:
        message = _("Withdrawn from the timetable, with passengers: see the task")
        return alert("withdrawn", "bad", message)
    if late := _late(departure, now):
        return alert("late", "bad", _("%(minutes)d min overdue, not departed") % {"minutes": late})
    percent, left = load.percent(load.peak), load.seats - load.peak
    if not left:
        return alert("full", "bad", _("Full: no seat left on %(leg)s") % {"leg": way.leg_name(load.peak_leg)})
    if percent >= company_settings.alert_full_percent:
        message = ngettext(
            "%(percent)d %% full, %(left)d seat left", "%(percent)d %% full, %(left)d seats left", left
        )
        return alert("full", "warn", message % {"percent": percent, "left": left})
    if percent < company_settings.alert_low_percent:
        message = ngettext(
            "Low load: %(taken)d seat of %(seats)d", "Low load: %(taken)d seats of %(seats)d", load.peak
        )
        return alert("low", "info", message % {"taken": load.peak, "seats": load.seats})
    return None


@dataclass(frozen=True)
class Pulse:
    """The station in four numbers."""

    coaches: int  # still to leave today
    boarding: int  # passengers who get on here today
    boarded: int
    held: int  # seats in somebody's checkout
    unpaid: int  # seats that wait for their payment
    sold: int  # seats sold today to people who get on here


def pulse(branch: Branch, *, now: datetime) -> Pulse:
    """Four queries."""
    today = timezone.localtime(now).date()
    start, end = day_bounds(today, today, settings.TIME_ZONE)
    departures = coming(branch.city_id, start, end)
    left = [
        departure
        for departure in departures
        if departure.status != Schedule.Status.CANCELLED and _is_to_leave(departure, now)
    ]
    return Pulse(coaches=len(left), **_people(branch, departures, start, end), **_held(branch, now))


def _people(branch: Branch, departures: list[Coming], start: datetime, end: datetime) -> dict[str, int]:
    """Who gets on here today, and what was sold today to people who get on here: one index each."""
    here = Ticket.objects.filter(
        booking__from_stop__stop__city=branch.city_id, booking__status=SaleStatus.CONFIRMED, status__in=STANDS
    )
    boarding_today = here.filter(
        booking__schedule__in={departure.id for departure in departures},
        booking__boards_at__gte=start,
        booking__boards_at__lt=end,
    )
    counts = boarding_today.aggregate(
        boarding=Count("pk", filter=~Q(place__in=(Ticket.Place.STANDBY, Ticket.Place.WAITING))),
        boarded=Count("pk", filter=Q(status=Ticket.Status.BOARDED)),
    )
    return counts | {
        "sold": here.filter(
            booking__booking_date__gte=start, booking__booking_date__lt=end, place=Ticket.Place.SEAT
        ).count()
    }


def _held(branch: Branch, now: datetime) -> dict[str, int]:
    """Seats on live claims that end, counted where their ride begins.

    One query over the few claims that can expire.
    """
    live = SeatClaim.objects.filter(expires_at__gt=now, kind=SeatClaim.Kind.HELD)
    cart = Q(hold_trip__from_stop__stop__city=branch.city_id, leg=F("hold_trip__from_stop__position"))
    unpaid = Q(
        ticket__booking__from_stop__stop__city=branch.city_id, leg=F("ticket__booking__from_stop__position")
    )
    return live.aggregate(held=Count("pk", filter=cart), unpaid=Count("pk", filter=unpaid))


def block_key(name: str, branch: Branch, departures: tuple[Coming, ...], *more: str) -> str:
    decides = "|".join((str(branch.pk), get_language() or "", *more, fingerprint(departures)))
    return f"office:{name}:{sha256(decides)[:32]}"
