from typing import Any

from django import template
from django.utils.safestring import SafeString

from bookings.web.changed_times import changed_time

register = template.Library()
register.filter("changed", changed_time)


@register.filter
def departs(trip: Any) -> SafeString | str:
    """When a trip begins, with what was told of it."""
    return changed_time(trip.departs, trip.departs_note)


@register.filter
def arrives(trip: Any) -> SafeString | str:
    return changed_time(trip.arrives, trip.arrives_note)
