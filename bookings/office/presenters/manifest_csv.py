"""The manifest for a spreadsheet."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from bookings.domain.boarding.manifest import Manifest, Passenger, StopList
from bookings.office.presenters.spreadsheet import csv_lines


def manifest_csv(manifest: Manifest) -> str:
    """Each passenger where they get on, in the order of the road."""
    return "".join(csv_lines(_rows(manifest)))


def _rows(manifest: Manifest) -> Iterator[list[str]]:
    yield (
        [
            _("Stop"),
            _("Departs"),
            _("Seat"),
            _("Name"),
            _("Type"),
            _("To"),
            _("Status"),
            _("Boarded"),
            _("Booking"),
            _("Code"),
            _("Phone"),
            _("Needs"),
        ]
    )
    for stop in manifest.shown:
        for passenger in (*stop.ons, *stop.standby):
            yield _row(stop, passenger)


def _row(stop: StopList, passenger: Passenger) -> list[str]:
    return [
        f"{stop.city}, {stop.stop}" if stop.stop != stop.city else stop.city,
        f"{stop.departs_at:%Y-%m-%d %H:%M}",
        passenger.seat,
        passenger.name,
        passenger.kind,
        passenger.destination,
        passenger.status_text,
        passenger.boarded,
        passenger.reference,
        passenger.code,
        passenger.phone,
        passenger.needs,
    ]
