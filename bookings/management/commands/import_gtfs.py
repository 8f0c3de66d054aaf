from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from bookings.base.errors import RuleBroken
from bookings.domain.timetable.gtfs.importing import (
    DEFAULT_LAYOUT,
    PRICE_PER_KM,
    ImportOptions,
    ImportReport,
    import_feed,
)
from bookings.domain.timetable.gtfs.network import ROAD_TYPES, RouteTypes


def rand(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise ValueError from error
    if not amount.is_finite():
        raise ValueError
    return amount


def route_types(text: str) -> RouteTypes:
    """2,100-199: single types and those from one to another."""
    types = []
    for part in text.split(","):
        first, _dash, last = part.strip().partition("-")
        types.append(range(int(first), int(last or first) + 1))
    if not all(types):
        raise ValueError
    return tuple(types)


def codes(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


class Command(BaseCommand):
    help = "Import a timetable in GTFS, all or nothing. A second import of the same feed changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("feed", type=Path, metavar="FEED.zip")
        parser.add_argument(
            "--from",
            dest="first",
            type=date.fromisoformat,
            metavar="DATE",
            help="first service day (the feed's)",
        )
        parser.add_argument(
            "--to", dest="last", type=date.fromisoformat, metavar="DATE", help="last service day (the feed's)"
        )
        parser.add_argument(
            "--shift-to",
            type=date.fromisoformat,
            metavar="DATE",
            help="move by whole weeks: the first day lands on or after DATE",
        )
        parser.add_argument(
            "--source",
            default="",
            metavar="NAME",
            help="what the feed is known by here (the name of the file)",
        )
        parser.add_argument(
            "--price-per-km",
            type=rand,
            metavar="R",
            help=f"in rand, where the feed has no fares in rand ({PRICE_PER_KM})",
        )
        parser.add_argument(
            "--layout", default="", metavar="CODE", help=f"seat layout of the coaches ({DEFAULT_LAYOUT})"
        )
        parser.add_argument(
            "--route-types",
            type=route_types,
            default=ROAD_TYPES,
            metavar="N[-N],…",
            help="which lines to take, by route_type (buses and coaches: 3,11,200-299,700-800)",
        )
        parser.add_argument(
            "--accept",
            type=codes,
            default=frozenset(),
            metavar="CODE[,CODE]",
            help="go on although the import asks; it names the code of each question",
        )
        parser.add_argument("--dry-run", action="store_true", help="do all of it, report, and take it back")

    def handle(self, *args: Any, **options: Any) -> None:
        names = (
            "source",
            "first",
            "last",
            "shift_to",
            "price_per_km",
            "layout",
            "route_types",
            "accept",
            "dry_run",
        )
        with tqdm(desc="departures", unit="day", disable=None) as bar:

            def progress(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            try:
                report = import_feed(
                    options["feed"],
                    ImportOptions(**{name: options[name] for name in names}),
                    progress=progress,
                )
            except RuleBroken as error:
                raise CommandError(error.message) from error
        self._print(report)

    def _print(self, report: ImportReport) -> None:
        dates, made = report.dates, report.departures
        moved = f", moved by {dates.moved.days // 7} weeks to {made.first_day}" if dates.moved else ""
        self.stdout.write(
            f"{report.source}: service days {dates.first} to {dates.last} ({dates.days}){moved}"
        )
        for kind, count in report.written.counts.items():
            self.stdout.write(
                f"  {kind:<11}{count.new:>9,} new {count.changed:>9,} changed {count.unchanged:>9,} as before"
            )
        self.stdout.write(
            f"  {'departures':<11}{made.new:>9,} new {report.withdrawal.removed:>9,} removed "
            f"{made.already_there:>9,} as before"
        )
        for note in [dates.note, *report.written.notes, *made.problems]:
            if note:
                self.stdout.write(note)
        if report.renumbered.total:
            self.stdout.write(
                f"Known by other ids: {report.renumbered.stops:,} stops, {report.renumbered.lines:,} lines, "
                f"{report.renumbered.routes:,} routes, {report.renumbered.services:,} trips"
            )
        if report.relinked.departures:
            self.stdout.write(f"Sold departures that were found again: {report.relinked.departures:,}")
        self._print_list("Sold departures at another time; see the tasks", report.relinked.retimed)
        self._print_list("Sold departures that are off sale; see the tasks", report.withdrawal.withdrawn)
        self._print_list("Departures that were left as they are", report.withdrawal.remaining)
        for question in report.questions:
            self.stdout.write(f"{question.code}: {question.message}")
        self._print_list("Left out or read otherwise", report.problems.lines, report.problems.count)
        if report.dry_run:
            self.stdout.write("Dry run: nothing was changed.")

    def _print_list(self, title: str, lines: list[str], count: int | None = None) -> None:
        count = len(lines) if count is None else count
        if not count:
            return
        self.stdout.write(f"{title} ({count:,}):")
        for line in lines:
            self.stdout.write(f"  {line}")
        if count > len(lines):
            self.stdout.write(f"  … and {count - len(lines):,} more")
