"""Cities and stops by their addresses and by what people type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, TypeVar

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.base.errors import NotFound
from bookings.base.names import plain_name
from bookings.cache.reference_data import cached
from bookings.models import City, RouteStop, Stop

Named = TypeVar("Named", City, Stop)
LONGEST_REF: Final = 160
SUGGESTIONS: Final = 3
_ALIKE: Final = 0.75  # of the letters; fewer offer what nobody meant
DEFAULT_ZONE: Final = "Africa/Johannesburg"


@dataclass(frozen=True)
class Place:
    """Where a search may start or end: a city with all its stops, or one stop."""

    ref: str  # city slug, stop code, or the name that several stops share
    name: str
    detail: str
    stop_ids: tuple[int, ...]
    time_zone: str


def get_place(ref: str) -> Place:
    """The place with this city slug, stop code (perhaps with @position) or exact name.

    Raises NotFound, with what may have been meant.
    """
    text = ref.strip()
    if not text or len(text) > LONGEST_REF or "\x00" in text:
        raise NotFound(_("Please choose a city or a stop from the list."))
    place = cached(("place", text), lambda: _read_place(text))
    if place:
        return place
    message = _("We could not find the place “%(name)s”.") % {"name": text[:60]}
    if likely := list(dict.fromkeys(place.name for place in find_places(text, SUGGESTIONS))):
        message += " " + _("Did you mean %(names)s?") % {"names": ", ".join(likely)}
    raise NotFound(message)


def _read_place(text: str) -> Place | None:
    name = text.partition("@")[0]
    return (
        _city_place(Q(city__slug=name)) or _stop_place(Q(code=name), name) or _named_place(plain_name(text))
    )


def find_places(text: str, limit: int = 10) -> list[Place]:
    """What a half-typed name may mean: cities first, then stops; names that begin with it before those with a
    word that does.

    A stop's code finds it, too. Where nothing does, cities are given whose names are spelt nearly alike.
    """
    plain = plain_name(text.replace("\x00", ""))[:LONGEST_REF]
    return list(cached(("places", plain, limit), lambda: _read_places(plain, limit))) if plain else []


def _read_places(plain: str, limit: int) -> list[Place]:
    cities = _starting_with(plain, City.objects.all(), "stop__city", limit)
    by_city: dict[int, list[Stop]] = {city.pk: [] for city in cities}
    for stop in Stop.objects.filter(city__in=by_city):
        by_city[stop.city_id].append(stop)
    places = [_of_city(city, by_city[city.pk]) for city in cities]
    # Twice as many as asked for, as the two sides of a road share a name.
    stops = _starting_with(plain, Stop.objects.select_related("city"), "stop", limit * 2, Q(code=plain))
    seen: set[tuple[str, int]] = {(city.plain_name, city.pk) for city in cities}
    for stop in stops:
        if (stop.plain_name, stop.city_id) not in seen:
            seen.add((stop.plain_name, stop.city_id))
            places.append(_of_stops([stop], stop.code))
    return places[:limit] or _spelt_alike(plain, limit)


def _spelt_alike(plain: str, limit: int) -> list[Place]:
    """Cities that are served and begin with the same letter.

    Mistakes are seldom made there, and the rest need not be compared.
    """
    served = City.objects.filter(
        pk__in=RouteStop.objects.values("stop__city"), plain_name__startswith=plain[0]
    )
    slugs = dict(served.values_list("plain_name", "slug"))
    alike = get_close_matches(plain[:40], slugs, limit, _ALIKE)
    return [place for place in (_city_place(Q(city__slug=slugs[name])) for name in alike) if place]


def _starting_with(
    plain: str, rows: QuerySet[Named], place: str, limit: int, or_else: Q | None = None
) -> list[Named]:
    """Rows where coaches call whose plain name starts with `plain`, then those of which a later word does.

    The busiest first.
    """
    named = (
        Q(plain_name__startswith=plain)
        | Q(plain_name__contains=f" {plain}")
        | Q(plain_name__contains=f"-{plain}")
    )
    matching = rows.filter(named | or_else if or_else else named)
    calls = (
        RouteStop.objects.filter(**{place: OuterRef("pk")})
        .order_by()
        .values(place)
        .annotate(number=Count("pk"))
        .values("number")
    )
    ranked = matching.annotate(later=~Q(plain_name__startswith=plain), busy=Subquery(calls)).filter(
        busy__gt=0
    )
    return list(ranked.order_by("later", "-busy", "plain_name", "pk")[:limit])


def _city_place(where: Q) -> Place | None:
    stops = list(Stop.objects.filter(where).select_related("city").order_by("city__slug", "pk"))
    stops = [stop for stop in stops if stop.city_id == stops[0].city_id]
    return _of_city(stops[0].city, stops) if stops else None


def _stop_place(where: Q, ref: str) -> Place | None:
    stops = list(Stop.objects.filter(where).select_related("city").order_by("pk"))
    return _of_stops(stops, ref if len(stops) > 1 else stops[0].code) if stops else None


def _named_place(plain: str) -> Place | None:
    """A city of that name, else all the stops of that name: the two sides of a road are two stops."""
    return _city_place(Q(city__plain_name=plain)) or _stop_place(Q(plain_name=plain), plain)


def _of_city(city: City, stops: Iterable[Stop]) -> Place:
    stops = list(stops)
    count = ngettext("%(count)d stop", "%(count)d stops", len(stops)) % {"count": len(stops)}
    detail = ", ".join(part for part in (city.region, count if len(stops) > 1 else "") if part)
    return Place(city.slug, city.name, detail, tuple(stop.pk for stop in stops), _zone(stops))


def _of_stops(stops: list[Stop], ref: str) -> Place:
    first = stops[0]
    detail = first.city.name if first.city.name != first.name else first.address
    return Place(ref, first.name, detail, tuple(stop.pk for stop in stops), _zone(stops))


def _zone(stops: list[Stop]) -> str:
    """The zone of most of the stops."""
    zones = Counter(stop.time_zone for stop in stops)
    return zones.most_common(1)[0][0] if zones else DEFAULT_ZONE
