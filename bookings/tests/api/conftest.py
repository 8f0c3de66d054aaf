import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from bookings.domain.partners.api_keys import NewKey
from bookings.tests.make import NOW, make_api_key

API = "/api/v1"


class Program:
    """A partner's program."""

    def __init__(self, key: NewKey | None = None) -> None:
        self.key = key
        self._client = Client(raise_request_exception=False)

    @property
    def partner(self) -> Any:
        return self.key.key.partner

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        return {**({"Authorization": f"Bearer {self.key.text}"} if self.key else {}), **headers}

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> HttpResponse:
        return self._client.get(f"{API}{path}", query or {}, headers=self._headers(headers))

    def post(self, path: str, body: Any, *, once: str = "", **headers: str) -> HttpResponse:
        """With a new Idempotency-Key unless one is given."""
        headers = {"Idempotency-Key": once or uuid4().hex, **headers}
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        return self._client.post(
            f"{API}{path}", data, content_type="application/json", headers=self._headers(headers)
        )

    def delete(self, path: str) -> HttpResponse:
        return self._client.delete(f"{API}{path}", headers=self._headers({}))


def problem(answer: HttpResponse) -> dict[str, Any]:
    assert answer["Content-Type"] == "application/problem+json"
    return answer.json()


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def anybody() -> Program:
    return Program()


@pytest.fixture
def program(db: None) -> Program:
    return Program(make_api_key())


@pytest.fixture
def make_program(db: None) -> Callable[..., Program]:
    return lambda **options: Program(make_api_key(**options))
