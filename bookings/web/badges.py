"""The colour that a badge has for a status: good, warn, bad or info, as falcon.css names them."""

from collections.abc import Mapping
from typing import Final

from bookings.models import SaleStatus, Schedule

_BOOKING: Final[Mapping[str, str]] = {SaleStatus.CONFIRMED: "badge-good", SaleStatus.PENDING: "badge-warn"}
_DEPARTURE: Final[Mapping[str, str]] = {
    Schedule.Status.CANCELLED: "badge-bad",
    "withdrawn": "badge-bad",
    Schedule.Status.BOARDING: "badge-warn",
    Schedule.Status.ON_SALE: "badge-good",
}
_MAIL: Final[Mapping[str, str]] = {"sent": "badge-good", "failed": "badge-bad"}
_MANIFEST: Final[Mapping[str, str]] = {
    Schedule.Status.CANCELLED: "badge-bad",
    Schedule.Status.BOARDING: "badge-good",
}


def booking_badge(status: str) -> str:
    return _BOOKING.get(status, "badge-info")


def departure_badge(status: str) -> str:
    return _DEPARTURE.get(status, "badge-info")


def manifest_badge(status: str) -> str:
    return _MANIFEST.get(status, "")


def mail_badge(state: str) -> str:
    return _MAIL.get(state, "badge-info")


def alert_badge(tone: str) -> str:
    return f"badge-{tone}" if tone in ("bad", "warn") else ""


def warn_below(value: float | None, limit: float) -> str:
    return "is-warn" if value is not None and value < limit else ""


def bad_above(value: float | str | None, limit: float) -> str:
    return "is-bad" if value and float(value) > limit else ""


def warning(is_warned: object) -> str:
    return "is-warn" if is_warned else ""


def urgency(is_urgent: bool) -> str:
    """A line of the dashboard: bad if somebody must act now, else a warning."""
    return "is-bad" if is_urgent else "is-warn"
