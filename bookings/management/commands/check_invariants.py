from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bookings.database.transactions import database_now
from bookings.domain.integrity.invariants import neglected, violations


class Command(BaseCommand):
    help = (
        "Checks what must always be true of seats, money, events and mail. "
        "Prints what is not, and fails if there is anything."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        now = database_now()
        violated = violations(now=now) + neglected(now=now)
        for violation in violated:
            self.stdout.write(self.style.ERROR(f"{violation.rule}: {violation.subject}"))
        if violated:
            raise CommandError(f"{len(violated)} violations.")
        self.stdout.write(self.style.SUCCESS("All invariants hold."))
