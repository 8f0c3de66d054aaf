"""Calls to the interfaces of providers: JSON under a key. What is known of a call that failed decides whether
it may be made again.
"""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from bookings.domain.messaging.texts.providers import TextRefused, TryLater

_MOST_BYTES: Final = 200_000
_SECONDS: Final = 10
_BUSY: Final = (408, 425, 429, 503)  # it was not taken


def call_provider(
    method: str, url: str, *, key: str, body: Mapping[str, Any] | None = None
) -> tuple[int, dict[str, Any]]:
    """The status and the object that it answered, also of a refusal. Raises TryLater when it was certainly
    not taken, OSError when nobody knows.
    """
    request = Request(
        url,
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Authorization": key, "Content-Type": "application/json", "Accept": "application/json"},
        method=method,
    )
    try:
        with urlopen(request, timeout=_SECONDS) as answer:
            return answer.status, _object(answer.read(_MOST_BYTES))
    except HTTPError as error:
        if error.code in _BUSY:
            raise TryLater(f"HTTP {error.code}") from error
        if error.code in (401, 403):
            raise TryLater(f"HTTP {error.code}: our key is refused") from error
        if error.code >= 500:
            raise ConnectionError(f"HTTP {error.code}") from error
        return error.code, _object(error.read(_MOST_BYTES))
    except URLError as error:
        if isinstance(error.reason, ConnectionRefusedError):  # nobody was there to take it
            raise TryLater("the provider is away") from error
        raise


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw or b"{}")
    except ValueError as error:
        raise ConnectionError("an answer that is no JSON") from error
    if not isinstance(value, dict):
        raise ConnectionError("an answer that is no object")
    return value


def refused(status: int, reason: str, *, is_permanent: bool = False) -> TextRefused:
    return TextRefused(f"{status}: {reason}"[:200], is_permanent=is_permanent)
