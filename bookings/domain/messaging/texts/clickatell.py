"""SMS by Clickatell's One API: one message a call under our own number, statuses by a callback that brings
the name and password that we gave it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.utils import timezone

from bookings.domain.messaging.texts.provider_api import call_provider, refused
from bookings.domain.messaging.texts.providers import (
    CannotAsk,
    ForgedCallback,
    Reply,
    TextDelivery,
    TextState,
    TextToSend,
    is_same,
)

_AUTHORIZATION: Final = "authorization"
_STATES: Final = {
    "QUEUED": TextState.SENT,
    "SENT_TO_SUPPLIER": TextState.SENT,
    "DEVICE_ACK": TextState.DELIVERED,
    "READ": TextState.READ,
    "EXPIRED": TextState.FAILED,
    "DELIVERY_FAILURE": TextState.FAILED,
    "VOLUME_LIMIT": TextState.FAILED,
    "STOPPED_BY_USER": TextState.FAILED,
    "RECIPIENT_DOES_NOT_EXIST": TextState.FAILED,
}
_STOPPED: Final = "STOPPED_BY_USER"
_PERMANENT: Final = ("RECIPIENT_DOES_NOT_EXIST", _STOPPED)


class ClickatellProvider:
    name = "clickatell"
    kept_headers = (_AUTHORIZATION,)
    tells_delivery = True

    def send(self, text: TextToSend) -> str:
        message = {
            "channel": "sms",
            "to": text.to.removeprefix("+"),
            "content": text.body,
            "clientMessageId": text.client_id,
        }
        url = f"{settings.CLICKATELL_URL}/v1/message"
        status, answer = call_provider(
            "POST", url, key=settings.CLICKATELL_API_KEY, body={"messages": [message]}
        )
        rows = answer.get("messages")
        row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
        error = row.get("error") or answer.get("error")
        if status >= 400 or error:
            code = str(error.get("code", "")) if isinstance(error, dict) else str(error or "refused")
            raise refused(status, code, is_permanent=code in _PERMANENT)
        if not row.get("apiMessageId"):
            raise ConnectionError("an answer without the number of the message")
        return str(row["apiMessageId"])

    def find(self, client_id: str) -> str:
        """404 says that it never got the message; another answer without a number, that it does not tell."""
        query = urlencode({"clientMessageId": client_id})
        url = f"{settings.CLICKATELL_URL}/v1/message/status?{query}"
        status, answer = call_provider("GET", url, key=settings.CLICKATELL_API_KEY)
        if status == 404 and answer.get("clientMessageId") == client_id:
            return ""
        if status >= 400 or not answer.get("apiMessageId"):
            raise CannotAsk
        return str(answer["apiMessageId"])

    def verify_callback(self, headers: Mapping[str, str], body: bytes) -> Sequence[TextDelivery | Reply]:
        user = f"{settings.CLICKATELL_CALLBACK_USER}:{settings.CLICKATELL_CALLBACK_PASSWORD}"
        expected = f"Basic {base64.b64encode(user.encode()).decode()}"
        given = headers.get(_AUTHORIZATION, "")
        if not settings.CLICKATELL_CALLBACK_PASSWORD or not is_same(expected, given):
            raise ForgedCallback("name or password")
        try:
            return list(_contents(json.loads(body)))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError) as error:
            raise ForgedCallback("not readable") from error


def _contents(document: dict[str, Any]) -> Iterator[TextDelivery | Reply]:
    event = document.get("event", document)
    for row in event.get("messageStatusUpdate", []):
        code, at = str(row.get("status", row.get("statusCode", ""))), _moment(row)
        if code in _STATES:
            is_bad = _STATES[code] == TextState.FAILED
            yield TextDelivery(
                provider_id=str(row["messageId"]),
                state=_STATES[code],
                at=at,
                error=code if is_bad else "",
                is_permanent=code in _PERMANENT,
                client_id=str(row.get("clientMessageId", "")),
            )
        if code == _STOPPED and row.get("to"):
            yield Reply(f"+{str(row['to']).removeprefix('+')}", "STOP", at)
    for row in event.get("moText", []):
        yield Reply(f"+{str(row['from']).removeprefix('+')}", str(row.get("content", "")), _moment(row))


def _moment(row: dict[str, Any]) -> datetime:
    """Milliseconds since 1970; without them it is now."""
    millis = row.get("timestamp")
    return datetime.fromtimestamp(int(millis) / 1000, UTC) if millis else timezone.now()
