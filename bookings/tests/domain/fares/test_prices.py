from datetime import date
from decimal import Decimal

import pytest

from bookings.base.errors import RuleBroken
from bookings.domain.fares.prices import Party, fare_table, read_party
from bookings.models import Fare, Route, RouteStop
from bookings.tests.make import make_fare_classes, make_passenger_types, make_route

DAY = date(2026, 12, 4)
pytestmark = pytest.mark.django_db


@pytest.fixture
def route() -> Route:
    make_fare_classes()
    make_passenger_types()
    return make_route()


def calls(route: Route) -> list[RouteStop]:
    return list(route.calls.order_by("position"))


def price(board: RouteStop, alight: RouteStop, code: str = "standard", day: date = DAY) -> Decimal | None:
    table = fare_table([(board, alight)])
    fare_class = next(each for each in table.classes if each.code == code)
    return table.price(board, alight, fare_class, price_zar=Decimal(600), day=day)


def test_a_pair_without_a_line_pays_its_share_by_distance(route: Route) -> None:
    first, middle, last = calls(route)

    assert price(first, last) == Decimal("600.00")
    assert price(first, middle) == Decimal("300.00")


def test_a_share_is_never_under_the_floor(route: Route) -> None:
    first, middle, _last = calls(route)
    RouteStop.objects.filter(pk=middle.pk).update(km=1)
    middle.refresh_from_db()

    assert price(first, middle) == Decimal("60.00")


def test_a_class_without_its_own_line_pays_its_factor(route: Route) -> None:
    first, _middle, last = calls(route)

    assert price(first, last, "premium") == Decimal("810.00")


def test_a_line_holds_on_its_days_only(route: Route) -> None:
    standard, _premium = make_fare_classes()
    first, _middle, last = calls(route)
    line = {"route": route, "from_stop": first, "to_stop": last, "fare_class": standard}
    Fare.objects.create(**line, amount=550, valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 9))
    Fare.objects.create(**line, amount=700, valid_from=date(2026, 12, 10))

    assert price(first, last) == Decimal("550.00")
    assert price(first, last, day=date(2026, 12, 10)) == Decimal("700.00")
    assert price(first, last, "premium") == Decimal("743.00")  # 550 × 1.35, to the rand
    assert price(first, last, day=date(2025, 1, 1)) == Decimal("600.00")


def test_a_pair_marked_not_sold_is_not_sold_in_any_class(route: Route) -> None:
    standard, _premium = make_fare_classes()
    first, middle, _last = calls(route)
    Fare.objects.create(
        route=route,
        from_stop=first,
        to_stop=middle,
        fare_class=standard,
        amount=None,
        valid_from=date(2026, 1, 1),
    )

    assert price(first, middle) is None
    assert price(first, middle, "premium") is None


@pytest.mark.parametrize("rides", [1, 3])
def test_reading_fares_takes_as_many_queries_for_many_rides(
    route: Route, rides: int, django_assert_num_queries: object
) -> None:
    first, middle, last = calls(route)
    pairs = [(first, last), (first, middle), (middle, last)][:rides]

    with django_assert_num_queries(6):
        fare_table(pairs)
    with django_assert_num_queries(1):
        fare_table(pairs)


def test_a_party_is_read_from_its_total_and_its_types() -> None:
    make_passenger_types()

    party = read_party(3, {"child": 1, "adult": 9, "nobody": 4})

    assert party == Party((("adult", 2), ("child", 1)))
    assert party.size == 3
    assert party.members() == ["adult", "adult", "child"]
    assert party.price(Decimal(100), make_passenger_types()) == Decimal("250.00")


@pytest.mark.parametrize(
    ("passengers", "counts"), [(0, {}), (10, {}), (500, {}), (-1, {}), (1, {"child": 2})]
)
def test_an_impossible_party_is_refused_in_words(passengers: int, counts: dict[str, int]) -> None:
    make_passenger_types()

    with pytest.raises(RuleBroken, match="cho"):
        read_party(passengers, counts)
