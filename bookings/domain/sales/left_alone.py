"""Nobody who needs an adult stays behind alone when others of an order are cancelled or moved."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from django.utils.translation import gettext as _

from bookings.base.errors import Conflict
from bookings.domain.fares.companions import find_adult_missing, needs_adult
from bookings.domain.fares.prices import every_type
from bookings.models import Booking, SaleStatus, Ticket


def tickets_beside(booking: Booking) -> list[Ticket]:
    """Those of the order that travel on the booking's departure, its own too: one query."""
    rows = Ticket.objects.filter(
        booking__order=booking.order_id,
        booking__status__in=(SaleStatus.PENDING, SaleStatus.CONFIRMED),
        schedule=booking.schedule_id,
        status__in=Ticket.IN_USE,
    )
    return list(rows.order_by("pk"))


def travelling_beside(booking: Booking, bookings: Iterable[Booking]) -> list[Ticket]:
    """As `tickets_beside`, of an order's bookings that are loaded with their tickets."""
    return [
        ticket
        for other in bookings
        if other.schedule_id == booking.schedule_id
        and other.status in (SaleStatus.PENDING, SaleStatus.CONFIRMED)
        for ticket in other.tickets.all()
        if ticket.status in Ticket.IN_USE
    ]


def left_alone(booking: Booking, leaving: Iterable[int], beside: Sequence[Ticket]) -> Conflict | None:
    """Why the tickets with the ids `leaving` cannot leave this booking's departure without others, if so.

    `beside` are all that travel there for the order. Who travelled without an adult before is left in peace.
    """
    kinds = {kind.pk: kind for kind in every_type()}
    gone = set(leaving)
    stay = [ticket for ticket in beside if ticket.pk not in gone]
    if not any(kinds[ticket.passenger_type_id].is_adult for ticket in beside if ticket.pk in gone):
        return None
    is_abroad = _crosses_border(booking) if stay else False
    if not find_adult_missing([kinds[ticket.passenger_type_id] for ticket in stay], is_abroad=is_abroad):
        return None
    alone = [ticket for ticket in stay if needs_adult(kinds[ticket.passenger_type_id], is_abroad=is_abroad)]
    return Conflict(
        _("%(names)s would travel without an adult. Choose them as well, or leave an adult on the booking.")
        % {"names": ", ".join(ticket.full_name for ticket in alone)}
    )


def check_movers(moving: Collection[Ticket], beside: Sequence[Ticket], *, is_abroad: bool) -> None:
    """Raises AdultMissing when those who move need an adult whom they leave behind."""
    kinds = {kind.pk: kind for kind in every_type()}
    if any(kinds[ticket.passenger_type_id].is_adult for ticket in beside):
        missing = find_adult_missing(
            [kinds[ticket.passenger_type_id] for ticket in moving], is_abroad=is_abroad
        )
        if missing:
            raise missing


def _crosses_border(booking: Booking) -> bool:
    ends = {booking.from_stop.stop.city.country, booking.to_stop.stop.city.country} - {""}
    return len(ends) > 1
