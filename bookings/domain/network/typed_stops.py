"""Stops as somebody types them into a timetable: by code, by name, or by the name of a city with one stop."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from bookings.base.errors import NotFound, Refusal
from bookings.domain.network.places import get_place
from bookings.models import Stop

_SHOWN = 4


class StopUnclear(Refusal):
    """No stop, or more than one, is called so; the message says which may be meant."""


def read_stops(texts: Iterable[str]) -> dict[str, Stop | StopUnclear]:
    """For each text its stop, or why there is none."""
    stops: dict[str, Stop | StopUnclear] = {}
    ids: dict[str, tuple[int, ...]] = {}
    for text in dict.fromkeys(texts):
        try:
            ids[text] = get_place(text).stop_ids
        except NotFound as unknown:
            stops[text] = StopUnclear(unknown.message)
    rows = {
        stop.pk: stop
        for stop in Stop.objects.select_related("city").filter(
            pk__in={pk for found_ids in ids.values() for pk in found_ids}
        )
    }
    for text, stop_ids in ids.items():
        called = [rows[pk] for pk in stop_ids]
        stops[text] = called[0] if len(called) == 1 else _unclear(called)
    return stops


def _unclear(stops: list[Stop]) -> StopUnclear:
    codes = ", ".join(sorted(stop.code for stop in stops)[:_SHOWN])
    return StopUnclear(_("There are several stops here. Type the code of one: %(codes)s.") % {"codes": codes})


def stop_choices() -> list[tuple[str, str]]:
    """The code and the name of every stop, by name: one query."""
    rows = Stop.objects.select_related("city").order_by("city__name", "name")
    return [(stop.code, str(stop)) for stop in rows]


def stops_by_id(ids: Iterable[int]) -> dict[int, Stop]:
    """One query."""
    return {stop.pk: stop for stop in Stop.objects.select_related("city").filter(pk__in=list(ids))}
