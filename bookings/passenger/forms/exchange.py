"""What the pages of a change are sent: as much as can be made sense of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.http import QueryDict
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.base.money import is_rand_and_cents, read_amount
from bookings.base.names import PersonName
from bookings.base.params import read_day
from bookings.domain.fares.luggage import read_pieces
from bookings.models import Ticket

_LONGEST = 200


def day_in(given: QueryDict) -> date | None:
    """The day that was typed; none if nothing was. Raises Refusal for what is no day."""
    typed = given.get("day", "").strip()
    if not typed:
        return None
    day = read_day(typed[:20])
    if day is None:
        raise Refusal(_("Enter the day as 2026-12-25."))
    return day


def quoted_in(given: QueryDict) -> Decimal | None:
    """The balance that was shown, if it was; below 0 where money comes back."""
    try:
        amount = read_amount(given.get("quoted", "")[:20])
    except ValueError:
        return None
    return amount if is_rand_and_cents(amount) else None


def assigned_seats(tickets: Sequence[Ticket], labels: Sequence[str]) -> dict[int, str]:
    """A seat for each ticket: its own if it is among the labels, else the next; empty beyond them."""
    free = list(dict.fromkeys(labels))
    seats: dict[int, str] = {}
    for ticket in tickets:
        if ticket.seat and ticket.seat.label in free:
            free.remove(ticket.seat.label)
            seats[ticket.pk] = ticket.seat.label
    for ticket in tickets:
        if ticket.pk not in seats:
            seats[ticket.pk] = free.pop(0) if free else ""
    return seats


def names_in(given: QueryDict, tickets: Sequence[Ticket]) -> dict[int, PersonName]:
    """As typed; those of the ticket where nothing was sent."""
    return {
        ticket.pk: PersonName(
            given.get(f"first_name_{ticket.pk}", ticket.first_name)[:_LONGEST],
            given.get(f"surname_{ticket.pk}", ticket.surname)[:_LONGEST],
        )
        for ticket in tickets
    }


def pieces_in(given: QueryDict, tickets: Sequence[Ticket]) -> dict[int, int]:
    """As chosen; those of the ticket where nothing was sent."""
    texts = {ticket.pk: given.get(f"pieces_{ticket.pk}") for ticket in tickets}
    return {
        ticket.pk: ticket.extra_luggage if (text := texts[ticket.pk]) is None else read_pieces(text)
        for ticket in tickets
    }
