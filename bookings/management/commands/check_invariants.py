from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bookings.database.transactions import database_now
from bookings.domain.integrity.invariants import violations


class Command(BaseCommand):
    help = "Checks what must always be true of seats, money, events and mail. Prints what is not, and fails if there is anything."

    def handle(self, *args: Any, **options: Any) -> None:
        found = violations(now=database_now())
        for violation in found:
            self.stdout.write(self.style.ERROR(f"{violation.rule}: {violation.subject}"))
        if found:
            raise CommandError(f"{len(found)} violations.")
        self.stdout.write(self.style.SUCCESS("All invariants hold."))
