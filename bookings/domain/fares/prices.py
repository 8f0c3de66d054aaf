"""Fares, passenger types and classes, and what a passenger pays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.base.money import ZERO, cents, percent_of, whole_rand
from bookings.cache.reference_data import cached
from bookings.domain.company.settings import company_settings
from bookings.domain.fares.companions import check_adult
from bookings.models import Fare, FareClass, PassengerType, RouteStop


class FareLine(NamedTuple):
    """What a pair of calls costs in a class on some days. No amount: it is not sold."""

    valid_from: date
    valid_to: date | None
    amount: Decimal | None


class PriceRule(NamedTuple):
    """A price with what made it: the `line` that holds, or without one the `share` by distance, each times
    the `factor`.
    """

    price: Decimal | None
    line: FareLine | None
    factor: Decimal
    share: Decimal | None


class SoldClass(NamedTuple):
    """A class in which a pair of calls is sold, what an adult pays in it, and the kinds of seats it sells."""

    price: Decimal
    fare_class: FareClass
    kinds: frozenset[str]


FareLines = Mapping[tuple[int, int, int], Sequence[FareLine]]  # by from stop, to stop and class; newest first


@dataclass(frozen=True)
class FareTable:
    """The fares of some rides, read once; pricing with it asks no query."""

    classes: list[FareClass]
    types: Mapping[str, PassengerType]
    lines: FareLines
    route_km: Mapping[int, Decimal]

    def class_of(self, seat_kind: str) -> FareClass | None:
        """The class that sells seats of this kind; None for seats that are not sold."""
        return next((fare_class for fare_class in self.classes if seat_kind in fare_class.seat_kinds), None)

    def sold_classes(
        self, board: RouteStop, alight: RouteStop, *, price_zar: Decimal, day: date
    ) -> list[SoldClass]:
        """The classes in which the pair is sold on `day`, the cheapest first."""
        sold: list[SoldClass] = []
        known: set[str] = set()
        for fare_class in self.classes:
            kinds = frozenset(fare_class.seat_kinds) - known  # the first class that has a kind sells it
            known |= kinds
            price = self.price(board, alight, fare_class, price_zar=price_zar, day=day)
            if price is not None:
                sold.append(SoldClass(price, fare_class, kinds))
        return sorted(sold, key=lambda offered: offered.price)

    def price(
        self, board: RouteStop, alight: RouteStop, fare_class: FareClass, *, price_zar: Decimal, day: date
    ) -> Decimal | None:
        """What an adult pays in `fare_class` for a departure whose boarding day is `day`; None if the pair is
        not sold.

        A line of the class holds; else the base class's line times the class's factor; else the share by
        distance of the departure's own price, never under the floor, times the factor.
        """
        own = self._line(board, alight, fare_class, day)
        if own is not None:
            return own.amount
        base_class = self.classes[0]
        line = self._line(board, alight, base_class, day)
        base = self._share(board, alight, price_zar) if line is None else line.amount
        return None if base is None else whole_rand(base * fare_class.price_factor / base_class.price_factor)

    def price_rule(
        self, board: RouteStop, alight: RouteStop, fare_class: FareClass, *, price_zar: Decimal, day: date
    ) -> PriceRule:
        """What `price` gives, and what made it."""
        price = self.price(board, alight, fare_class, price_zar=price_zar, day=day)
        base_class = self.classes[0]
        own, base = (self._line(board, alight, known, day) for known in (fare_class, base_class))
        factor = fare_class.price_factor / base_class.price_factor
        share = None if own or base else self._share(board, alight, price_zar)
        return PriceRule(price, own or base, Decimal(1) if own else factor, share)

    def fares_by_type(self, adult: Decimal) -> dict[str, Decimal]:
        """The price for each passenger type, by slug, to the rand."""
        return {slug: passenger_price(adult, kind) for slug, kind in self.types.items()}

    def places(self, types: Sequence[str], adults: Sequence[Decimal]) -> list[int]:
        """For each seat, by what an adult pays on it, which of the passengers of these types sits there.

        Whoever pays most of a fare gets the cheapest seat, which costs the party least.
        """
        cheapest_first = sorted(range(len(adults)), key=lambda seat: adults[seat])
        place_of = dict(zip(cheapest_first, _dearest_first(types, self.types), strict=True))
        return [place_of[seat] for seat in range(len(adults))]

    def _line(self, board: RouteStop, alight: RouteStop, fare_class: FareClass, day: date) -> FareLine | None:
        for line in self.lines.get((board.pk, alight.pk, fare_class.pk), ()):
            if line.valid_from <= day and (line.valid_to is None or day <= line.valid_to):
                return line
        return None

    def _share(self, board: RouteStop, alight: RouteStop, price_zar: Decimal) -> Decimal:
        total = self.route_km.get(board.route_id) or Decimal(0)
        share = (alight.km - board.km) / total if total > 0 else Decimal(1)
        return max(whole_rand(price_zar * share), Decimal(company_settings.fare_floor_zar))


def passenger_price(adult: Decimal, kind: PassengerType) -> Decimal:
    return (
        whole_rand(adult - percent_of(adult, kind.discount_percent))
        if kind.discount_percent
        else cents(adult)
    )


def cheapest_together(free: Sequence[int], count: int) -> list[int]:
    """How many of its free seats each class gives to a party of `count`; `free` and the answer are by class,
    the cheapest first.

    The cheapest class with room for all of them, so that they sit together; where none has it, the cheapest
    seats of all. This one rule decides what a list shows, a quote promises and a hold takes. Where so few are
    free, the answer has fewer than `count` in all.
    """
    for place, number in enumerate(free):
        if number >= count:
            return [count if other == place else 0 for other in range(len(free))]
    given: list[int] = []
    for number in free:
        given.append(min(number, count - sum(given)))
    return given


def _dearest_first(types: Sequence[str], kinds: Mapping[str, PassengerType]) -> list[int]:
    """The places of these passengers in the order in which they get the cheapest seats: whoever pays most of
    a fare comes first, which is what costs the party least. Equal ones stay in order.
    """
    discounts = [kinds[slug].discount_percent if slug in kinds else ZERO for slug in types]
    return sorted(range(len(types)), key=lambda place: discounts[place])


def fare_table(pairs: Iterable[tuple[RouteStop, RouteStop]]) -> FareTable:
    """The fares of these pairs of calls, in four queries however many there are.

    In none while they are cached.
    """
    pairs = list(pairs)
    key = ("fares", tuple(sorted((board.pk, alight.pk) for board, alight in pairs)))
    return cached(key, lambda: _read_fares(pairs))


def _read_fares(pairs: list[tuple[RouteStop, RouteStop]]) -> FareTable:
    filters = Q(pk__in=[])
    for board, alight in pairs:
        filters |= Q(from_stop=board.pk, to_stop=alight.pk)
    lines = fare_lines(Fare.objects.filter(filters))
    routes = {board.route_id for board, _alight in pairs}
    kms = RouteStop.objects.filter(route__in=routes).order_by("route", "position").values_list("route", "km")
    route_km: dict[int, Decimal] = {}
    for route, km in kms:
        route_km[route] = km  # the last call's distance, as the first one's is 0
    return FareTable(fare_classes(), passenger_types(), lines, route_km)


def route_fares(routes: Iterable[int]) -> FareLines:
    """All fares of these routes: one query."""
    return fare_lines(Fare.objects.filter(route__in=list(routes)))


def fare_lines(fares: QuerySet[Fare]) -> FareLines:
    """As a `FareTable` wants them: one query."""
    lines: dict[tuple[int, int, int], list[FareLine]] = {}
    columns = ("from_stop", "to_stop", "fare_class", "valid_from", "valid_to", "amount")
    for from_stop, to_stop, fare_class, *line in fares.order_by("-valid_from").values_list(*columns):
        lines.setdefault((from_stop, to_stop, fare_class), []).append(FareLine(*line))
    return lines


def fare_classes() -> list[FareClass]:
    return list(cached(("classes",), _read_classes))


def _read_classes() -> list[FareClass]:
    return list(FareClass.objects.select_related("refund_policy").prefetch_related("refund_policy__tiers"))


def every_type() -> list[PassengerType]:
    """Those that are not sold any more, too."""
    return list(cached(("every type",), lambda: list(PassengerType.objects.all())))


def passenger_types() -> Mapping[str, PassengerType]:
    """Those that are sold, by slug."""
    return cached(("types",), _read_types)


def _read_types() -> dict[str, PassengerType]:
    return {kind.slug: kind for kind in PassengerType.objects.filter(is_active=True)}


def lap_types() -> list[str]:
    """The slugs of those that travel on a lap."""
    return [slug for slug, kind in passenger_types().items() if kind.travels_on_lap]


def split_laps(slugs: Iterable[str]) -> tuple[list[str], list[str]]:
    """The passengers of these types who have seats, and those on laps."""
    of_lap = set(lap_types())
    slugs = list(slugs)
    return [slug for slug in slugs if slug not in of_lap], [slug for slug in slugs if slug in of_lap]


@dataclass(frozen=True)
class Party:
    """Who travels: how many of each passenger type, by slug, in the types' order; none with 0. `wheelchairs`
    of them travel in one; `laps` are the types that have no seat.
    """

    counts: tuple[tuple[str, int], ...]
    wheelchairs: int = 0
    laps: tuple[tuple[str, int], ...] = ()

    @property
    def size(self) -> int:
        """How many have a seat."""
        return sum(number for _slug, number in self.counts)

    @property
    def everybody(self) -> dict[str, int]:
        """How many of each type, those on laps too."""
        return dict((*self.counts, *self.laps))

    @property
    def travellers(self) -> int:
        return sum(self.everybody.values())

    def members(self) -> list[str]:
        """One slug for each passenger with a seat."""
        return [slug for slug, number in self.counts for _passenger in range(number)]

    def lap_members(self) -> list[str]:
        """One slug for each passenger on a lap."""
        return [slug for slug, number in self.laps for _passenger in range(number)]

    def price(self, adult: Decimal, types: Mapping[str, PassengerType]) -> Decimal:
        numbers = self.everybody.items()
        return sum((passenger_price(adult, types[slug]) * number for slug, number in numbers), ZERO)

    def price_on(self, seats: Sequence[tuple[Decimal, int]], types: Mapping[str, PassengerType]) -> Decimal:
        """The price of the party on so many seats at each adult's price, the cheapest first."""
        members = self.members()
        prices = [adult for adult, number in seats for _seat in range(number)]
        order = _dearest_first(members, types)
        pairs = [(adult, members[place]) for adult, place in zip(prices, order, strict=True)]
        pairs += zip(prices, self.lap_members(), strict=False)  # by the cheapest seats
        return sum((passenger_price(adult, types[slug]) for adult, slug in pairs), ZERO)


def read_party(passengers: int, counts: Mapping[str, int], wheelchairs: int = 0) -> Party:
    """`passengers` travel in all, `counts` says how many of them are of which type; the rest are of the
    default type; `wheelchairs` of them travel in one.

    Raises Refusal for no passengers, too many, or more of the types than there are passengers, AdultMissing
    for those who may not travel alone.
    """
    types = passenger_types()
    known = {slug: number for slug, number in counts.items() if slug in types and number > 0}
    most = settings.HOLD_MAX_SEATS
    if not 1 <= passengers <= most:
        raise Refusal(
            _("Please choose between 1 and %(most)d passengers. For larger groups, call us.") % {"most": most}
        )
    default = next((slug for slug, kind in types.items() if kind.is_default), next(iter(types), "adult"))
    rest = passengers - sum(number for slug, number in known.items() if slug != default)
    if rest < 0:
        chosen = [str(types[slug].name_plural).lower() for slug in known if slug != default]
        raise Refusal(
            _("You chose more %(types)s than passengers in total.") % {"types": _(" and ").join(chosen)}
        )
    if wheelchairs > passengers:
        raise Refusal(_("You chose more wheelchairs than passengers."))
    known[default] = rest
    check_adult(types[slug] for slug in types for _passenger in range(known.get(slug, 0)))
    numbers = [(slug, known[slug]) for slug in types if known.get(slug)]
    return Party(
        tuple(pair for pair in numbers if not types[pair[0]].travels_on_lap),
        wheelchairs,
        tuple(pair for pair in numbers if types[pair[0]].travels_on_lap),
    )
