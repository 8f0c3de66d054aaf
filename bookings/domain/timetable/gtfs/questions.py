"""What an import asks before it does something absurd: in words, with numbers, by a code that accepts it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.utils.translation import gettext as _

from bookings.base.errors import RuleBroken
from bookings.base.names import plain_name
from bookings.domain.timetable.gtfs.plan import ImportPlan, PlannedService
from bookings.domain.timetable.stale import (
    UNDER_WAY,
    Comparison,
    ImportedDeparture,
    count_passengers,
    describe,
    find_in_use,
)
from bookings.models import Schedule, Service, Stop

_SHOWN: Final = 5
_CHUNK: Final = 500


@dataclass(frozen=True)
class Question:
    """Something that is seldom meant. Nothing is changed unless `code` is accepted."""

    code: str
    message: str
    numbers: Mapping[str, int]


CODES: Final = (
    "two-feeds",
    "no-departures",
    "past",
    "doubles",
    "free",
    "fares-unread",
    "same-feed",
    "most-removed",
    "sold-removed",
)


class ConsentNeeded(RuleBroken):
    """The import asks; nothing was changed. `questions` are those that nobody consented to."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = tuple(questions)
        codes = ",".join(question.code for question in questions)
        lines = [f"  {question.code}: {question.message}" for question in questions]
        head = _("Nothing was changed. Is this meant? If so, go on with --accept %(codes)s") % {
            "codes": codes
        }
        super().__init__("\n".join([head, *lines]))


def ask_about_feed(plan: ImportPlan, source: str, *, today: date) -> Iterator[Question]:
    """What the feed alone, and beside those of other sources, gives reason to ask."""
    yield from _two_feeds(plan)
    yield from _days(plan, today)
    yield from _doubles(plan)
    yield from _fares(plan)
    yield from _same_feed(plan, source)


def _two_feeds(plan: ImportPlan) -> Iterator[Question]:
    if plan.other_folders:
        message = _("The zip holds %(count)d feeds; those in %(folders)s would not be read.") % {
            "count": len(plan.other_folders) + 1,
            "folders": ", ".join(plan.other_folders[:_SHOWN]),
        }
        yield Question("two-feeds", message, {"feeds": len(plan.other_folders) + 1})


def _days(plan: ImportPlan, today: date) -> Iterator[Question]:
    dates = plan.dates
    first, last = dates.first_made, dates.last + dates.moved
    if dates.last_run is None:
        message = _("No trip of %(trips)d runs from %(first)s to %(last)s: there would be no departures.") % {
            "trips": len(plan.services),
            "first": first,
            "last": last,
        }
        yield Question("no-departures", message, {"trips": len(plan.services), "days": dates.days})
    elif dates.last_run < today:
        days = (today - dates.last_run).days
        message = _(
            "All %(count)s departures are in the past: the last day, %(last)s, was %(days)d days ago."
        ) % {
            "count": f"{dates.departures:,}",
            "last": dates.last_run,
            "days": days,
        }
        if dates.feed_last >= today:
            message += " " + _("The feed runs until %(last)s; use --from for later days.") % {
                "last": dates.feed_last
            }
        yield Question("past", message, {"departures": dates.departures, "days_ago": days})


def _doubles(plan: ImportPlan) -> Iterator[Question]:
    """One trip that starts twice at a minute, or a feed of which most trips are there twice. Single pairs of
    trips are two coaches.
    """
    start, days = plan.dates.first_made, plan.dates.days
    groups: dict[tuple[str, int], list[PlannedService]] = defaultdict(list)
    for service in plan.services:
        groups[service.route.source_id, service.departs_min].append(service)
    same_trip = doubled = 0
    for services in groups.values():
        if len(services) == 1:
            continue
        seen = 0
        trips: Counter[str] = Counter()
        for service in services:
            bits = service.calendar.running_days(start, days)
            doubled += (bits & seen).bit_count()
            seen |= bits
            trip = service.source_id.rpartition(":")[0]
            same_trip += bits.bit_count() if trips[trip] else 0
            trips[trip] += 1
    if same_trip or doubled * 2 >= plan.dates.departures > 0:
        message = _(
            "%(count)s of %(all)s departures are there twice: the same stops, day and minute. "
            "Each would be a coach of its own."
        ) % {"count": f"{doubled:,}", "all": f"{plan.dates.departures:,}"}
        yield Question("doubles", message, {"departures": doubled, "same_trip": same_trip})


def _fares(plan: ImportPlan) -> Iterator[Question]:
    amounts = [amount for _route, pairs in plan.fares for _board, _alight, amount in pairs]
    free = sum(not amount for amount in amounts)
    if free:
        message = _(
            "%(free)s of %(all)s fares are R0: trips would be free, and confirmed without payment."
        ) % {
            "free": f"{free:,}",
            "all": f"{len(amounts):,}",
        }
        yield Question("free", message, {"free": free, "fares": len(amounts)})
    if plan.fare_rows and not amounts:
        message = _(
            "The feed has %(rows)s fares, but none could be used: all would be priced by the kilometre."
        ) % {"rows": f"{plan.fare_rows:,}"}
        yield Question("fares-unread", message, {"fares": plan.fare_rows})


def _same_feed(plan: ImportPlan, source: str) -> Iterator[Question]:
    """Known by what it has, whatever the file is called, and whether it is one source here or several."""
    trips = Counter(_content(service) for service in plan.services)
    same: dict[str, int] = {}
    left = Counter(trips)
    for other in _sources_of_stops(plan):
        if other != source:
            shared = left & Counter(_known_contents(other))
            left -= shared
            same[other or _("our own timetable")] = shared.total()
    total = sum(same.values())
    if total * 2 >= trips.total():
        names = [name for name, count in sorted(same.items(), key=lambda row: -row[1])[:_SHOWN] if count]
        message = _(
            "%(same)s of %(all)s trips are those of “%(others)s” as well: they would be sold twice. "
            "--source renews what is there."
        ) % {"same": f"{total:,}", "all": f"{trips.total():,}", "others": "”, “".join(names)}
        yield Question("same-feed", message, {"trips": total, "all": trips.total()})


def _sources_of_stops(plan: ImportPlan) -> list[str]:
    """Sources that have a stop of one of these names."""
    names = sorted({plain_name(stop.name)[:160] for stop in plan.stops})
    sources: set[str] = set()
    for start in range(0, len(names), _CHUNK):
        rows = Stop.objects.filter(plain_name__in=names[start : start + _CHUNK]).order_by()
        sources |= set(rows.values_list("source", flat=True).distinct())
    return sorted(sources)


def _content(service: PlannedService) -> tuple[str, str, int, int]:
    """The ends of a trip, its minute and how long it takes."""
    pattern = service.route.pattern
    start, end = service.route.ends
    return plain_name(start)[:120], plain_name(end)[:120], service.departs_min, pattern.minutes


def _known_contents(source: str) -> Iterator[tuple[str, str, int, int]]:
    columns = (
        "route__origin__plain_name",
        "route__destination__plain_name",
        "departs_min",
        "route__duration_hours",
    )
    rows = Service.objects.filter(source=source, is_active=True).order_by().values_list(*columns)
    for start, end, minute, hours in rows.iterator():
        yield start, end, minute, round(hours * 60)


def ask_about_changes(comparison: Comparison, plan: ImportPlan, *, now: datetime) -> Iterator[Question]:
    """What the import would do to what is there, once everything that is the same was found again."""
    removed = [departure for departure in comparison.stale if _is_removed(departure, comparison)]
    if len(removed) * 2 > comparison.total:
        message = _(
            "%(removed)s of %(before)s departures from %(day)s on would be removed; %(new)s are planned."
        ) % {
            "removed": f"{len(removed):,}",
            "before": f"{comparison.total:,}",
            "day": plan.dates.first_made,
            "new": f"{plan.dates.departures:,}",
        }
        numbers = {
            "removed": len(removed),
            "before": comparison.total,
            "planned": plan.dates.departures,
        }
        yield Question("most-removed", message, numbers)
    yield from _sold_removed(comparison, now)


def _is_removed(departure: ImportedDeparture, comparison: Comparison) -> bool:
    """No: its trip runs on that day, though at another minute or by another route."""
    plan = comparison.plans.get(departure.service_id or 0)
    return not departure.is_withdrawn and (plan is None or not plan.calendar.runs_on(departure.service_date))


def _sold_removed(comparison: Comparison, now: datetime) -> Iterator[Question]:
    ids = [
        departure.pk
        for departure in comparison.stale
        if not departure.is_withdrawn and departure.departs > now and departure.status not in UNDER_WAY
    ]
    in_use = find_in_use(ids, now=now)
    if not in_use:
        return
    passengers = count_passengers(in_use)
    rows = Schedule.objects.filter(pk__in=sorted(in_use)[:_SHOWN]).select_related("route")
    message = _(
        "%(departures)s departures with %(passengers)s passengers are not in the feed and match none in it: "
        "they would go off sale, each with a task for the dispatcher (%(first)s)."
    ) % {
        "departures": f"{len(in_use):,}",
        "passengers": f"{passengers:,}",
        "first": "; ".join(describe(row) for row in rows),
    }
    yield Question("sold-removed", message, {"departures": len(in_use), "passengers": passengers})
