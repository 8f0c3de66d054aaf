"""Signatures of webhooks, as standardwebhooks.com writes them down: of those that we send, and of those that
a gateway sends to us.
"""

import hmac
from base64 import b64decode, b64encode
from typing import Final

SECRET_START: Final = "whsec_"


def signature(secret: str, message_id: str, body: str, *, timestamp: int) -> str:
    """HMAC-SHA256 over id, time and body. Raises ValueError for a secret that is none."""
    key = b64decode(secret.removeprefix(SECRET_START), validate=True)
    return "v1," + b64encode(hmac.digest(key, f"{message_id}.{timestamp}.{body}".encode(), "sha256")).decode()
