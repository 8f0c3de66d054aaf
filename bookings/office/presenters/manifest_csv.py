"""The manifest for a spreadsheet."""

import csv
import io
from typing import Final

from django.utils.translation import gettext as _

from bookings.domain.boarding.manifest import Manifest, Passenger, StopList

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def manifest_csv(manifest: Manifest) -> str:
    """Each passenger where they get on, in the order of the road. Starts with a mark that makes spreadsheets read UTF-8."""
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(
        [_("Stop"), _("Departs"), _("Seat"), _("Name"), _("Type"), _("To"), _("Status"), _("Boarded"), _("Booking"), _("Code"), _("Phone")]
    )
    for stop in manifest.shown:
        for passenger in (*stop.ons, *stop.standby):
            writer.writerow([safe_cell(text) for text in _row(stop, passenger)])
    return f"\ufeff{sheet.getvalue()}"


def _row(stop: StopList, passenger: Passenger) -> list[str]:
    return [
        f"{stop.city}, {stop.stop}" if stop.stop != stop.city else stop.city,
        stop.departs,
        passenger.seat,
        passenger.name,
        passenger.kind,
        passenger.destination,
        passenger.status_text,
        passenger.boarded,
        passenger.reference,
        passenger.code,
        passenger.phone,
    ]
