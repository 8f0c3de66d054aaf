"""WhatsApp by Meta's Cloud API: approved templates, statuses by a webhook whose HMAC is the proof.

It cannot be asked what became of a message; our own number comes back with its statuses.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings

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

_SIGNATURE: Final = "x-hub-signature-256"
_STATES: Final = {
    "sent": TextState.SENT,
    "delivered": TextState.DELIVERED,
    "read": TextState.READ,
    "failed": TextState.FAILED,
}
# The number has no WhatsApp, or does not want ours
_PERMANENT: Final = (131026, 131021, 131050, 100)


class MetaProvider:
    name = "meta"
    kept_headers = (_SIGNATURE,)
    tells_delivery = True

    def send(self, text: TextToSend) -> str:
        parameters = [{"type": "text", "text": param} for param in text.params]
        body = {
            "messaging_product": "whatsapp",
            "to": text.to.removeprefix("+"),
            "type": "template",
            "template": {
                "name": text.template,
                "language": {"code": text.language},
                "components": [{"type": "body", "parameters": parameters}],
            },
            "biz_opaque_callback_data": text.client_id,
        }
        url = f"{settings.META_URL}/{settings.META_PHONE_NUMBER_ID}/messages"
        status, answer = call_provider("POST", url, key=f"Bearer {settings.META_ACCESS_TOKEN}", body=body)
        if status >= 400:
            error = answer.get("error")
            facts: dict[str, Any] = error if isinstance(error, dict) else {}
            is_permanent = facts.get("code") in _PERMANENT
            raise refused(status, str(facts.get("message", "refused")), is_permanent=is_permanent)
        try:
            return str(answer["messages"][0]["id"])
        except (KeyError, IndexError, TypeError) as error:
            raise ConnectionError("an answer without the number of the message") from error

    def find(self, client_id: str) -> str:
        raise CannotAsk

    def verify_callback(self, headers: Mapping[str, str], body: bytes) -> Sequence[TextDelivery | Reply]:
        mac = hmac.new(settings.META_APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
        if not settings.META_APP_SECRET or not is_same(f"sha256={mac}", headers.get(_SIGNATURE, "")):
            raise ForgedCallback("signature")
        try:
            return list(_contents(json.loads(body)))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError) as error:
            raise ForgedCallback("not readable") from error


def _contents(document: dict[str, Any]) -> Iterator[TextDelivery | Reply]:
    for entry in document.get("entry", []):
        for change in entry.get("changes", []):
            value = change.get("value", {})
            for status in value.get("statuses", []):
                if status["status"] in _STATES:
                    yield _delivery(status)
            for message in value.get("messages", []):
                text = message.get("text", {}).get("body", "") or message.get("button", {}).get("text", "")
                yield Reply(f"+{str(message['from']).removeprefix('+')}", str(text), _moment(message))


def _delivery(status: dict[str, Any]) -> TextDelivery:
    errors = [error for error in status.get("errors", []) if isinstance(error, dict)]
    return TextDelivery(
        provider_id=str(status["id"]),
        state=_STATES[status["status"]],
        at=_moment(status),
        error=str(errors[0].get("title", errors[0].get("code", "")))[:200] if errors else "",
        is_permanent=any(error.get("code") in _PERMANENT for error in errors),
        client_id=str(status.get("biz_opaque_callback_data", "")),
    )


def _moment(row: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(row["timestamp"]), UTC)
