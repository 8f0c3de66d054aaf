"""Bring the dated departures to what their services plan now: those that nobody has a place on.

What is sold, held or blocked stays as it is, and is told. A price alone is changed there, too: whoever has a
place keeps what they pay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from django.db.models import Count, F, Q, Sum

from bookings.domain.timetable.generate import ServicePlan, generate_departures, read_service_plans
from bookings.domain.timetable.stale import UNDER_WAY, find_in_use, find_recorded
from bookings.domain.timetable.successors import retire
from bookings.models import Schedule, SeatClaim, SeatKind, SeatLayout, Service, Ticket

DAYS_AHEAD: Final = 60  # for which departures are made at least
_MOST_DAYS: Final = 400
_CHUNK: Final = 500
_ASIDE: Final = 10_000  # added to the number of a coach while others take its time
_SETTLED: Final = (Schedule.Status.CANCELLED, *UNDER_WAY)

Successors = Mapping[int, tuple[date, int]]  # what took the place of a service, from which day


class DatedCoach(NamedTuple):
    """A departure as it is, or as its service plans it."""

    route_id: int
    departs: datetime
    layout_id: int
    price: Decimal


@dataclass(frozen=True)
class DepartureChange:
    """`before` None: it appears; `after` None: it is no longer planned."""

    schedule_id: int
    service_id: int
    before: DatedCoach | None
    after: DatedCoach | None
    sold: int = 0  # passengers
    held: int = 0  # seats that are held or blocked
    money: Decimal = Decimal(0)  # the fares of its passengers


@dataclass
class DepartureChanges:
    appear: list[DepartureChange] = field(default_factory=list)
    change: list[DepartureChange] = field(default_factory=list)
    vanish: list[DepartureChange] = field(default_factory=list)
    left: list[DepartureChange] = field(default_factory=list)  # sold or held: as they were


@dataclass
class _Writing:
    """What is written: departures with what they become and the service that plans them."""

    planned: dict[int, tuple[Schedule, DatedCoach, int]] = field(default_factory=dict)
    removed: list[int] = field(default_factory=list)
    relinked: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))  # by service


def bring_up_to_plan(
    services: Collection[int], successors: Successors, *, today: date, now: datetime
) -> DepartureChanges:
    """The departures of these services that are still to come; it locks them. Within a transaction."""
    changes, moves = DepartureChanges(), _Writing()
    active = Service.objects.filter(pk__in=services, is_active=True, route__is_active=True)
    plans = {plan.pk: plan for plan in read_service_plans(active, today, None)}
    departures = _departures(services, today, now)
    in_use = find_in_use([departure.pk for departure in departures], now=now)
    for departure in departures:
        _compare(departure, departure.pk in in_use, plans, successors, changes, moves)
    _write(moves, in_use)
    changes.appear = _generate(services, today)
    changes.left = _with_people(changes.left, now)
    return changes


def _departures(services: Collection[int], today: date, now: datetime) -> list[Schedule]:
    rows = Schedule.objects.select_for_update(no_key=True, of=("self",)).filter(
        service__in=services, service_date__gte=today, departure_time__gt=now
    )
    return list(rows.order_by("pk"))


def _compare(
    departure: Schedule,
    is_in_use: bool,
    plans: Mapping[int, ServicePlan],
    successors: Successors,
    changes: DepartureChanges,
    moves: _Writing,
) -> None:
    old_service, day = departure.service_id or 0, departure.service_date or date.min
    since, successor = successors.get(old_service, (date.max, 0))
    service_id = successor if day >= since else old_service
    before, after = coach_of(departure), _planned(plans.get(service_id), day)
    change = DepartureChange(departure.pk, service_id, before, after)
    is_price_alone = after is not None and after._replace(price=before.price) == before
    if departure.status in _SETTLED or after == before:
        pass
    elif is_in_use and not is_price_alone:
        changes.left.append(change)
    elif after is None:
        changes.vanish.append(change)
        moves.removed.append(departure.pk)
        return
    else:
        changes.change.append(change)
        moves.planned[departure.pk] = (departure, after, service_id)
        return
    if service_id != old_service:  # its place in the plan is taken, so that no other one is made for the day
        moves.relinked[service_id].append(departure.pk)


def coach_of(departure: Schedule) -> DatedCoach:
    """The departure as it is."""
    return DatedCoach(departure.route_id, departure.departure_time, departure.layout_id, departure.price_zar)


def _planned(plan: ServicePlan | None, day: date) -> DatedCoach | None:
    if plan is None or not plan.calendar.runs_on(day):
        return None
    return DatedCoach(plan.route_id, plan.departs_at(day), plan.layout_id, plan.price_zar)


def _write(moves: _Writing, in_use: Collection[int]) -> None:
    recorded = find_recorded(
        [*moves.removed, *(pk for pk, move in moves.planned.items() if _is_elsewhere(*move[:2]))]
    )
    # What points at calls of the old route, or at the old time, stays: it is closed, and another one is made.
    retire(recorded)
    for part in _parts([pk for pk in moves.removed if pk not in recorded]):
        Schedule.objects.filter(pk__in=part).delete()
    for service_id, ids in moves.relinked.items():
        for part in _parts(ids):
            Schedule.objects.filter(pk__in=part).update(service=service_id)
    planned = [move for pk, move in moves.planned.items() if pk not in recorded]
    _move([move for move in planned if _is_elsewhere(*move[:2])])
    _reprice(planned, in_use)


def _is_elsewhere(departure: Schedule, after: DatedCoach) -> bool:
    return (departure.route_id, departure.departure_time) != (after.route_id, after.departs)


def _move(moves: list[tuple[Schedule, DatedCoach, int]]) -> None:
    """To another route or time; all step aside first, as two may take each other's place."""
    for part in _parts(departure.pk for departure, _after, _service in moves):
        Schedule.objects.filter(pk__in=part).update(coach=F("coach") + _ASIDE)
    times = [after.departs for _departure, after, _service in moves]
    if not times:
        return
    taken: dict[tuple[int, datetime], set[int]] = defaultdict(set)
    others = Schedule.objects.filter(departure_time__range=(min(times), max(times)), coach__lt=_ASIDE)
    for route_id, departs, coach in others.values_list("route_id", "departure_time", "coach"):
        taken[route_id, departs].add(coach)
    # Departures of one service go by one statement: a statement for each row takes ten times as long
    groups: dict[tuple[int, timedelta, int], list[int]] = defaultdict(list)
    for departure, after, _service in moves:
        coaches = taken[after.route_id, after.departs]
        coach = next(number for number in range(1, len(coaches) + 2) if number not in coaches)
        coaches.add(coach)
        groups[after.route_id, after.departs - departure.departure_time, coach].append(departure.pk)
    for (route_id, later, coach), ids in groups.items():
        for part in _parts(ids):
            Schedule.objects.filter(pk__in=part).update(
                route=route_id, departure_time=F("departure_time") + later, coach=coach
            )


def _reprice(moves: list[tuple[Schedule, DatedCoach, int]], in_use: Collection[int]) -> None:
    """Service, layout and price, which many departures share."""
    groups: dict[tuple[int, int, Decimal, bool], list[int]] = defaultdict(list)
    for departure, after, service_id in moves:
        is_in_use = departure.pk in in_use
        groups[service_id, after.layout_id, after.price, is_in_use].append(departure.pk)
    seats = sellable_seats()
    for (service_id, layout_id, price, is_in_use), ids in groups.items():
        values = {"service": service_id, "price_zar": price, "revision": F("revision") + 1}
        if not is_in_use:
            values |= {"layout": layout_id, "available_seats": seats.get(layout_id, 0)}
        for part in _parts(ids):
            Schedule.objects.filter(pk__in=part).update(**values)


def sellable_seats() -> dict[int, int]:
    """How many seats of each layout passengers can have."""
    sellable = Count("seats", filter=~Q(seats__kind=SeatKind.CREW))
    return dict(SeatLayout.objects.annotate(sellable=sellable).order_by().values_list("pk", "sellable"))


def _generate(services: Collection[int], today: date) -> list[DepartureChange]:
    """Make what is missing, and tell what was made: whatever has come since."""
    newest = Schedule.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    latest = Schedule.objects.filter(service__isnull=False).order_by("-departure_time").first()
    last = max(latest.departure_time.date() if latest else today, today + timedelta(days=DAYS_AHEAD - 1))
    days = min((last - today).days + 1, _MOST_DAYS)
    generate_departures(first_day=today, days=days, services=Service.objects.filter(pk__in=services))
    rows = Schedule.objects.filter(service__in=services, pk__gt=newest).order_by("departure_time", "pk")
    return [DepartureChange(row.pk, row.service_id or 0, None, coach_of(row)) for row in rows]


def _with_people(left: Iterable[DepartureChange], now: datetime) -> list[DepartureChange]:
    """Two queries for some hundred departures."""
    changes = {change.schedule_id: change for change in left}
    for part in _parts(changes):
        tickets = Ticket.objects.filter(
            schedule__in=part, booking__status__in=("pending", "confirmed"), status__in=Ticket.IN_USE
        )
        people = tickets.values_list("schedule").annotate(number=Count("pk"), money=Sum("fare")).order_by()
        for schedule_id, number, money in people:
            changes[schedule_id] = replace(changes[schedule_id], sold=number, money=money)
        claims = SeatClaim.objects.filter(schedule__in=part, ticket=None).live(now)
        held = claims.values_list("schedule").annotate(number=Count("seat", distinct=True)).order_by()
        for schedule_id, number in held:
            changes[schedule_id] = replace(changes[schedule_id], held=number)
    return sorted(changes.values(), key=lambda change: change.before.departs if change.before else now)


def _parts(ids: Iterable[int]) -> Iterator[list[int]]:
    rows = list(ids)
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
