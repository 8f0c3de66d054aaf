"""What passengers of a case are entitled to, by the policies that the company has switched on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from bookings.domain.timetable.segments import Segment
from bookings.models import Disruption, DisruptionPolicy

_WEATHER = (Disruption.Reason.WEATHER,)
# Due to who waits for a coach, not to who is told days ahead that it does not run.
_OF_WAITING: Final = (DisruptionPolicy.Entitlement.FOOD, DisruptionPolicy.Entitlement.HOTEL)
_SHORT_NOTICE: Final = timedelta(hours=24)


def list_policies() -> list[DisruptionPolicy]:
    return list(DisruptionPolicy.objects.filter(is_active=True))


def entitlements_of(
    case: Disruption,
    segment: Segment,
    policies: Sequence[DisruptionPolicy],
    *,
    late_min: int = 0,
    now: datetime,
) -> list[str]:
    """The codes of what is due on this segment, each once, in the order of the policies.

    `late_min`: of a delay, where its passengers get on.
    """
    km = segment.alight.km - segment.board.km
    not_yet = _OF_WAITING if segment.expected_boards_at - now > _SHORT_NOTICE else ()
    due: dict[str, None] = {}
    for policy in policies:
        if case.kind == Disruption.Kind.DELAY and late_min < policy.trigger_minutes:
            continue
        if case.kind not in policy.kinds or km < policy.min_km or segment.minutes < policy.min_minutes:
            continue
        excluded = {*not_yet, *(policy.not_beyond_control if case.is_beyond_control else ())}
        if case.reason in _WEATHER:
            excluded |= set(policy.not_in_weather)
        due |= {code: None for code in policy.entitlements if code not in excluded}
    return list(due)


def entitlement_texts(codes: Sequence[str]) -> tuple[str, ...]:
    """In words; a code that is not known any more says itself."""
    known = dict(DisruptionPolicy.Entitlement.choices)
    return tuple(str(known.get(code, code)) for code in codes)
