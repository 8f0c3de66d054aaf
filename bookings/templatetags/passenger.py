from collections.abc import Collection, Iterable
from datetime import date
from functools import cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from bookings.domain.inventory.seats import DeckView, SeatView
from bookings.domain.timetable.segments import Segment
from bookings.domain.timetable.trips import StopCall
from bookings.passenger.forms.search_query import SearchQuery
from bookings.passenger.presenters import rows
from bookings.passenger.presenters.checkout_steps import checkout_steps

register = template.Library()


@register.simple_tag
def steps_of_checkout(at: int) -> SafeString:
    """The list of steps, rendered once by a process for each of them and each language."""
    return _steps(at, get_language())


@cache
def _steps(at: int, _language: str | None) -> SafeString:
    return mark_safe(render_to_string("passenger/_checkout_steps.html", {"steps": checkout_steps(at)}))


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
