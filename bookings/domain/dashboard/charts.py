"""Figures behind the charts, as plain series: the drawing is the page's."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Q
from django.db.models.functions import TruncDate, TruncHour
from django.utils import timezone
from django.utils.formats import date_format

from bookings.base.errors import NotFound
from bookings.base.money import ZERO
from bookings.domain.dashboard.today import STANDS
from bookings.domain.operations.station import coming
from bookings.domain.search.availability import find_layouts
from bookings.domain.search.segments import day_bounds
from bookings.models import Branch, Channel, SaleStatus, Schedule, Ticket, Total

LOAD_DAYS: Final = 14
CURVE_DAYS: Final = 28
CURVE_WEEKS: Final = 4
_CLOSE: Final = timedelta(hours=2)  # the same trip a week before may leave a little earlier or later


@dataclass(frozen=True)
class DayLoad:
    day: date
    label: str
    coaches: int
    taken: int  # seats with anybody on them
    seats: int

    @property
    def percent(self) -> int:
        return round(100 * self.taken / self.seats) if self.seats else 0


def load_by_day(branch: Branch, *, now: datetime) -> tuple[DayLoad, ...]:
    """How full the coaches of a station are in the coming fortnight, from the summary of each departure.

    Three queries at any size.
    """
    today = timezone.localtime(now).date()
    dates = [today + timedelta(days=ahead) for ahead in range(LOAD_DAYS)]
    start, end = day_bounds(dates[0], dates[-1], settings.TIME_ZONE)
    departures = [
        departure
        for departure in coming(branch.city_id, start, end)
        if departure.status != Schedule.Status.CANCELLED
    ]
    seats = {
        pk: sum(coach.seats.values())
        for pk, coach in find_layouts(departure.layout_id for departure in departures).items()
    }
    number, offered, taken = Counter[date](), Counter[date](), Counter[date]()
    for departure in departures:
        day, size = departure.local.date(), seats.get(departure.layout_id, 0)
        number[day] += 1
        offered[day] += size
        taken[day] += max(size - departure.available, 0)
    return tuple(
        DayLoad(day, date_format(day, "D j"), number[day], taken[day], offered[day]) for day in dates
    )


@dataclass(frozen=True)
class HourSales:
    hour: int
    counter: int  # seats
    web: int
    amount: Decimal

    @property
    def label(self) -> str:
        return f"{self.hour:02d}:00"

    @property
    def seats(self) -> int:
        return self.counter + self.web


@dataclass(frozen=True)
class SalesToday:
    hours: tuple[HourSales, ...]  # from the first to the last that the day has reached

    @property
    def seats(self) -> int:
        return sum(hour.seats for hour in self.hours)

    @property
    def amount(self) -> Decimal:
        return sum((hour.amount for hour in self.hours), ZERO)


def sales_by_hour(branch: Branch, *, now: datetime) -> SalesToday:
    """Seats sold today to people who get on in the branch's city, and not given back, by hour and channel.

    One query over one day.
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    local = now.astimezone(zone)
    start, end = day_bounds(local.date(), local.date(), settings.TIME_ZONE)
    rows = Ticket.objects.filter(
        booking__booking_date__gte=start,
        booking__booking_date__lt=end,
        booking__from_stop__stop__city=branch.city_id,
        booking__status=SaleStatus.CONFIRMED,
        status__in=STANDS,
    ).order_by()
    seated = Q(place=Ticket.Place.SEAT)
    by_hour = rows.values_list(TruncHour("booking__booking_date", tzinfo=zone)).annotate(
        counter=Count("pk", filter=seated & Q(booking__order__channel=Channel.COUNTER)),
        web=Count("pk", filter=seated & ~Q(booking__order__channel=Channel.COUNTER)),
        amount=Total("fare"),
    )
    sold = {
        moment.hour: HourSales(moment.hour, counter, web, amount) for moment, counter, web, amount in by_hour
    }
    first = min([6, local.hour, *sold])
    last = max([18, local.hour, *sold])
    return SalesToday(tuple(sold.get(hour, HourSales(hour, 0, 0, ZERO)) for hour in range(first, last + 1)))


@dataclass(frozen=True)
class CurvePoint:
    before: int  # days until the departure
    seats: int | None  # of this departure; None for days that are to come
    usual: float | None  # mean of the earlier weeks; None without any


@dataclass(frozen=True)
class BookingCurve:
    """Seats sold by so many days before the departure, against the same trip on the same weekday of earlier
    weeks.
    """

    schedule: Schedule
    title: str
    when: str
    seats: int
    standby: int  # tickets without a seat, which no curve counts
    points: tuple[CurvePoint, ...]
    weeks: tuple[tuple[str, int], ...]  # the earlier departures: day, seats sold at the end

    @property
    def sold(self) -> int:
        return next((point.seats for point in reversed(self.points) if point.seats is not None), 0)

    @property
    def usual_now(self) -> float | None:
        return next((point.usual for point in reversed(self.points) if point.seats is not None), None)


def booking_curve(schedule_id: int, *, now: datetime) -> BookingCurve:
    """Five queries. Raises NotFound."""
    schedule = (
        Schedule.objects.select_related("route__line", "route__origin", "route__destination", "layout")
        .filter(pk=schedule_id)
        .first()
    )
    if schedule is None:
        raise NotFound
    earlier = _earlier(schedule)
    sold, standby = _sold_by_days_before([schedule, *earlier])
    seats = (
        sum(find_layouts([schedule.layout_id])[schedule.layout_id].seats.values())
        if schedule.layout_id
        else 0
    )
    left = (_local_day(schedule) - timezone.localtime(now).date()).days
    points = tuple(
        CurvePoint(
            before,
            _until(sold[schedule.pk], before) if before >= left else None,
            sum(_until(sold[departure.pk], before) for departure in earlier) / len(earlier)
            if earlier
            else None,
        )
        for before in range(CURVE_DAYS, -1, -1)
    )
    weeks = tuple(
        (date_format(_local_day(departure), "D j M"), _until(sold[departure.pk], 0)) for departure in earlier
    )
    title = f"{schedule.route.origin.name} – {schedule.route.destination.name}"
    when = date_format(timezone.localtime(schedule.departure_time), "l j F Y, H:i")
    return BookingCurve(schedule, title, when, seats, standby[schedule.pk], points, weeks)


def _local_day(schedule: Schedule) -> date:
    return timezone.localtime(schedule.departure_time).date()


def _earlier(schedule: Schedule) -> list[Schedule]:
    """The same trip one to four weeks before, newest first.

    One coach for each week, by the index of route and time.
    """
    moments = [schedule.departure_time - timedelta(weeks=week) for week in range(1, CURVE_WEEKS + 1)]
    close = Q()
    for moment in moments:
        close |= Q(departure_time__gte=moment - _CLOSE, departure_time__lte=moment + _CLOSE)
    rows = list(
        Schedule.objects.filter(close, route=schedule.route_id, coach=schedule.coach).exclude(
            status=Schedule.Status.CANCELLED
        )
    )
    earlier = []
    for moment in moments:
        near = [row for row in rows if abs(row.departure_time - moment) <= _CLOSE]
        if near:
            earlier.append(min(near, key=lambda row: abs(row.departure_time - moment)))
    return earlier


def _sold_by_days_before(schedules: list[Schedule]) -> tuple[dict[int, Counter[int]], Counter[int]]:
    """Of each departure: how many of the seats that stand were booked so many days before it, and how many
    tickets are on standby.

    Who stands by or travels on a lap has no seat.
    """
    days = {schedule.pk: _local_day(schedule) for schedule in schedules}
    sold: dict[int, Counter[int]] = {pk: Counter() for pk in days}
    standby: Counter[int] = Counter()
    rows = Ticket.objects.filter(
        booking__schedule__in=days, booking__status=SaleStatus.CONFIRMED, status__in=STANDS
    ).order_by()
    by_day = rows.values_list("booking__schedule", TruncDate("booking__booking_date")).annotate(
        seats=Count("pk", filter=Q(place=Ticket.Place.SEAT)),
        standby=Count("pk", filter=Q(place=Ticket.Place.STANDBY)),
    )
    for schedule, day, seats, waiting in by_day:
        sold[schedule][max((days[schedule] - day).days, 0)] += seats
        standby[schedule] += waiting
    return sold, standby


def _until(sold: Counter[int], before: int) -> int:
    return sum(number for days, number in sold.items() if days >= before)
