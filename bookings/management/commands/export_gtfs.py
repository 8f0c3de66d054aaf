from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from bookings.base.errors import RuleBroken
from bookings.domain.search.feed import export_timetable
from bookings.domain.timetable.gtfs.export import ExportReport

_SHOWN = 20


class Command(BaseCommand):
    help = (
        "Write what is on sale as a timetable in GTFS, for journey planners. "
        "The same timetable makes the same file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, metavar="OUT.zip")
        parser.add_argument("--days", type=int, default=60, help="how many days (60)")
        parser.add_argument(
            "--from", dest="first", type=date.fromisoformat, metavar="DATE", help="the first day (today)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        first = options["first"] or timezone.localdate()
        with tqdm(desc="departures", unit="", disable=None) as bar:

            def progress(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            try:
                report = export_timetable(
                    options["out"], first_day=first, days=options["days"], progress=progress
                )
            except RuleBroken as error:
                raise CommandError(error.message) from error
            except (OSError, OverflowError) as error:
                raise CommandError(str(error)) from error
        self._print(options["out"], report)

    def _print(self, out: Path, report: ExportReport) -> None:
        self.stdout.write(
            f"{out}: {report.first_day} to {report.last_day}, {report.lines:,} lines, "
            f"{report.trips:,} trips with {report.departures:,} "
            f"departures, {report.stops:,} stops, {report.fares:,} fares, {out.stat().st_size:,} bytes"
        )
        if report.lines_without_fares:
            self.stdout.write(f"Lines without fares, as a feed holds no more: {report.lines_without_fares:,}")
        if report.unplaced:
            self.stdout.write(
                f"Stops left out; enter their place on the map in the admin ({len(report.unplaced):,}):"
            )
            for stop in report.unplaced[:_SHOWN]:
                self.stdout.write(f"  {stop}")
            if len(report.unplaced) > _SHOWN:
                self.stdout.write(f"  … and {len(report.unplaced) - _SHOWN:,} more")
