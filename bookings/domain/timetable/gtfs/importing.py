"""Import a feed: read it, understand it, and only then write it, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from bookings.database.transactions import database_now, short_transaction
from bookings.domain.timetable.generate import GenerationReport, Progress, generate_departures
from bookings.domain.timetable.gtfs.first_terms import make_missing_terms
from bookings.domain.timetable.gtfs.network import ROAD_TYPES, RouteTypes
from bookings.domain.timetable.gtfs.plan import Dates, ImportPlan, read_plan
from bookings.domain.timetable.gtfs.problems import FeedRefused, Problems
from bookings.domain.timetable.gtfs.questions import (
    CODES,
    ConsentNeeded,
    Question,
    ask_about_changes,
    ask_about_feed,
)
from bookings.domain.timetable.gtfs.reader import Feed
from bookings.domain.timetable.gtfs.recognition import Renumbered, recognise
from bookings.domain.timetable.gtfs.write import Written, rest_unused_routes, write_plan
from bookings.domain.timetable.stale import compare_departures
from bookings.domain.timetable.successors import Relinked, relink_sold
from bookings.domain.timetable.withdraw import Withdrawal, withdraw_stale
from bookings.models import Seat, SeatLayout, Service

PRICE_PER_KM: Final = Decimal("0.65")
DEFAULT_LAYOUT: Final = "coach-48"
_DEFAULT_ROWS: Final = 12


@dataclass(frozen=True)
class ImportOptions:
    """`None` and empty mean: as the feed says, or as it was at the import before."""

    source: str = ""
    first: date | None = None
    last: date | None = None
    shift_to: date | None = None
    price_per_km: Decimal | None = None
    layout: str = ""
    route_types: RouteTypes = ROAD_TYPES
    dry_run: bool = False
    accept: frozenset[str] = frozenset()  # codes of questions that are answered with yes


@dataclass(frozen=True)
class ImportReport:
    source: str
    dates: Dates
    written: Written
    withdrawal: Withdrawal
    departures: GenerationReport
    problems: Problems
    dry_run: bool
    questions: tuple[Question, ...]
    renumbered: Renumbered
    relinked: Relinked


def import_feed(path: Path, options: ImportOptions, *, progress: Progress | None = None) -> ImportReport:
    """FeedRefused: the feed or the options make no sense; ConsentNeeded: it would do something that is seldom
    meant. Nothing was changed then.

    A dry run does all of it and takes it back; it answers with its questions and raises none.
    """
    source = slugify(options.source or path.stem)[:60]
    if not source:
        raise FeedRefused(_("Please name the feed with --source."))
    if options.price_per_km is not None and not 0 <= options.price_per_km <= 1000:
        raise FeedRefused(_("The price per km must be between 0 and 1000 rand."))
    if unknown := options.accept - set(CODES):
        codes = {"unknown": ", ".join(sorted(unknown)), "known": ", ".join(CODES)}
        raise FeedRefused(_("There is no question “%(unknown)s”. Choose from %(known)s.") % codes)
    problems = Problems()
    with Feed(path) as feed:
        plan = read_plan(
            feed,
            first=options.first,
            last=options.last,
            shift_to=options.shift_to,
            route_types=options.route_types,
            problems=problems,
        )
    questions = list(ask_about_feed(plan, source, today=timezone.localdate()))
    with short_transaction():
        report = _write(plan, source, options, questions, progress, problems)
        transaction.set_rollback(options.dry_run)
    return report


def _write(
    plan: ImportPlan,
    source: str,
    options: ImportOptions,
    questions: list[Question],
    progress: Progress | None,
    problems: Problems,
) -> ImportReport:
    dates, now = plan.dates, database_now()
    renumbered = recognise(plan, source)
    layout = _layout(options.layout)
    notes = make_missing_terms()
    written = write_plan(
        plan,
        source,
        layout=layout,
        price_per_km=PRICE_PER_KM if options.price_per_km is None else options.price_per_km,
        keep_terms=options.price_per_km is None and not options.layout,
    )
    written.notes += notes
    comparison = compare_departures(source, dates.first_made)
    relinked = relink_sold(comparison, now=now)
    questions += ask_about_changes(comparison, plan, now=now)
    open_questions = [question for question in questions if question.code not in options.accept]
    if open_questions and not options.dry_run:
        raise ConsentNeeded(open_questions)
    withdrawal = withdraw_stale(comparison, now=now)
    rest_unused_routes(source, plan)
    services = Service.objects.filter(source=source)
    departures = generate_departures(
        first_day=dates.first_made, days=dates.days, services=services, progress=progress
    )
    return ImportReport(
        source,
        dates,
        written,
        withdrawal,
        departures,
        problems,
        options.dry_run,
        questions=tuple(questions),
        renumbered=renumbered,
        relinked=relinked,
    )


def _layout(code: str) -> SeatLayout:
    layout = SeatLayout.objects.filter(code=code or DEFAULT_LAYOUT).first()
    if layout is None and code:
        raise FeedRefused(_("There is no seat layout “%(code)s”.") % {"code": code})
    return layout or _make_default_layout()


def _make_default_layout() -> SeatLayout:
    """48 seats, two on each side of the aisle."""
    layout = SeatLayout.objects.create(code=DEFAULT_LAYOUT, name=_("Coach with 48 seats"))
    places = ((1, "A"), (2, "B"), (4, "C"), (5, "D"))
    Seat.objects.bulk_create(
        Seat(layout=layout, label=f"{row}{letter}", row=row, column=column, is_window=column in (1, 5))
        for row in range(1, _DEFAULT_ROWS + 1)
        for column, letter in places
    )
    return layout
