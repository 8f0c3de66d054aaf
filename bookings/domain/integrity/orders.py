"""What must always be true of an order and its bookings. Queries that should find nothing."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q
from django.db.models.functions import Lower

from bookings.base.emails import plain_email
from bookings.models import (
    Booking,
    OutboxMessage,
    SaleStatus,
    Ticket,
)

_MAIL_TIME: Final = timedelta(days=1)
# A booking that was cancelled may belong to an order in any state
_STATES_TOGETHER: Final = (
    Q(status=SaleStatus.CANCELLED)
    | Q(status=F("order__status"))
    | Q(status=SaleStatus.EXPIRED, order__status=SaleStatus.CANCELLED)
)


def bookings_follow_their_order(now: datetime) -> Iterator[object]:
    """Nobody travels on an order that is cancelled, expired or not paid."""
    yield from Booking.objects.exclude(_STATES_TOGETHER).values_list("booking_reference", flat=True)


def tickets_are_for_their_booking(now: datetime) -> Iterator[object]:
    """A ticket is for the departure of its booking, unless another was issued in its place."""
    tickets = Ticket.objects.exclude(status=Ticket.Status.REPLACED)
    yield from tickets.exclude(schedule=F("booking__schedule")).values_list("pk", flat=True)


def times_are_those_of_the_departure(now: datetime) -> Iterator[object]:
    """A booking boards and alights when its departure calls there."""
    # Counted here, once for all who board and alight together: SQLite has no arithmetic of times
    trips = Booking.objects.order_by().values_list(
        "schedule",
        "from_stop",
        "to_stop",
        "boards_at",
        "alights_at",
        "schedule__departure_time",
        "from_stop__depart_min",
        "to_stop__arrive_min",
    )
    for schedule, board, alight, boards_at, alights_at, departs, depart_min, arrive_min in trips.distinct():
        if (boards_at, alights_at) != (
            departs + timedelta(minutes=depart_min),
            departs + timedelta(minutes=arrive_min),
        ):
            yield from Booking.objects.filter(
                schedule=schedule, from_stop=board, to_stop=alight, boards_at=boards_at, alights_at=alights_at
            ).values_list("booking_reference", flat=True)


def contacts_are_those_of_the_order(now: datetime) -> Iterator[object]:
    """A booking is found by the address of its order."""
    rows = Booking.objects.exclude(passenger_email=Lower("order__email"))
    for reference, address, of_order in rows.values_list(
        "booking_reference", "passenger_email", "order__email"
    ):
        if address != plain_email(of_order):
            yield reference


def confirmations_are_sent(now: datetime) -> Iterator[object]:
    """A confirmation is sent within a day, or a person has been told that it cannot be."""
    waiting = OutboxMessage.objects.filter(
        kind=OutboxMessage.Kind.CONFIRMATION,
        sent_at=None,
        failed_at=None,
        created_at__lte=now - _MAIL_TIME,
    )
    yield from waiting.values_list("order", flat=True)
