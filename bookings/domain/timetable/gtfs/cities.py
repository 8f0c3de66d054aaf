"""Planned stops become Stops of Cities: those that are there already, or new ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from django.utils.text import slugify

from bookings.base.countries import country_at
from bookings.base.names import plain_name, plain_other_name
from bookings.domain.timetable.gtfs.network import MAX_CITY_KM, PlannedCity, PlannedStop
from bookings.domain.timetable.gtfs.values import Point, kilometres
from bookings.models import City, PlaceName, Stop

_CHUNK: Final = 500
_CitiesByName = dict[str, list[City]]
_STOP_FIELDS: Final = ("city_id", "name", "plain_name", "address", "latitude", "longitude", "time_zone")


class UniqueNames:
    """Names in an address that are in use; `free` finds the next one: x, x-2, x-3 …"""

    def __init__(self, *used: Iterable[str]) -> None:
        self._used = {name for names in used for name in names}
        self._last: dict[str, int] = {}

    def free(self, name_wished: str) -> str:
        name, number = name_wished, self._last.get(name_wished, 1)
        while name in self._used:
            number += 1
            name = f"{name_wished}-{number}"
        self._last[name_wished] = number
        self._used.add(name)
        return name


class NetworkWriter:
    """Finds or makes the cities and stops of one source."""

    def __init__(self, source: str, stops: list[PlannedStop], *, agency_country: str = "") -> None:
        self.source, self.planned = source, stops
        self.existing = {
            stop.source_id: stop for stop in Stop.objects.filter(source=source).select_related("city")
        }
        self.slugs = UniqueNames(
            City.objects.values_list("slug", flat=True), Stop.objects.values_list("code", flat=True)
        )
        self.agency_country = agency_country
        self.cities_new = 0
        self.by_agency = 0  # cities that are nowhere on the map
        self.without_country: list[str] = []

    def write(self) -> tuple[dict[str, Stop], int, int]:
        """Stops by source_id, with how many are new and how many changed."""
        cities = self._cities()
        new, changed = [], []
        for planned in self.planned:
            values = self._values(planned, cities[id(planned.city)])
            stop = self.existing.get(planned.source_id)
            if stop is None:
                code = self.slugs.free(slugify(f"{self.source}-{planned.source_id}")[:74] or self.source)
                new.append(Stop(source=self.source, source_id=planned.source_id, code=code, **values))
            elif any(getattr(stop, name) != value for name, value in values.items()):
                for name, value in values.items():
                    setattr(stop, name, value)
                changed.append(stop)
        made = Stop.objects.bulk_create(new, batch_size=_CHUNK)
        Stop.objects.bulk_update(changed, _STOP_FIELDS, batch_size=_CHUNK)
        return self.existing | {stop.source_id: stop for stop in made}, len(new), len(changed)

    @staticmethod
    def _values(planned: PlannedStop, city: City) -> dict[str, object]:
        latitude, longitude = _rounded(planned.place, 6)
        return {
            "city_id": city.pk,
            "name": planned.name,
            "plain_name": plain_name(planned.name)[:160],
            "address": planned.address,
            "latitude": latitude,
            "longitude": longitude,
            "time_zone": planned.time_zone,
        }

    def _cities(self) -> dict[int, City]:
        planned = {id(stop.city): stop.city for stop in self.planned}
        own, other = self._known_cities(planned.values())
        cities: dict[int, City] = {}
        new: dict[int, City] = {}
        for key, city in planned.items():
            existing = self._match(city, own.get(_plain(city.name), [])) or self._match(
                city, other.get(plain_other_name(city.name), [])
            )
            if existing is not None:
                cities[key] = existing
            else:
                new[key] = self._new_city(city)
        located = {key: city for key, city in cities.items() if not city.country}
        for key, row in {**located, **new}.items():
            row.country = self._country(row, planned[key].place)
        City.objects.bulk_update(
            {city.pk: city for city in located.values() if city.country}.values(),
            ["country"],
            batch_size=_CHUNK,
        )
        City.objects.bulk_create(new.values(), batch_size=_CHUNK)
        self.cities_new = len(new)
        return cities | new

    def _new_city(self, city: PlannedCity) -> City:
        latitude, longitude = _rounded(city.place, 5)
        slug = self.slugs.free(slugify(city.name)[:130] or self.source)
        return City(
            name=city.name, plain_name=_plain(city.name), slug=slug, latitude=latitude, longitude=longitude
        )

    def _country(self, city: City, place: Point | None) -> str:
        """By the map; without a place on it the agency's. What staff entered stays."""
        place = _place(city) or place
        country = country_at(*place) if place else self.agency_country
        if not country:
            self.without_country.append(city.name)
        elif not place:
            self.by_agency += 1
        return country

    @staticmethod
    def _known_cities(planned: Iterable[PlannedCity]) -> tuple[_CitiesByName, _CitiesByName]:
        """By their own plain names, and by other names."""
        names = sorted(
            {name for city in planned for name in (_plain(city.name), plain_other_name(city.name))}
        )
        own: _CitiesByName = {}
        other: _CitiesByName = {}
        for start in range(0, len(names), _CHUNK):
            chunk = names[start : start + _CHUNK]
            for city in City.objects.filter(plain_name__in=chunk).order_by("pk"):
                own.setdefault(city.plain_name, []).append(city)
            others = PlaceName.objects.filter(plain_name__in=chunk, city__isnull=False)
            for row in others.select_related("city").order_by("pk"):
                if row.city is not None:
                    other.setdefault(row.plain_name, []).append(row.city)
        return own, other

    def _match(self, planned: PlannedCity, known: list[City]) -> City | None:
        """The nearest city of this name within reach.

        Without a place on the map only our own earlier stops can tell.
        """
        reach = [
            (kilometres(planned.place, place), number)
            for number, city in enumerate(known)
            if planned.place and (place := _place(city)) is not None
        ]
        km, number = min(reach, default=(MAX_CITY_KM + 1, 0))
        if km <= MAX_CITY_KM:
            return known[number]
        ids = {city.pk for city in known if not planned.place or _place(city) is None}
        return next((city for city in self._cities_of_our_stops(planned) if city.pk in ids), None)

    def _cities_of_our_stops(self, planned: PlannedCity) -> Iterator[City]:
        for stop in self.planned:
            if stop.city is planned and stop.source_id in self.existing:
                yield self.existing[stop.source_id].city


def _plain(name: str) -> str:
    """As City keeps it; a plain name can be longer than the name."""
    return plain_name(name)[:120]


def _place(city: City) -> Point | None:
    return (
        None
        if city.latitude is None or city.longitude is None
        else (float(city.latitude), float(city.longitude))
    )


def _rounded(place: Point | None, digits: int) -> tuple[Decimal | None, Decimal | None]:
    if place is None:
        return None, None
    return Decimal(f"{place[0]:.{digits}f}"), Decimal(f"{place[1]:.{digits}f}")
