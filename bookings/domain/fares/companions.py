"""Who may travel without an adult: each passenger type says from which age."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.models import PassengerType


class AdultMissing(Refusal):
    """Somebody who needs an adult would travel without one."""


def needs_adult(kind: PassengerType, *, is_abroad: bool = False) -> bool:
    """Whether passengers of this type travel only with an adult; `is_abroad` across a border.

    Nobody is asked for their age, so the youngest of a type decide.
    """
    ages = [kind.alone_from_age, *([kind.alone_abroad_from_age] if is_abroad else [])]
    return not kind.is_adult and any(age is None or kind.youngest_age < age for age in ages)


def find_adult_missing(kinds: Iterable[PassengerType], *, is_abroad: bool = False) -> AdultMissing | None:
    """Why these passengers cannot travel together, if one of them needs an adult and none is there."""
    kinds = list(kinds)
    adults = sum(kind.is_adult for kind in kinds)
    if adults:
        if sum(kind.travels_on_lap for kind in kinds) <= adults:
            return None
        return AdultMissing(_("Each child on a lap needs an adult of its own in the booking."))
    kind = next((kind for kind in kinds if needs_adult(kind, is_abroad=is_abroad)), None)
    if kind is None:
        return None
    if needs_adult(kind):
        text = _("Passengers who travel as “%(type)s” need an adult in the same booking. Please add one.")
    else:
        text = _(
            "Across a border, passengers who travel as “%(type)s” need an adult in the same booking. "
            "Please add one."
        )
    return AdultMissing(text % {"type": kind.name})


def check_adult(kinds: Iterable[PassengerType], *, is_abroad: bool = False) -> None:
    """Raises AdultMissing."""
    if missing := find_adult_missing(kinds, is_abroad=is_abroad):
        raise missing
