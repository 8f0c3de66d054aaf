"""What must always be true of boarding, as queries that should find nothing."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, F, Max, OuterRef, Q

from bookings.domain.timetable.call_times import changes_of
from bookings.models import BookingEvent, Schedule, ScheduleChange, SeatClaim, Ticket


def no_shows_hold_nothing(now: datetime) -> Iterator[object]:
    """Who did not come has given up the seat, on all legs."""
    yield from (
        SeatClaim.objects.filter(ticket__status=Ticket.Status.NO_SHOW)
        .values_list("ticket", flat=True)
        .distinct()
    )


def standby_claims_nothing(now: datetime) -> Iterator[object]:
    yield from (
        SeatClaim.objects.filter(ticket__place=Ticket.Place.STANDBY)
        .values_list("ticket", flat=True)
        .distinct()
    )


def standby_does_not_travel(now: datetime) -> Iterator[object]:
    """Nobody is on board, or missing, without a place."""
    standing = Ticket.objects.filter(
        place=Ticket.Place.STANDBY, status__in=(Ticket.Status.BOARDED, Ticket.Status.NO_SHOW)
    )
    yield from standing.values_list("pk", flat=True)


def times_are_those_that_were_told(now: datetime) -> Iterator[object]:
    """What a departure says of its times is what its changes come to."""
    has_changes = Exists(ScheduleChange.objects.filter(schedule=OuterRef("pk")))
    for schedule in Schedule.objects.filter(Q(has_changes) | ~Q(call_changes="")).order_by("pk"):
        if schedule.call_changes != changes_of(schedule):
            yield schedule.pk


def boarding_is_recorded(now: datetime) -> Iterator[object]:
    """A ticket that boarded, or whose passenger did not come, has a last event that says so and by whom."""
    changes = BookingEvent.objects.filter(ticket__isnull=False).exclude(from_status=F("to_status"))
    last = changes.order_by().values("ticket").annotate(last=Max("pk")).values("last")
    recorded = BookingEvent.objects.filter(pk__in=last, to_status=F("ticket__status")).values("ticket")
    rows = Ticket.objects.filter(status__in=(Ticket.Status.BOARDED, Ticket.Status.NO_SHOW))
    yield from rows.exclude(pk__in=recorded).values_list("pk", flat=True)
