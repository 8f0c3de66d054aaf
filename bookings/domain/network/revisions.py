from django.db.models import F

from bookings.models import Route


def raise_revisions() -> None:
    """Make every kept list of departures stale, after a change to names, classes or types that all of them may show."""
    Route.objects.update(fares_revision=F("fares_revision") + 1)
