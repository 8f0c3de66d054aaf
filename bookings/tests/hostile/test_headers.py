"""What every answer says to a browser, errors included, whoever asks.

The pages themselves are asked for in test_changes.py.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client

from bookings.passenger.views import boards
from bookings.tests.hostile.world import World
from bookings.tests.make import make_stop

pytestmark = pytest.mark.django_db
POLICY = {
    "default-src 'self'", "script-src 'self'", "style-src 'self'", "object-src 'none'", "base-uri 'none'",
    "frame-ancestors 'none'",
}  # fmt: skip
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def problems(response: HttpResponse) -> Iterator[str]:
    policy = response.get("Content-Security-Policy", "")
    if not POLICY.issubset(part.strip() for part in policy.split(";")) or "unsafe" in policy:
        yield f"policy {policy!r}"
    yield from (
        f"{name} is {response.get(name)}" for name, value in HEADERS.items() if response.get(name) != value
    )
    is_kept = "no-store" not in response.get("Cache-Control", "")
    has_form = b'method="post"' in response.content.lower() if not response.streaming else False
    if response.cookies and is_kept and not has_form:
        yield f"sets {list(response.cookies)} on a page that a cache may keep"


def is_personal(name: str, response: HttpResponse, world: World) -> bool:
    content = b"" if response.streaming else response.content
    return (
        name.startswith(("office:", "admin:"))
        or world.booking.booking_reference.encode() in content
        or b"Mokoena" in content
    )


def problems_of(name: str, response: HttpResponse, world: World) -> Iterator[str]:
    """Of a page of this name: what is personal is kept nowhere."""
    yield from problems(response)
    is_kept = "no-store" not in response.get("Cache-Control", "")
    if response.status_code < 300 and is_personal(name, response, world) and is_kept:
        yield "may be kept"


def break_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_args: Any, **_options: Any) -> None:
        raise error

    monkeypatch.setattr(boards, "render_page", fail)


@pytest.mark.parametrize(
    ("status", "ask"),
    [
        (400, lambda client: client.get("/", headers={"host": "evil.example"})),
        (400, lambda client: client.get("/office/bookings/", headers={"host": "evil.example"})),
        (403, lambda client: Client(enforce_csrf_checks=True).post("/bookings/", {"reference": "x"})),
        (404, lambda client: client.get("/nowhere/")),
        (404, lambda client: client.get("/office/nowhere/")),
        (404, lambda client: client.get("/departures/1/")),
        (405, lambda client: client.post("/search/")),
        (
            413,
            lambda client: client.post(
                "/bookings/", b"a=" + b"x" * 1_000_001, "application/x-www-form-urlencoded"
            ),
        ),
        (422, lambda client: client.get("/search/", {"from": "nowhere", "to": "x", "date": "x"})),
    ],
)
def test_an_error_has_the_same_headers(client: Client, status: int, ask: Any) -> None:
    response = ask(client)

    assert response.status_code in {status, 400 if status == 413 else status}
    assert list(problems(response)) == []


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (ZeroDivisionError(), 500, "Something went wrong on our side"),
        (OperationalError("server closed the connection"), 503, "Back in a moment"),
    ],
)
def test_a_fault_of_ours_has_them_too_and_tells_nothing_of_itself(
    client: Client, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, words: str
) -> None:
    client.raise_request_exception = False
    make_stop()
    break_with(monkeypatch, error)

    response = client.get("/departures/", {"city": "johannesburg"})

    html = response.content.decode()
    assert (response.status_code, response.get("Retry-After")) == (status, "10" if status == 503 else None)
    assert words in html
    assert not any(
        secret in html for secret in ("ZeroDivision", "Operational", "closed the connection", "Traceback")
    )
    assert list(problems(response)) == []
