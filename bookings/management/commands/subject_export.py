from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from bookings.base.errors import Refusal
from bookings.domain.privacy.export import subject_export
from bookings.domain.privacy.subjects import orders_of, read_subject


class Command(BaseCommand):
    help = "Writes all that is kept about an e-mail address or telephone number into a ZIP file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("contact", help="an e-mail address or telephone number")
        parser.add_argument("--file", default="personal-data.zip", help="where to (personal-data.zip)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            subject = read_subject(options["contact"])
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        orders = orders_of(subject)
        Path(options["file"]).write_bytes(subject_export(subject, orders, now=timezone.now()))
        self.stdout.write(f"{len(orders)} orders of {subject} are in {options['file']}.")
