"""What a case tells: one message to each order, with its link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bookings.domain.sales.messages import write_message
from bookings.domain.sales.text_messages import (
    Fact,
    PersonToTell,
    cancel_unsent,
    passengers_with_contact,
    people_to_tell,
    write_text,
)
from bookings.domain.tickets.choice_links import make_choice_link
from bookings.models import Booking, ChoiceLink, Disruption, DisruptionLine, Order, OutboxMessage, Ticket


def tell_orders(
    case: Disruption, orders: Iterable[Order], lines: Sequence[DisruptionLine], *, now: datetime
) -> None:
    """One mail to each order, with its link; its passengers have links of their own, which are sent to those
    who gave a contact.
    """
    contacts = passengers_with_contact([line.ticket_id for line in lines])
    for order in orders:
        tickets = [line.ticket for line in lines if line.ticket.booking.order_id == order.pk]
        _tell_people(case, order, tickets, contacts, now=now)


def tell_open_again(case: Disruption, orders: Iterable[Order], *, now: datetime) -> None:
    """Who has waited at a closed place hears that it is open."""
    lines = list(case.lines.select_related("ticket__booking__order"))
    contacts = passengers_with_contact([line.ticket_id for line in lines])
    for order in orders:
        tickets = [line.ticket for line in lines if line.ticket.booking.order_id == order.pk]
        _tell_people(case, order, tickets, contacts, version="open", now=now)


def _tell_people(
    case: Disruption,
    order: Order,
    tickets: Sequence[Ticket],
    contacts: Mapping[int, PersonToTell],
    *,
    version: str = "1",
    now: datetime,
) -> None:
    """The buyer and each passenger of the order who gave a contact, with the link of each."""
    kind, own_tickets = OutboxMessage.Kind.DISRUPTION, {ticket.pk: ticket for ticket in tickets}
    links: dict[int | None, ChoiceLink] = {}
    if len(own_tickets) > 1 or contacts.keys() & own_tickets:
        links |= {ticket.pk: make_choice_link(case, order, ticket, now=now) for ticket in tickets}
    links[None] = make_choice_link(case, order, now=now)
    write_message(kind, order, links[None], version=version, now=now)
    for booking in {ticket.booking_id: ticket.booking for ticket in tickets}.values():
        cancel_unsent(kind, booking, now=now)
    people = people_to_tell(order, [person for pk, person in contacts.items() if pk in own_tickets])
    for person in people if tickets else ():
        link, ticket = links[person.ticket], own_tickets.get(person.ticket or 0, tickets[0])
        fact = Fact(kind, f"choicelink:{link.pk}", link.pk, version)
        write_text(fact, ticket.booking, person, now=now)
        if person.ticket and person.email:
            write_message(kind, order, link, version=version, recipient=person.email, now=now)


def tell_unpaid(bookings: Iterable[Booking], *, now: datetime) -> None:
    """Who has not paid has nothing to choose: nothing will be charged, and the order runs out."""
    for booking in bookings:
        write_message(OutboxMessage.Kind.DISRUPTION_UNPAID, booking.order, booking, now=now)
