"""Cities and stops by their addresses and by what people type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Final, TypeVar

from django.db.models import Case, Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.base.errors import NotFound
from bookings.base.names import plain_name, plain_other_name
from bookings.base.text import clean_text
from bookings.cache.reference_data import cached, cached_each
from bookings.models import City, PlaceName, RouteStop, Stop

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
    # How it was found, which makes it no other place: by another name; from what is no name of it.
    other_name: str = field(default="", compare=False)
    guessed_from: str = field(default="", compare=False)

    @property
    def hint(self) -> str:
        """What tells it from others in a list."""
        other_name = _("also known as %(name)s") % {"name": self.other_name} if self.other_name else ""
        return ", ".join(part for part in (other_name, self.detail) if part)


class UnknownPlace(NotFound):
    """No place has this name; `candidates` are what may have been meant."""

    def __init__(self, message: str, candidates: Iterable[Place] = ()) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


def get_place(ref: str) -> Place:
    """The place with this city slug, stop code (perhaps with @position) or exact name, own or other.

    Raises UnknownPlace, with what may have been meant.
    """
    text = clean_text(ref[: 2 * LONGEST_REF])
    if not text or "\x00" in ref or len(text) > LONGEST_REF:
        raise UnknownPlace(_("Please choose a city or a stop from the list."))
    place = cached(("place", text), lambda: _read_place(text))
    if place:
        return place
    message = _("We could not find the place “%(name)s”.") % {"name": text[:60]}
    candidates = _without_parts(find_places(text))[:SUGGESTIONS]
    if likely := list(dict.fromkeys(place.name for place in candidates)):
        message += " " + _("Did you mean %(names)s?") % {"names": ", ".join(likely)}
    raise UnknownPlace(message, candidates)


def get_likely_place(text: str) -> Place:
    """The place of this name, else the only one that may be meant, which says what it was guessed from.

    Raises UnknownPlace if it may be none or more than one.
    """
    try:
        return get_place(text)
    except UnknownPlace as unknown:
        if len(unknown.candidates) != 1:
            raise
        return replace(unknown.candidates[0], guessed_from=text.strip())


def _without_parts(places: list[Place]) -> list[Place]:
    """Those that are not a part of one before them, as a stop is of its city."""
    whole: list[Place] = []
    for place in places:
        if not any(set(place.stop_ids) <= set(other.stop_ids) for other in whole):
            whole.append(place)
    return whole


def get_places(*refs: str) -> list[Place]:
    """As `get_place` for each of them; all that are the slugs of cities are read by one query."""
    texts = [clean_text(ref[: 2 * LONGEST_REF]) for ref in refs if "\x00" not in ref]
    cached_each("place", [text for text in texts if 0 < len(text) <= LONGEST_REF], _read_places_named)
    return [get_place(ref) for ref in refs]


def _read_place(text: str) -> Place | None:
    return _read_places_named([text])[text]


def _read_places_named(texts: list[str]) -> dict[str, Place | None]:
    names = {text: text.partition("@")[0] for text in texts}
    by_slug: dict[str, list[Stop]] = {}
    stops = Stop.objects.filter(city__slug__in=list(names.values())).select_related("city")
    for stop in stops.order_by("city__slug", "pk"):
        by_slug.setdefault(stop.city.slug, []).append(stop)
    return {
        text: _of_first_city(by_slug[name])
        if name in by_slug
        else _stop_place(Q(code=name), name) or _named_place(text)
        for text, name in names.items()
    }


def find_places(text: str, limit: int = 10) -> list[Place]:
    """What a half-typed name may mean: cities first, then stops; names that begin with it before those with a
    word that does, and these before other names of a place.

    A stop's code finds it, too. Where nothing does, cities are given whose names are spelt nearly alike.
    """
    plain = plain_name(text.replace("\x00", ""))[:LONGEST_REF]
    return list(cached(("places", plain, limit), lambda: _read_places(plain, limit))) if plain else []


def _read_places(plain: str, limit: int) -> list[Place]:
    cities = _starting_with(plain, City.objects.all(), "stop__city", limit)
    by_city: dict[int, list[Stop]] = {city.pk: [] for city in cities}
    for stop in Stop.objects.filter(city__in=by_city):
        by_city[stop.city_id].append(stop)
    places = [_of_city(city, by_city[city.pk], _other_name(city)) for city in cities]
    # Twice as many as asked for, as the two sides of a road share a name.
    stops = _starting_with(plain, Stop.objects.select_related("city"), "stop", limit * 2, Q(code=plain))
    seen: set[tuple[str, int]] = {(city.plain_name, city.pk) for city in cities}
    for stop in stops:
        if (stop.plain_name, stop.city_id) not in seen:
            seen.add((stop.plain_name, stop.city_id))
            places.append(_of_stops([stop], stop.code, _other_name(stop)))
    return places[:limit] or _spelt_alike(plain, limit)


def _spelt_alike(plain: str, limit: int) -> list[Place]:
    """Cities that are served and of which a name begins with the same letter.

    Mistakes are seldom made there, and the rest need not be compared.
    """
    served = City.objects.filter(pk__in=RouteStop.objects.values("stop__city"))
    own = served.filter(plain_name__startswith=plain[0]).values_list("plain_name", "slug", Value(""))
    others = PlaceName.objects.filter(city__in=served, plain_name__startswith=plain[0]).order_by()
    rows = own.order_by().union(others.values_list("plain_name", "city__slug", "name"))
    names = {name: (slug, other) for name, slug, other in sorted(rows, key=lambda row: row[2], reverse=True)}
    alike = [names[name] for name in get_close_matches(plain[:40], names, limit, _ALIKE)]
    other_names = dict(reversed(alike))  # of one city that which is most alike
    places = (_city_place(Q(city__slug=slug)) for slug in dict.fromkeys(slug for slug, _other in alike))
    return [replace(place, other_name=other_names[place.ref]) for place in places if place]


def _starting_with(
    plain: str, rows: QuerySet[Named], place: str, limit: int, or_else: Q | None = None
) -> list[Named]:
    """Rows where coaches call whose plain name starts with `plain`, then those of which a later word does,
    then those with such another name; one that is typed in full is as good as a name of their own.

    The busiest first. `other_name` says by which one a row was found.
    """
    named = (
        Q(plain_name__startswith=plain)
        | Q(plain_name__contains=f" {plain}")
        | Q(plain_name__contains=f"-{plain}")
    )
    other, owner = plain_other_name(plain), place.removeprefix("stop__")
    others = PlaceName.objects.filter(
        Q(plain_name__startswith=other) | Q(plain_name__contains=f" {other}"), **{f"{owner}__isnull": False}
    ).order_by("plain_name")
    owns_name = named | or_else if or_else else named
    calls = (
        RouteStop.objects.filter(**{place: OuterRef("pk")})
        .order_by()
        .values(place)
        .annotate(number=Count("pk"))
        .values("number")
    )
    ranked = rows.filter(owns_name | Q(pk__in=others.values(owner))).annotate(
        rank=Case(
            When(plain_name__startswith=plain, then=0),
            When(pk__in=others.filter(plain_name=other).values(owner), then=0),
            When(owns_name, then=1),
            default=2,
            output_field=IntegerField(),
        ),
        other_name=Case(
            When(owns_name, then=Value("")),
            default=Subquery(others.filter(**{owner: OuterRef("pk")}).values("name")[:1]),
        ),
        busy=Subquery(calls),
    )
    return list(ranked.filter(busy__gt=0).order_by("rank", "-busy", "plain_name", "pk")[:limit])


def _other_name(row: City | Stop) -> str:
    """By which `_starting_with` or `_named_place` found it."""
    return getattr(row, "other_name", None) or ""


def _city_place(where: Q) -> Place | None:
    stops = list(Stop.objects.filter(where).select_related("city").order_by("city__slug", "pk"))
    return _of_first_city(stops) if stops else None


def _stop_place(where: Q, ref: str) -> Place | None:
    stops = list(Stop.objects.filter(where).select_related("city").order_by("pk"))
    return _of_stops(stops, ref if len(stops) > 1 else stops[0].code) if stops else None


def _named_place(text: str) -> Place | None:
    """A city of that name, else all the stops of that name: the two sides of a road are two stops.

    Of two cities that share another name neither is meant.
    """
    stops = _stops_named(text, City)
    if stops and (not _other_name(stops[0]) or len({stop.city_id for stop in stops}) == 1):
        return _of_first_city(stops)
    stops = _stops_named(text, Stop)
    if not stops:
        return None
    other_name = _other_name(stops[0])
    shared = plain_other_name(text).replace(" ", "-") if other_name else plain_name(text)
    return _of_stops(stops, stops[0].code if len(stops) == 1 else shared, other_name)


def _stops_named(text: str, model: type[City] | type[Stop]) -> list[Stop]:
    """Stops of that name, or all those of the cities of that name.

    By a name of their own, else by another one.
    """
    plain, owner = plain_name(text), model.__name__.lower()
    key, own_name = ("city", "city__plain_name") if model is City else ("pk", "plain_name")
    others = PlaceName.objects.filter(
        plain_name=plain_other_name(text), **{f"{owner}__isnull": False}
    ).order_by()
    named = model.objects.filter(plain_name=plain).order_by().values("pk").union(others.values(owner))
    other_name = Case(
        When(**{own_name: plain}, then=Value("")),
        default=Subquery(others.filter(**{owner: OuterRef(key)}).values("name")[:1]),
    )
    rows = Stop.objects.filter(**{f"{key}__in": named}).annotate(other_name=other_name)
    stops: list[Stop] = [*rows.select_related("city").order_by("city__slug", "pk")]
    return [stop for stop in stops if not _other_name(stop)] or stops


def _of_first_city(stops: list[Stop]) -> Place:
    city = stops[0].city
    return _of_city(city, [stop for stop in stops if stop.city_id == city.pk], _other_name(stops[0]))


def _of_city(city: City, stops: Iterable[Stop], other_name: str = "") -> Place:
    stops = list(stops)
    count = ngettext("%(count)d stop", "%(count)d stops", len(stops)) % {"count": len(stops)}
    detail = ", ".join(part for part in (city.region, count if len(stops) > 1 else "") if part)
    stop_ids = tuple(stop.pk for stop in stops)
    return Place(city.slug, city.name, detail, stop_ids, _zone(stops), other_name)


def _of_stops(stops: list[Stop], ref: str, other_name: str = "") -> Place:
    first = stops[0]
    detail = first.city.name if first.city.name != first.name else first.address
    stop_ids = tuple(stop.pk for stop in stops)
    return Place(ref, first.name, detail, stop_ids, _zone(stops), other_name)


def _zone(stops: list[Stop]) -> str:
    """The zone of most of the stops."""
    zones = Counter(stop.time_zone for stop in stops)
    return zones.most_common(1)[0][0] if zones else DEFAULT_ZONE
