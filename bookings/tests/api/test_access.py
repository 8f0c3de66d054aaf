"""Each address of the API is marked, and its mark holds: public ones want no key, the others no other."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from bookings.domain.partners.api_keys import revoke_key
from bookings.domain.partners.partners import change_partner
from bookings.models import ApiKey
from bookings.tests.api.conftest import API, Program, problem
from bookings.tests.make import make_api_key, make_partner
from bookings.web.access import API_KEY, PUBLIC

pytestmark = pytest.mark.django_db
PUBLIC_NAMES = {
    "index", "schema", "docs", "problems", "cities", "stops", "passenger_types", "routes", "route",
    "schedules", "schedule", "seats", "search",
}  # fmt: skip
SCOPES = {
    "account": {"GET": "read"},
    "account_statement": {"GET": "read"},
    "quotes": {"POST": "book"},
    "holds": {"POST": "book"},
    "hold": {"GET": "book", "DELETE": "book"},
    "orders": {"GET": "read", "POST": "book"},
    "order": {"GET": "read"},
    "pay": {"POST": "book"},
    "cancellation": {"GET": "cancel", "POST": "cancel"},
    "change_quote": {"POST": "book"},
    "make_change": {"POST": "book"},
    "change": {"GET": "read"},
}


def patterns(of: list[Any] | None = None, prefix: str = "/") -> Iterator[tuple[str, URLPattern]]:
    for each in get_resolver().url_patterns if of is None else of:
        path = f"{prefix}{each.pattern}"
        if isinstance(each, URLResolver) and path.startswith("/api/"):
            yield from patterns(each.url_patterns, path)
        elif isinstance(each, URLPattern) and prefix.startswith("/api/"):
            yield path, each


def address(pattern: URLPattern) -> str:
    names = list(pattern.pattern.regex.groupindex)
    for sample in ("999999", "ABCDEFGH"):
        try:
            return reverse(f"v1:{pattern.name}", kwargs=dict.fromkeys(names, sample))
        except NoReverseMatch:
            continue
    raise AssertionError(pattern.name)


def calls() -> Iterator[tuple[str, str, str]]:
    """Every method of every address that wants a key, with the scope it wants."""
    for _path, pattern in patterns():
        for method, scope in getattr(pattern.callback, "scopes", {}).items():
            yield method, address(pattern), scope


def test_every_address_has_its_mark() -> None:
    marks = {pattern.name: pattern.callback.access for _path, pattern in patterns()}

    assert {name for name, mark in marks.items() if mark == PUBLIC} == PUBLIC_NAMES
    assert {name for name, mark in marks.items() if mark == API_KEY} == set(SCOPES)
    assert set(marks) == PUBLIC_NAMES | set(SCOPES)
    assert {
        pattern.name: pattern.callback.scopes for _path, pattern in patterns() if pattern.name in SCOPES
    } == SCOPES


def test_public_addresses_ask_for_no_key(client: Client) -> None:
    answers = {
        pattern.name: client.get(address(pattern)).status_code
        for _path, pattern in patterns()
        if pattern.name in PUBLIC_NAMES
    }

    assert {name for name, status in answers.items() if status not in (200, 400, 404)} == set()


def ask(method: str, path: str, key: str = "") -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return Client(raise_request_exception=False).generic(
        method, path, "{}", content_type="application/json", headers=headers
    )


def test_the_others_refuse_whoever_has_no_key_that_opens() -> None:
    revoked, off = make_api_key(), make_api_key(make_partner("Rival"))
    revoke_key(revoked.key.pk)
    change_partner(
        off.key.partner, email="x@example.com", credit_limit=off.key.partner.credit_limit, is_active=False
    )

    for method, path, _scope in calls():
        for text in ("", "fbl_guessed", "nonsense", revoked.text, off.text, revoked.key.key_hash):
            answer = ask(method, path, text)
            assert answer.status_code == 401, (method, path, text)
            assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_key_without_the_scope_is_refused() -> None:
    partner = make_partner()
    keys = {
        scope: make_api_key(partner, scopes=tuple(each for each in ApiKey.Scope.values if each != scope))
        for scope in ApiKey.Scope.values
    }

    for method, path, scope in calls():
        answer = ask(method, path, keys[scope].text)
        assert problem(answer)["detail"] == f"This key lacks the scope “{scope}”.", (method, path)
        assert answer.status_code == 403


def test_the_right_scope_alone_opens() -> None:
    partner = make_partner()
    keys = {scope: make_api_key(partner, scopes=(scope,)) for scope in ApiKey.Scope.values}

    statuses = {
        (method, path): ask(method, path, keys[scope].text).status_code for method, path, scope in calls()
    }

    assert {call for call, status in statuses.items() if status not in (200, 400, 404)} == set()


def test_a_session_of_staff_is_no_key(client: Client) -> None:
    from bookings.tests.make import make_user

    client.force_login(make_user(role="manager"))

    assert client.get(f"{API}/orders/").status_code == 401


def test_use_is_noted_now_and_then(program: Program, django_assert_num_queries: Any) -> None:
    before = timezone.now()
    program.get("/account/")
    key = ApiKey.objects.get()
    assert key.last_used_at >= before

    with django_assert_num_queries(1):  # the key with its partner
        program.get("/account/")


def test_a_client_without_a_key_is_limited(anybody: Program, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "api": "3/m"}

    statuses = [anybody.get("/cities/").status_code for _each in range(3)]
    refused = anybody.get("/search/")

    assert statuses == [200] * 3
    assert problem(refused)["status"] == 429
    assert 1 <= int(refused["Retry-After"]) <= 70  # the window slides in steps of ten seconds


def test_who_has_no_key_is_told_so_before_that_it_was_often_and_hurts_no_good_key(
    program: Program, settings: Any
) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "api": "3/m"}

    answers = [ask("GET", f"{API}/orders/", f"fbl_guess{number}") for number in range(5)]

    assert [problem(answer)["status"] for answer in answers] == [401] * 5
    assert ["Retry-After" in answer for answer in answers] == [False, False, False, True, True]
    assert program.get("/orders/").status_code == 200


def test_a_key_has_the_usual_limit_or_its_own(settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "api_key": "2/m"}
    partner = make_partner()
    usual, own = Program(make_api_key(partner)), Program(make_api_key(partner, limit="4/m"))

    assert [usual.get("/account/").status_code for _each in range(3)] == [200, 200, 429]
    assert [own.get("/account/").status_code for _each in range(5)] == [200, 200, 200, 200, 429]
