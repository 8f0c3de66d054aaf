"""A coach that is cancelled, for the tests of cases."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from bookings.domain.disruptions.cases import CaseRequest, confirm_case, open_case
from bookings.domain.integrity.invariants import Violation, violations
from bookings.models import Disruption, Schedule, User
from bookings.tests.make import NOW, make_route, make_schedule, make_user

_numbers: Final = count(1)


def two_departures(*, seats: int = 8, later_seats: int = 8) -> tuple[Schedule, Schedule]:
    """Of one route: in three days, and four hours after that."""
    route = make_route()
    first = make_schedule(route=route, seats=seats)
    later = make_schedule(
        route=route, seats=later_seats, departs=NOW + timedelta(days=3, hours=4), layout=None
    )
    return first, later


def draft(*schedules: Schedule, by: User | None = None, now: datetime = NOW, **changes: Any) -> Disruption:
    facts = {"kind": "cancel", "reason": "breakdown", "text": "The engine failed."} | changes
    by = by or make_user(role=User.Role.DISPATCHER)
    request = CaseRequest(schedule_ids=tuple(schedule.pk for schedule in schedules), **facts)
    return open_case(request, by=by, submission=f"open {next(_numbers)}", content="", now=now)


def confirmed(*schedules: Schedule, by: User | None = None, now: datetime = NOW) -> Disruption:
    """A case within the limits, confirmed by whoever opened it."""
    case = draft(*schedules, by=by, now=now)
    return confirm_case(case.pk, version=case.version, actor=case.created_by, submission="c", now=now)


def wrong(*, now: datetime = NOW) -> list[Violation]:
    """What is broken, but for the confirmations that rows of `make` have never had."""
    return [found for found in violations(now=now) if found.rule != "a confirmed order has its mail"]
