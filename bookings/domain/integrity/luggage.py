"""What must always be true of extra luggage. Queries that should find nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Case, F, Q, When

from bookings.domain.fares.luggage import luggage_space
from bookings.domain.integrity.order_lines import total_of
from bookings.domain.inventory.luggage import luggage_load
from bookings.models import Disruption, HoldTrip, OrderLine, SaleStatus, Schedule, Ticket

_STANDS = (SaleStatus.PENDING, SaleStatus.CONFIRMED)
_OVER = (Ticket.Status.CANCELLED, Ticket.Status.REPLACED)


def luggage_is_in_the_lines(now: datetime) -> Iterator[object]:
    """The lines of extra luggage are of tickets, and those of each come to what it says that it has; to
    nothing of one that no longer stands.
    """
    lines = OrderLine.objects.filter(kind=OrderLine.Kind.LUGGAGE)
    yield from (f"line {pk}" for pk in lines.filter(ticket=None).values_list("pk", flat=True))
    with_any = Q(extra_luggage__gt=0) | Q(pk__in=lines.filter(ticket__isnull=False).values("ticket"))
    signed = Case(When(amount__lt=0, then=-F("quantity")), default=F("quantity"))
    tickets = Ticket.objects.filter(with_any).annotate(
        sold=total_of(lines, "ticket"), pieces=total_of(lines.annotate(signed=signed), "ticket", "signed")
    )
    stands = Q(booking__status__in=_STANDS) & ~Q(status__in=_OVER)
    agrees = Q(sold=F("luggage_price")) & (Q(pieces=F("extra_luggage")) | Q(luggage_price=0))
    wrong = tickets.filter((stands & ~agrees) | (~stands & ~Q(sold=0)))
    yield from (f"ticket {pk}" for pk in wrong.order_by("pk").values_list("pk", flat=True))


def coaches_carry_their_luggage(now: datetime) -> Iterator[object]:
    """No leg of a departure that may still run has more extra pieces than its coach takes, unless that was
    swapped after the sale.
    """
    loaded = Q(pk__in=Ticket.objects.filter(extra_luggage__gt=0).values("schedule"))
    held = Q(pk__in=HoldTrip.objects.filter(extra_luggage__gt=0, hold__expires_at__gt=now).values("schedule"))
    over = Q(status__in=(Schedule.Status.ARRIVED, Schedule.Status.CANCELLED))
    swapped = Disruption.objects.filter(kind=Disruption.Kind.SWAP_COACH, confirmed_at__isnull=False)
    over |= Q(pk__in=swapped.values("schedules__schedule"))
    for schedule in Schedule.objects.filter(loaded | held).exclude(over).order_by("pk"):
        load = luggage_load(schedule.pk, now=now)
        if max(load.values(), default=0) > luggage_space(schedule.layout_id):
            yield schedule.pk
