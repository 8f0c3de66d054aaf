from collections.abc import Collection, Iterable
from datetime import date

from django import template
from django.utils.safestring import SafeString

from bookings.domain.inventory.seats import DeckView, SeatView
from bookings.domain.timetable.segments import Segment
from bookings.domain.timetable.trips import StopCall
from bookings.passenger.forms.search_query import SearchQuery
from bookings.passenger.presenters import rows
from bookings.passenger.presenters.checkout_steps import checkout_steps

register = template.Library()
register.simple_tag(checkout_steps)


@register.simple_tag
def seat_rows(deck: DeckView[SeatView], ticked: Collection[str], is_open: bool) -> SafeString:
    """The rows of a deck as ready strings: a coach has as many seats as a long list has rows."""
    return rows.deck_rows(deck, ticked, is_open=is_open)


@register.simple_tag
def route_rows(calls: Iterable[StopCall], segment: Segment) -> SafeString:
    return rows.route_rows(calls, segment)


@register.simple_tag
def day_address(query: SearchQuery, day: date) -> str:
    return query.address(day=day)
