"""The one place that makes Schedules from Services: of our own plans and of imported timetables alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.database.transactions import short_transaction
from bookings.domain.timetable.calendars import Calendar, is_time_zone, start_of_service_day
from bookings.models import Schedule, SeatKind, SeatLayout, Service, ServiceException

Progress = Callable[[int, int], None]  # done, of how many

MAX_DAYS: Final = 1100
_BATCH_SIZE: Final = 4000  # departures looked at in one transaction, so that nobody waits long for its locks
_INSERT_SIZE: Final = 500


@dataclass
class GenerationReport:
    first_day: date
    last_day: date
    services: int = 0
    new: int = 0
    already_there: int = 0
    extra_coaches: int = 0  # of the new: second and further coaches of a route at the same minute
    problems: list[str] = field(default_factory=list)


class ServicePlan(NamedTuple):
    """A service as the generator needs it, with its calendar."""

    pk: int
    route_id: int
    departs_min: int
    time_zone: str
    layout_id: int
    price_zar: Decimal
    source: str
    source_id: str
    calendar: Calendar

    def departs_at(self, day: date) -> datetime:
        return start_of_service_day(day, self.time_zone) + timedelta(minutes=self.departs_min)

    def schedule_source_id(self, day: date) -> str:
        """trip:service date:repetition; the service's own is trip:repetition."""
        before, after = self.schedule_id_parts()
        return f"{before}{day.isoformat()}{after}" if self.source else ""

    def schedule_id_parts(self) -> tuple[str, str]:
        """What stands before and after the day in the id of a departure."""
        trip, _colon, repetition = self.source_id.rpartition(":")
        return f"{trip}:", f":{repetition}"


def generate_departures(
    *,
    first_day: date | None = None,
    days: int,
    services: QuerySet[Service] | None = None,
    progress: Progress | None = None,
) -> GenerationReport:
    """Make the missing departures of `days` service days, from today unless said.

    What exists is left as it is, however it came about.
    """
    first_day = first_day or timezone.localdate()
    if not 1 <= days <= MAX_DAYS:
        raise Refusal(_("Choose between 1 and %(most)d days.") % {"most": MAX_DAYS})
    report = GenerationReport(first_day, first_day + timedelta(days=days - 1))
    services_used = Service.objects.all() if services is None else services
    plans = _usable(
        read_service_plans(
            services_used.filter(is_active=True, route__is_active=True), first_day, report.last_day
        ),
        report,
    )
    report.services = len(plans)
    seats = _sellable_seats()
    step = max(1, _BATCH_SIZE // max(1, len(plans)))
    for offset in range(0, days, step) if plans else ():
        batch = [first_day + timedelta(days=number) for number in range(offset, min(offset + step, days))]
        with short_transaction():
            _lock(services_used)
            _fill(plans, batch, seats, report)
        if progress:
            progress(offset + len(batch), days)
    return report


def read_service_plans(
    services: QuerySet[Service], first_day: date, last_day: date | None
) -> list[ServicePlan]:
    """These services with the exceptions of these days, in two queries."""
    exceptions: dict[int, dict[date, bool]] = {}
    rows = ServiceException.objects.filter(service__in=services.order_by().values("pk"), date__gte=first_day)
    if last_day is not None:
        rows = rows.filter(date__lte=last_day)
    for service_id, day, runs in rows.values_list("service_id", "date", "runs").iterator():
        exceptions.setdefault(service_id, {})[day] = runs
    fields = ("pk", "route_id", "departs_min", "time_zone", "layout_id", "price_zar", "source", "source_id")
    plans = []
    for *facts, weekdays, starts_on, ends_on in services.order_by("pk").values_list(
        *fields, "weekdays", "starts_on", "ends_on"
    ):
        calendar = Calendar(weekdays, starts_on, ends_on, exceptions.get(facts[0], {}))
        plans.append(ServicePlan._make((*facts, calendar)))
    return plans


def _usable(plans: list[ServicePlan], report: GenerationReport) -> list[ServicePlan]:
    usable = []
    for plan in plans:
        if is_time_zone(plan.time_zone):
            usable.append(plan)
        else:
            report.problems.append(
                _("Service %(id)d: unknown time zone “%(zone)s”.") % {"id": plan.pk, "zone": plan.time_zone}
            )
    return usable


def _sellable_seats() -> dict[int, int]:
    counted = SeatLayout.objects.annotate(sellable=Count("seats", filter=~Q(seats__kind=SeatKind.CREW)))
    return dict(counted.order_by().values_list("pk", "sellable"))


def _lock(services: QuerySet[Service]) -> None:
    """Make two generators take turns, so that neither sees half of the other's work.

    SQLite: the transaction does.
    """
    list(
        Service.objects.select_for_update(no_key=True)
        .filter(pk__in=services.order_by().values("pk"))
        .order_by("pk")
        .values_list("pk")
    )


def _fill(
    plans: list[ServicePlan], batch: list[date], seats: dict[int, int], report: GenerationReport
) -> None:
    made, imported = _existing(batch)
    missing: list[tuple[ServicePlan, date, datetime]] = []
    for plan, day, departs in _departures(plans, batch):
        if (plan.pk, day) in made or (
            plan.source and (plan.source, plan.schedule_source_id(day)) in imported
        ):
            report.already_there += 1
        else:
            missing.append((plan, day, departs))
    if missing:
        Schedule.objects.bulk_create(_schedules(missing, seats, report), batch_size=_INSERT_SIZE)
        report.new += len(missing)


def _departures(plans: list[ServicePlan], batch: list[date]) -> Iterator[tuple[ServicePlan, date, datetime]]:
    for day in batch:
        starts = {zone: start_of_service_day(day, zone) for zone in {plan.time_zone for plan in plans}}
        for plan in plans:
            if plan.calendar.runs_on(day):
                yield plan, day, starts[plan.time_zone] + timedelta(minutes=plan.departs_min)


def _existing(batch: list[date]) -> tuple[set[tuple[int | None, date | None]], set[tuple[str, str]]]:
    """What the service days have already: by service, and by the imported id, which outlives its service."""
    made: set[tuple[int | None, date | None]] = set()
    imported: set[tuple[str, str]] = set()
    rows = Schedule.objects.filter(service_date__range=(batch[0], batch[-1])).order_by()
    for service_id, day, source, source_id in rows.values_list(
        "service_id", "service_date", "source", "source_id"
    ).iterator():
        made.add((service_id, day))
        if source:
            imported.add((source, source_id))
    return made, imported


def _schedules(
    missing: list[tuple[ServicePlan, date, datetime]], seats: dict[int, int], report: GenerationReport
) -> Iterator[Schedule]:
    times = [departs for _plan, _day, departs in missing]
    taken: dict[tuple[int, datetime], set[int]] = {}
    rows = Schedule.objects.filter(departure_time__range=(min(times), max(times))).order_by()
    for route_id, departs, coach in rows.values_list("route_id", "departure_time", "coach"):
        taken.setdefault((route_id, departs), set()).add(coach)
    for plan, day, departs in missing:
        coaches = taken.setdefault((plan.route_id, departs), set())
        coach = next(number for number in range(1, len(coaches) + 2) if number not in coaches)
        coaches.add(coach)
        report.extra_coaches += coach > 1
        yield Schedule(
            route_id=plan.route_id,
            service_id=plan.pk,
            service_date=day,
            departure_time=departs,
            coach=coach,
            layout_id=plan.layout_id,
            price_zar=plan.price_zar,
            available_seats=seats.get(plan.layout_id, 0),
            source=plan.source,
            source_id=plan.schedule_source_id(day),
        )
