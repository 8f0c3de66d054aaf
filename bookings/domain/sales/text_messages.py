"""Whom a message reaches besides the mail to the buyer: passengers who gave a contact, and telephones.

Rows, written in the transaction of the fact. `messaging` sends them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db.models import Q

from bookings import queue
from bookings.base.emails import plain_email
from bookings.database.compiled import insert_rows
from bookings.models import Booking, ContactChannel, Order, OutboxMessage, TextMessage, Ticket, TicketContact

CONSENT_VERSION: Final = "2026-12"  # of the words beside the fields in which a contact is given
_Kind: Final = OutboxMessage.Kind
# What a newer message of a kind says better, as long as it was not sent
_SUPERSEDES: Final = {
    _Kind.TIMES_CHANGED: (_Kind.TIMES_CHANGED, _Kind.TRIP_REMINDER),
    _Kind.DISRUPTION: (_Kind.DISRUPTION, _Kind.TIMES_CHANGED, _Kind.TRIP_REMINDER),
    _Kind.DISRUPTION_UNPAID: (_Kind.DISRUPTION_UNPAID,),
    _Kind.TRIP_REMINDER: (),
}


@dataclass
class PersonToTell:
    """Somebody to tell: the buyer (no ticket), or one passenger, with the channels that they agreed to."""

    ticket: int | None = None
    phone: str = ""
    email: str = ""
    channels: set[str] = field(default_factory=set)

    def first_channel(self) -> str:
        """By which a text message goes first; empty where none can."""
        order = (ContactChannel.WHATSAPP, ContactChannel.SMS)
        return next((way for way in order if way in self.channels and way in settings.TEXT_PROVIDERS), "")

    @property
    def may_fall_back(self) -> bool:
        """To an SMS, if WhatsApp does not arrive."""
        return ContactChannel.SMS in self.channels and ContactChannel.SMS in settings.TEXT_PROVIDERS


@dataclass(frozen=True)
class Fact:
    """What a text message tells, as the outbox names it."""

    kind: str
    subject: str
    about_id: int
    version: str = "1"


def new_contacts(
    tickets: Iterable[Ticket], passengers: Iterable[Mapping[str, str]], *, source: str, now: datetime
) -> list[TicketContact]:
    """The contacts that passengers gave, in the order of their tickets; not written yet."""
    rows = []
    for ticket, passenger in zip(tickets, passengers, strict=False):
        values = [(ContactChannel.EMAIL, passenger.get("contact_email", ""))]
        phone = passenger.get("contact_phone", "")
        values += [(ContactChannel.WHATSAPP, phone), (ContactChannel.SMS, phone)]
        for channel, value in values:
            if value:
                terms: dict[str, Any] = {"source": source, "text_version": CONSENT_VERSION, "at": now}
                rows.append(TicketContact(ticket=ticket, channel=channel, value=value, **terms))
    return rows


def copy_contacts(replaced: Mapping[int, Ticket]) -> None:
    """Give new tickets the contacts of those that they replace, by the ids of the old ones."""
    rows = list(TicketContact.objects.filter(~Q(value=""), ticket__in=list(replaced)))
    for contact in rows:
        contact.pk, contact._state.adding, contact.ticket = None, True, replaced[contact.ticket_id]
    if rows:
        TicketContact.objects.bulk_create(rows)


def passengers_with_contact(tickets: Collection[int]) -> dict[int, PersonToTell]:
    """By ticket; one query."""
    people: dict[int, PersonToTell] = {}
    for row in TicketContact.objects.filter(~Q(value=""), ticket__in=tickets):
        person = people.setdefault(row.ticket_id, PersonToTell(row.ticket_id))
        if row.channel == ContactChannel.EMAIL:
            person.email = row.value
        else:
            person.phone = row.value
            person.channels.add(row.channel)
    return people


def buyer_of(order: Order) -> PersonToTell:
    """A telephone that was given with an order is for news of its trips."""
    ways = {ContactChannel.WHATSAPP.value, ContactChannel.SMS.value} if order.phone else set()
    return PersonToTell(None, order.phone, order.email, ways)


def people_to_tell(order: Order, passengers: Iterable[PersonToTell]) -> list[PersonToTell]:
    """The buyer and these passengers; each address and number once, at who comes first."""
    seen: defaultdict[str, set[str]] = defaultdict(set)
    people = []
    for person in (buyer_of(order), *passengers):
        email, phone = plain_email(person.email), person.phone
        is_new_email = bool(email) and email not in seen["email"]
        is_new_phone = bool(phone) and phone not in seen["phone"]
        seen["email"].add(email)
        seen["phone"].add(phone)
        if person.ticket is None or is_new_email or is_new_phone:
            new = PersonToTell(person.ticket, channels=person.channels)
            new.email, new.phone = person.email if is_new_email else "", phone if is_new_phone else ""
            people.append(new)
    return people


def write_text(fact: Fact, booking: Booking, person: PersonToTell, *, now: datetime) -> None:
    """Write a message to the person's telephone, if there is a way to it, and wake the queue; the same again
    changes nothing.
    """
    channel = person.first_channel() if person.phone else ""
    if not channel:
        return
    message = TextMessage(
        kind=fact.kind,
        order_id=booking.order_id,
        booking=booking,
        ticket_id=person.ticket,
        subject=fact.subject,
        about_id=fact.about_id,
        version=fact.version,
        channel=channel,
        to=person.phone,
        may_fall_back=channel == ContactChannel.WHATSAPP and person.may_fall_back,
        created_at=now,
        next_try=now,
    )
    insert_rows([message], ignore_conflicts=True)
    queue.enqueue_after_commit("send_text_messages")


def cancel_unsent(kind: str, booking: Booking, *, now: datetime) -> None:
    """Drop what newer news of the booking say better and nobody has begun to send."""
    if not settings.TEXT_PROVIDERS or not (kinds := _SUPERSEDES.get(_Kind(kind), ())):
        return
    unsent = TextMessage.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=now),
        booking=booking,
        kind__in=kinds,
        state=TextMessage.State.QUEUED,
        is_unsure=False,
    )
    unsent.update(state=TextMessage.State.CANCELLED, fall_back_at=None, error="newer news")
    late = TextMessage.objects.filter(booking=booking, kind__in=kinds, fall_back_at__isnull=False)
    late.update(fall_back_at=None)
