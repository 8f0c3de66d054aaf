"""How the things are called that daily sums are by."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from django.db.models import QuerySet

from bookings.models import (
    Branch,
    Channel,
    DailySum,
    FareClass,
    OrderLine,
    Partner,
    PassengerType,
    PromoCode,
    Route,
    User,
)

By = DailySum.By
BRANCH: Final = "branch"


def _users(ids: list[int]) -> dict[int, str]:
    return {user.pk: user.display_name for user in User.objects.filter(pk__in=ids)}


def _named(rows: QuerySet[Any], field: str = "name") -> Callable[[list[int]], dict[int, str]]:
    return lambda ids: dict(rows.filter(pk__in=ids).order_by().values_list("pk", field))


def _routes(ids: list[int]) -> dict[int, str]:
    rows = Route.objects.filter(pk__in=ids).order_by().values_list("pk", "line__code", "name")
    return {pk: f"{code} {name}".strip() for pk, code, name in rows}


_READ: Final[Mapping[str, Callable[[list[int]], dict[int, str]]]] = {
    By.ROUTE: _routes,
    By.EARNED_ROUTE: _routes,
    By.CLERK: _users,
    By.PARTNER: _named(Partner.objects.all()),
    By.PASSENGER_TYPE: _named(PassengerType.objects.all()),
    By.FARE_CLASS: _named(FareClass.objects.all()),
    By.PROMO_CODE: _named(PromoCode.objects.all(), "code"),
    BRANCH: _named(Branch.objects.all()),
}
_WORDS: Final[Mapping[str, Mapping[str, object]]] = {
    By.KIND: dict(OrderLine.Kind.choices),
    By.CHANNEL: dict(Channel.choices),
}


def names_of(by: str, keys: Iterable[str]) -> dict[str, str]:
    """The name of each key that stands for something: at most one query."""
    if by in _WORDS:
        return {key: str(_WORDS[by][key]) for key in keys if key in _WORDS[by]}
    names = _READ[by]([int(key) for key in keys if key])
    return {str(pk): name for pk, name in names.items()}
