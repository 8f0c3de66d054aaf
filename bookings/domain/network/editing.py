"""Cities and stops as the office makes and changes them, with their other names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError
from django.db.models import Count, Q, QuerySet
from django.utils.text import slugify
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.base.names import plain_name, plain_other_name
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.network.audit import note_change
from bookings.models import City, PlaceName, Stop, User

CITY_FIELDS: Final = ("name", "region", "country", "latitude", "longitude")
STOP_FIELDS: Final = ("name", "address", "latitude", "longitude", "time_zone")


@dataclass(frozen=True)
class OtherName:
    name: str
    kind: str
    attested_by: str = ""


@dataclass(frozen=True)
class NewStop:
    """`city` is the name of one, which is made if there is none; an empty `code` is made from the names."""

    city: str
    name: str
    country: str = ""
    code: str = ""
    address: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    time_zone: str = "Africa/Johannesburg"


def list_stops(text: str = "") -> QuerySet[Stop]:
    """By city and name, each with how many `routes_run`; with `text` those where a name begins so."""
    is_run = Q(calls__route__is_active=True)
    rows = Stop.objects.select_related("city").annotate(
        routes_run=Count("calls__route", filter=is_run, distinct=True)
    )
    plain = plain_name(text)
    if plain:
        named = Q(plain_name__startswith=plain) | Q(city__plain_name__startswith=plain)
        rows = rows.filter(named | Q(code__startswith=plain))
    return rows.order_by("city__name", "name", "pk")


def get_city(city_id: int) -> City:
    """With its other names. Raises NotFound."""
    city = City.objects.filter(pk=city_id).prefetch_related("other_names").first()
    if city is None:
        raise NotFound(_("We could not find this city."))
    return city


def get_stop(stop_id: int) -> Stop:
    """With its other names. Raises NotFound."""
    stop = Stop.objects.filter(pk=stop_id).select_related("city").prefetch_related("other_names").first()
    if stop is None:
        raise NotFound(_("We could not find this stop."))
    return stop


def add_stop(stop: NewStop, *, actor: User, now: datetime | None = None) -> Stop:
    """Make a stop, and its city if there is none of that name. Raises Refusal, Conflict for a taken code."""
    name = " ".join(stop.name.split())
    now = now or database_now()
    try:
        with short_transaction():
            city = _city(stop, actor, now)
            if Stop.objects.filter(city=city, plain_name=plain_name(name or city.name)).exists():
                raise Conflict(_("This city has a stop of this name already."))
            code = stop.code or _free_code(f"{city.slug}-{slugify(name)}" if name else city.slug)
            row = Stop.objects.create(
                city=city,
                code=code,
                name=name or city.name,
                address=stop.address,
                latitude=stop.latitude,
                longitude=stop.longitude,
                time_zone=stop.time_zone,
            )
            note_change(
                f"stop:{row.pk}", str(row), before=None, after=_facts(row, STOP_FIELDS), actor=actor, now=now
            )
    except IntegrityError as clash:
        raise Conflict(_("Another stop has this code.")) from clash
    return row


def _city(stop: NewStop, actor: User, now: datetime) -> City:
    name = " ".join(stop.city.split())[:120]
    cities = list(City.objects.filter(plain_name=plain_name(name)).order_by("pk")[:2])
    if len(cities) > 1:
        raise Refusal(_("There are several cities of this name. Open one of them, and add the stop there."))
    if cities:
        return cities[0]
    slug = slugify(name)[:130]
    if not slug:
        raise Refusal(_("Enter a city name that contains letters."))
    taken = City.objects.filter(slug=slug).exists()
    city = City.objects.create(
        name=name,
        slug=f"{slug}-2" if taken else slug,
        country=stop.country,
        latitude=stop.latitude,
        longitude=stop.longitude,
    )
    note_change(f"city:{city.pk}", name, before=None, after=_facts(city, CITY_FIELDS), actor=actor, now=now)
    return city


def _free_code(wish: str) -> str:
    code, number = wish[:76].strip("-"), 2
    while Stop.objects.filter(code=code).exists():
        code, number = f"{wish[:70].strip('-')}-{number}", number + 1
    return code


def change_stop(
    stop_id: int,
    values: dict[str, Any],
    names: Sequence[OtherName],
    *,
    actor: User,
    now: datetime | None = None,
) -> None:
    """Change what STOP_FIELDS name and the other names of a stop. Raises Refusal for a name given twice."""
    with short_transaction():
        stop = (
            Stop.objects.select_for_update(no_key=True, of=("self",)).select_related("city").get(pk=stop_id)
        )
        _change(stop, "stop", values, names, actor=actor, now=now or database_now())


def change_city(
    city_id: int,
    values: dict[str, Any],
    names: Sequence[OtherName],
    *,
    actor: User,
    now: datetime | None = None,
) -> None:
    """Change what CITY_FIELDS name and the other names of a city. Raises Refusal for a name given twice."""
    with short_transaction():
        city = City.objects.select_for_update(no_key=True).get(pk=city_id)
        _change(city, "city", values, names, actor=actor, now=now or database_now())


def _change(
    row: City | Stop,
    kind: str,
    values: dict[str, Any],
    names: Sequence[OtherName],
    *,
    actor: User,
    now: datetime,
) -> None:
    fields = STOP_FIELDS if kind == "stop" else CITY_FIELDS
    before = _facts(row, fields)
    for field in fields:
        setattr(row, field, values[field])
    row.save()
    _write_names(row, kind, names)
    note_change(f"{kind}:{row.pk}", str(row), before=before, after=_facts(row, fields), actor=actor, now=now)


def _write_names(row: City | Stop, kind: str, names: Sequence[OtherName]) -> None:
    owner: dict[str, Any] = {kind: row}
    plain = [plain_other_name(other.name) for other in names]
    for other, plain_text in zip(names, plain, strict=True):
        if not plain_text or plain.count(plain_text) > 1:
            raise Refusal(_("“%(name)s” has no letters or is entered twice.") % {"name": other.name})
    PlaceName.objects.filter(**owner).exclude(plain_name__in=plain).delete()
    for other, plain_text in zip(names, plain, strict=True):
        facts = {"name": other.name, "kind": other.kind, "attested_by": other.attested_by}
        PlaceName.objects.update_or_create(**owner, plain_name=plain_text, defaults=facts)


def _facts(row: City | Stop, fields: Sequence[str]) -> dict[str, str]:
    names = sorted(row.other_names.order_by().values_list("name", flat=True))
    facts = {field: "" if getattr(row, field) is None else str(getattr(row, field)) for field in fields}
    return facts | {"other_names": ", ".join(names)}
