"""Text messages about a booking, for tests."""

from datetime import datetime

from bookings.domain.sales.messages import write_message
from bookings.domain.sales.text_messages import new_contacts
from bookings.models import Booking, OutboxMessage, TextMessage, TicketContact
from bookings.tests.make import NOW


def give_contact(booking: Booking, *, passenger: int = 0, phone: str = "", email: str = "") -> None:
    ticket = booking.tickets.order_by("pk")[passenger]
    given = {"contact_phone": phone, "contact_email": email}
    TicketContact.objects.bulk_create(new_contacts([ticket], [given], source="web", now=NOW))


def tell(booking: Booking, *, version: str = "times 1", now: datetime = NOW) -> list[TextMessage]:
    write_message(OutboxMessage.Kind.TIMES_CHANGED, booking.order, booking, version=version, now=now)
    return list(TextMessage.objects.filter(booking=booking, version=version).order_by("pk"))


def states(booking: Booking) -> list[tuple[str, str]]:
    rows = TextMessage.objects.filter(booking=booking).order_by("pk")
    return list(rows.values_list("channel", "state"))
