"""The departures to which passengers of a booking may move: between the same cities, priced for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from bookings.domain.fares.prices import Party, passenger_types
from bookings.domain.network.places import get_places
from bookings.domain.search.offers import Offer, Search, results
from bookings.models import Booking, Ticket

_MOST: int = 50


def party_of(tickets: Sequence[Ticket]) -> Party:
    """The passengers of these tickets as a search knows them; others count as the first type."""
    types = passenger_types()
    slugs = Counter(ticket.passenger_type.slug for ticket in tickets if ticket.passenger_type.slug in types)
    others = len(tickets) - slugs.total()
    slugs[next(slug for slug in types)] += others
    return Party(
        tuple((slug, slugs[slug]) for slug in types if slugs[slug]),
        sum(ticket.needs_wheelchair for ticket in tickets),
    )


def list_exchange_offers(
    booking: Booking, tickets: Sequence[Ticket], day: date, *, channel: str, now: datetime
) -> tuple[Offer, ...]:
    """The departures of a day; none for nobody. Raises Refusal for a day beyond the calendar."""
    if not tickets:
        return ()
    origin, destination = get_places(*(call.stop.city.slug for call in (booking.from_stop, booking.to_stop)))
    search = Search(origin, destination, day, party_of(tickets), page_size=_MOST)
    return results(search, now=now, channel=channel).offers
