"""What a text message says: in whole for an SMS, as parameters of an approved template for WhatsApp."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from bookings.base.gsm7 import OF_SEVERAL, cut_to, gsm7_length, in_gsm7
from bookings.cache.reference_data import single_version_check
from bookings.domain.company.details import get_company
from bookings.domain.disruptions.choice_page import choice_page
from bookings.domain.messaging.texts.links import choice_short_link, coach_link
from bookings.domain.messaging.texts.providers import TextToSend
from bookings.domain.sales.booking_page import bookings_of
from bookings.domain.tickets.ticketed_trip import TicketedTrip, ticketed_trip_of
from bookings.models import ChoiceLink, OutboxMessage, SaleStatus, Schedule, TextMessage

_MOST_PARTS: Final = 2  # of an SMS
_Kind: Final = OutboxMessage.Kind
# By kind: who speaks, which trip, what is new, and where to look. Templates of these names, with these four
# parameters, are approved by Meta before WhatsApp is switched on (falcon_web/DEPLOY.md).
_TEXT: Final = "%(company)s: %(trip)s. %(news)s %(link)s"
_OVER: Final = (Schedule.Status.ARRIVED, Schedule.Status.CANCELLED)


@single_version_check()
def build_text(message: TextMessage, *, now: datetime) -> TextToSend | None:
    """The message as it is sent at this try. None when there is nothing to say any more."""
    with translation.override(message.order.language or settings.LANGUAGE_CODE):
        written = _WRITERS[message.kind](message, now)
        if written is None:
            return None
        trip, news, link = written
        company = get_company().trading_name
        room = OF_SEVERAL * _MOST_PARTS - gsm7_length(in_gsm7(f"{company}: {trip}.   {link}"))
        facts = {
            "company": in_gsm7(company),
            "trip": in_gsm7(trip),
            "news": cut_to(in_gsm7(news), max(room, 20)),
            "link": in_gsm7(link),
        }
        return TextToSend(
            to=message.to,
            template=message.kind,
            params=(company, trip, news, link),
            language="en",
            body=_TEXT % facts,
            client_id=message.client_id,
        )


Written = tuple[str, str, str]  # trip, news, link


def _times_changed(message: TextMessage, now: datetime) -> Written | None:
    trip = _trip_of(message)
    if trip is None:
        return None
    note = trip.change_note or _("Your coach runs as planned again.")
    be_there = _("Be at the stop by %(time)s.") % {"time": trip.check_in}
    return _title(trip), f"{note} {be_there}", coach_link(trip.booking.schedule_id)


def _trip_reminder(message: TextMessage, now: datetime) -> Written | None:
    trip = _trip_of(message)
    if trip is None:
        return None
    facts = {
        "time": trip.view.departs,
        "stop": trip.view.board_stop,
        "check_in": trip.check_in,
        "reference": trip.booking.booking_reference,
    }
    news = _("Leaves %(stop)s at %(time)s, be there by %(check_in)s. Booking %(reference)s.") % facts
    return _title(trip), news, coach_link(trip.booking.schedule_id)


def _disruption(message: TextMessage, now: datetime) -> Written | None:
    link = ChoiceLink.objects.select_related("disruption", "order").get(pk=message.about_id)
    page = choice_page(link, now=now)
    if not page.is_open:
        return None
    trip = f"{page.before.title}, {page.before.date_short} {page.before.departs}"
    seats = " ".join(
        _("New seats: %(seats)s.") % {"seats": party.seats_text}
        for party in page.parties
        if not party.is_waiting and party.seats_text
    )
    news = f"{page.headline}. {seats} {_('Details and your answer:')}"
    return trip, " ".join(news.split()), choice_short_link(link)


def _disruption_unpaid(message: TextMessage, now: datetime) -> Written | None:
    booking = next(row for row in bookings_of(message.order) if row.pk == message.about_id)
    if booking.status not in (SaleStatus.PENDING, SaleStatus.EXPIRED):
        return None
    trip = ticketed_trip_of(booking)
    return _title(trip), _("Cancelled by us. You have not paid, and nothing is charged."), settings.SITE_URL


def _trip_of(message: TextMessage) -> TicketedTrip | None:
    booking = next(row for row in bookings_of(message.order) if row.pk == message.about_id)
    trip = ticketed_trip_of(booking)
    is_over = booking.schedule.status in _OVER
    return None if booking.status != SaleStatus.CONFIRMED or not trip.tickets or is_over else trip


def _title(trip: TicketedTrip) -> str:
    return f"{trip.view.title}, {trip.view.date_short} {trip.view.departs}"


_WRITERS: Final[dict[str, Callable[[TextMessage, datetime], Written | None]]] = {
    _Kind.TIMES_CHANGED: _times_changed,
    _Kind.TRIP_REMINDER: _trip_reminder,
    _Kind.DISRUPTION: _disruption,
    _Kind.DISRUPTION_UNPAID: _disruption_unpaid,
}
