"""How much extra luggage a departure still takes, counted like its seats: leg by leg.

A piece travels from the passenger's first stop to the last. Held are those of a live hold, sold those of
tickets that are paid or may still be paid in time; nothing has to be swept for them to be free again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.base.errors import Conflict
from bookings.domain.fares.luggage import luggage_space
from bookings.domain.timetable.segments import Segment
from bookings.domain.timetable.trips import local_text
from bookings.models import Hold, HoldTrip, SaleStatus, Ticket

# A no-show may still be expected again, in the same seat and with the same luggage
_TRAVELS = (Ticket.Status.VALID, Ticket.Status.BOARDED, Ticket.Status.NO_SHOW)


class LuggageFull(Conflict):
    """The coach does not take so many extra pieces any more."""

    def __init__(self, segment: Segment, left: int) -> None:
        facts = {
            "number": left,
            "trip": segment.schedule.route.line.code,
            "time": local_text(segment.boards_at),
        }
        message = ngettext(
            "Only %(number)d more extra piece of luggage fits on the coach %(trip)s, %(time)s.",
            "Only %(number)d more extra pieces of luggage fit on the coach %(trip)s, %(time)s.",
            left,
        )
        if not left:
            message = _("No more extra luggage fits on the coach %(trip)s, %(time)s.")
        super().__init__(message % facts)
        self.left = left


def check_luggage(
    segment: Segment,
    pieces: int,
    *,
    hold: Hold | None = None,
    besides: Collection[Ticket] = (),
    now: datetime,
) -> None:
    """Raises LuggageFull unless the coach takes so many pieces on each leg of the segment, besides those of
    this `hold` or of these tickets. The caller holds the lock of the departure. Two queries, none for 0.
    """
    if not pieces:
        return
    legs = segment.legs
    load = luggage_load(segment.schedule.pk, hold=hold, besides=besides, now=now)
    left = luggage_space(segment.schedule.layout_id) - max(load.get(leg, 0) for leg in legs)
    if pieces > left:
        raise LuggageFull(segment, max(left, 0))


def luggage_load(
    schedule_id: int, *, hold: Hold | None = None, besides: Collection[Ticket] = (), now: datetime
) -> Counter[int]:
    """How many extra pieces are held or sold on each leg of a departure, by its number. Two queries."""
    stands = Q(booking__status=SaleStatus.CONFIRMED)
    in_time = Q(booking__status=SaleStatus.PENDING, booking__order__pay_by__gt=now)
    of_schedule = {"schedule": schedule_id, "extra_luggage__gt": 0}
    tickets = Ticket.objects.filter(stands | in_time, status__in=_TRAVELS, **of_schedule)
    tickets = tickets.exclude(place=Ticket.Place.WAITING)  # on no coach
    tickets = tickets.exclude(pk__in=[ticket.pk for ticket in besides])
    held = HoldTrip.objects.filter(hold__expires_at__gt=now, hold__order=None, **of_schedule)
    load: Counter[int] = Counter()
    for rows, ends in ((tickets, "booking__"), (held.exclude(hold=hold), "")):
        columns = (f"{ends}from_stop__position", f"{ends}to_stop__position", "extra_luggage")
        for first, end, pieces in rows.order_by().values_list(*columns):
            load.update(dict.fromkeys(range(first, end), pieces))
    return load
