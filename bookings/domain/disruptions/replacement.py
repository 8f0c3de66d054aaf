"""A departure that takes the place of another: at another time, or calling at another stop.

What nobody has a seat on is retimed in place. Else the old departure is cancelled where it stands in the
plan, and the new one is bound to no service, so that generating departures leaves both alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.domain.inventory import claims
from bookings.domain.timetable.drafts.applying import copy_route, make_extra_coach
from bookings.domain.timetable.segments import Segment, route_calls
from bookings.domain.timetable.stale import find_in_use
from bookings.domain.timetable.trips import local_text
from bookings.models import Disruption, Schedule, SeatBlock

Kind = Disruption.Kind
REPLACES: Final = (Kind.RETIME, Kind.MOVE_STOP)
_FURTHEST: Final = timedelta(days=2)  # beyond it, it is another departure


def check_replacement(case: Disruption, schedule: Schedule, *, now: datetime) -> None:
    """Raises Refusal if the departure cannot run so."""
    if case.kind == Kind.RETIME:
        if case.departs_at is None or case.departs_at == schedule.departure_time:
            raise Refusal(_("Enter the new time of departure."))
        if case.departs_at <= now:
            raise Refusal(_("The new time of departure must be ahead."))
        if abs(case.departs_at - schedule.departure_time) > _FURTHEST:
            raise Refusal(_("A departure that moves by more than two days has to be cancelled."))
        return
    call = next((call for call in route_calls(schedule.route_id) if call.position == case.position), None)
    if call is None or case.stop is None or case.stop_id == call.stop_id:
        raise Refusal(_("Choose the stop, and the other one where the coach calls instead."))
    if case.stop.time_zone != call.stop.time_zone:
        raise Refusal(_("The other stop must have the same time."))


def replacement_text(case: Disruption, segment: Segment) -> str:
    """ "leaves at Fri 4 Dec 2026, 12:30" """
    if case.kind == Kind.RETIME and case.departs_at:
        moved = segment.boards_at + (case.departs_at - segment.schedule.departure_time)
        zone = ZoneInfo(segment.board.stop.time_zone)
        return _("leaves at %(when)s") % {"when": local_text(moved, zone)}
    if case.position in (segment.board.position, segment.alight.position):
        return _("calls at %(stop)s instead") % {"stop": case.stop}
    return _("same stops and times")


def replace_departure(case: Disruption, schedule: Schedule, *, now: datetime) -> Schedule:
    """The departure as it runs now: the same row if nobody has or holds anything on it, else a new one with
    the blocked seats of the old. The caller holds the old one, cancels it and moves its passengers.
    """
    departs_at = case.departs_at or schedule.departure_time
    if case.kind == Kind.RETIME and _may_stay(schedule, departs_at, now):
        Schedule.objects.filter(pk=schedule.pk).update(
            departure_time=departs_at, revision=schedule.revision + 1
        )
        return schedule
    route_id = schedule.route_id
    if case.kind == Kind.MOVE_STOP and case.stop and case.position is not None:
        route_id = copy_route(schedule.route, case.position, case.stop, since=departs_at.date()).pk
    new = make_extra_coach(route_id, departs_at, layout_id=schedule.layout_id, price=schedule.price_zar)
    new.status, new.bus, new.is_active = schedule.status, schedule.bus, schedule.is_active
    new.save(update_fields=["status", "bus", "is_active"])
    for block in SeatBlock.objects.filter(schedule=schedule, released_at=None).order_by("pk"):
        legs = range(block.from_position, block.to_position)
        block.pk, block._state.adding, block.schedule = None, True, new
        block.save(force_insert=True)
        claims.claim(claims.claims_of_block(block, legs))
    return new


def _may_stay(schedule: Schedule, departs_at: datetime, now: datetime) -> bool:
    beside = Schedule.objects.filter(
        route=schedule.route_id, departure_time=departs_at, coach=schedule.coach
    ).exists()
    return not (beside or schedule.call_changes or find_in_use([schedule.pk], now=now))
