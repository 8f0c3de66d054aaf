"""Calls to Yoco's Checkout API: JSON under a secret key, with a key of ours for what is to be done once."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from django.conf import settings

_MOST_BYTES: Final = 200_000
# Our key is wrong, the same request is still being worked on, or it is too busy: no answer to the question
_NO_ANSWER: Final = (401, 403, 408, 409, 429)


class CheckoutRefused(Exception):
    """Yoco understood and said no."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def call_yoco(
    method: str, path: str, *, body: Mapping[str, Any] | None = None, key: str = "", seconds: float = 20
) -> dict[str, Any]:
    """Raises CheckoutRefused, and OSError when no answer came, or none that can be read."""
    headers = {"Authorization": f"Bearer {settings.YOCO_SECRET_KEY}", "Content-Type": "application/json"}
    request = Request(
        f"{settings.YOCO_URL}{path}",
        data=json.dumps(body).encode() if body is not None else None,
        headers=headers | ({"Idempotency-Key": key} if key else {}),
        method=method,
    )
    try:
        with urlopen(request, timeout=seconds) as answer:
            value = json.loads(answer.read(_MOST_BYTES))
    except HTTPError as error:
        if error.code in _NO_ANSWER or error.code >= 500:
            raise
        raise CheckoutRefused(error.code, _description(error)) from error
    except ValueError as error:
        raise ConnectionError("an answer that is no JSON") from error
    if not isinstance(value, dict):
        raise ConnectionError("an answer that is no object")
    return value


def _description(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read(_MOST_BYTES))["description"])[:200]
    except (ValueError, KeyError, TypeError, OSError):
        return f"HTTP {error.code}"
