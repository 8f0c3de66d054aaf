"""What passengers of a case are entitled to, by the policies that the company has switched on."""

from __future__ import annotations

from collections.abc import Sequence

from bookings.domain.timetable.segments import Segment
from bookings.models import Disruption, DisruptionPolicy

_WEATHER = (Disruption.Reason.WEATHER,)


def list_policies() -> list[DisruptionPolicy]:
    return list(DisruptionPolicy.objects.filter(is_active=True))


def entitlements_of(case: Disruption, segment: Segment, policies: Sequence[DisruptionPolicy]) -> list[str]:
    """The codes of what is due on this segment, each once, in the order of the policies."""
    km = segment.alight.km - segment.board.km
    due: dict[str, None] = {}
    for policy in policies:
        if case.kind not in policy.kinds or km < policy.min_km or segment.minutes < policy.min_minutes:
            continue
        excluded = set(policy.not_beyond_control) if case.is_beyond_control else set()
        if case.reason in _WEATHER:
            excluded |= set(policy.not_in_weather)
        due |= {code: None for code in policy.entitlements if code not in excluded}
    return list(due)


def entitlement_texts(codes: Sequence[str]) -> tuple[str, ...]:
    """In words; a code that is not known any more says itself."""
    known = dict(DisruptionPolicy.Entitlement.choices)
    return tuple(str(known.get(code, code)) for code in codes)
