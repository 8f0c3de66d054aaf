"""Short links of our own, for messages that have little room."""

from django.conf import settings

from bookings.domain.tickets.choice_links import choice_token
from bookings.models import ChoiceLink


def choice_short_link(link: ChoiceLink) -> str:
    return f"{settings.SITE_URL}/d/{choice_token(link)}/"


def coach_link(schedule_id: int) -> str:
    """Where anybody sees how late the coach is."""
    return f"{settings.SITE_URL}/w/{schedule_id}/"
