from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from tqdm import tqdm

from bookings.demo.seed import is_seeded, seed_demo, top_up


class Command(BaseCommand):
    help = (
        "Load the demo company: a South African network, departures, bookings and one user for each role. "
        "Run again, it only tops up."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--seed",
            type=int,
            default=1,
            help="the same number at the same time makes the same bookings (default 1)",
        )
        parser.add_argument(
            "--days", type=int, default=60, help="how many days of departures to make (default 60)"
        )
        parser.add_argument("--if-empty", action="store_true", help="do nothing if the demo company is there")
        parser.add_argument(
            "--reset-password", action="store_true", help="give the demo users a new password"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["if_empty"] and not options["reset_password"] and is_seeded():
            top_up()
            self.stdout.write(
                "The demo company is there. Passwords lost? "
                "`.venv/bin/python manage.py seed_demo --reset-password` prints new ones."
            )
            return
        report = seed_demo(
            now=timezone.now(),
            seed=options["seed"],
            days=options["days"],
            reset_password=options["reset_password"],
            progress=_bar,
        )
        for line in report.lines():
            self.stdout.write(line)


def _bar(step: str) -> Callable[[int, int], None]:
    bar = tqdm(desc=step, unit="", mininterval=0.5, leave=False)

    def show(done: int, of: int) -> None:
        bar.total = of
        bar.update(done - bar.n)
        if done >= of:
            bar.close()

    return show
