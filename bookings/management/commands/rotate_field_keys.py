from typing import Any

from django.core.management.base import BaseCommand

from bookings.domain.sales.bank_details import rotate_field_keys


class Command(BaseCommand):
    help = "Encrypts all bank details anew by the first of FIELD_KEYS, so that the others can be taken out."

    def handle(self, *args: Any, **options: Any) -> None:
        report = rotate_field_keys()
        self.stdout.write(f"{report.rotated} rows are encrypted by the first key.")
        if report.unreadable:
            self.stdout.write(
                f"{report.unreadable} rows are readable by none: these customers are asked anew."
            )
