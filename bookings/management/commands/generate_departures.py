from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from bookings.base.errors import RuleBroken
from bookings.domain.timetable.generate import generate_departures


class Command(BaseCommand):
    help = "Make the missing departures of the coming days from the services. What exists is left as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=60, help="how many days (60)")
        parser.add_argument(
            "--from", dest="first", type=date.fromisoformat, metavar="DATE", help="the first day (today)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(unit="day", disable=None) as bar:

            def progress(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            try:
                report = generate_departures(
                    first_day=options["first"], days=options["days"], progress=progress
                )
            except (RuleBroken, OverflowError) as error:
                raise CommandError(str(error)) from error
        for problem in report.problems:
            self.stderr.write(problem)
        self.stdout.write(
            f"{report.first_day} to {report.last_day}, {report.services:,} services: "
            f"{report.new:,} new departures, "
            f"{report.already_there:,} were there already."
        )
