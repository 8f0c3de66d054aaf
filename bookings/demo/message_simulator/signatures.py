"""How the providers prove their callbacks once more, from their documentation and not from our adapters: a
mistake in one of them shows.
"""

import hashlib
import hmac
from base64 import standard_b64encode


def sign_meta(app_secret: str, body: bytes) -> str:
    """The value of X-Hub-Signature-256."""
    mac = hmac.new(app_secret.encode(), digestmod=hashlib.sha256)
    mac.update(body)
    return "sha256=" + mac.digest().hex()


def basic(user: str, password: str) -> str:
    """The value of Authorization, as RFC 7617 has it."""
    return "Basic " + standard_b64encode(b":".join([user.encode(), password.encode()])).decode()
