"""The secrets and headers of our webhooks, by a public rule, so that partners find a library for their
language.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from bookings.base.webhook_signatures import SECRET_START, signature

_SECRET_BYTES: Final = 32


def new_secret() -> str:
    return SECRET_START + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signed_headers(keys: Iterable[str], message_id: str, body: str, *, now: datetime) -> dict[str, str]:
    """While a secret is being replaced, two signatures: the old one's and the new one's."""
    timestamp = int(now.timestamp())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(key, message_id, body, timestamp=timestamp) for key in keys),
    }
