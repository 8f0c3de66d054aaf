"""The signatures of the gateways once more, from their documentation and not from our adapters: a mistake in
one of them shows.
"""

import base64
import hashlib
import hmac
import string
from collections.abc import Iterable, Mapping
from typing import Final

_PLAIN: Final = frozenset((string.ascii_letters + string.digits + "-_.").encode())


def php(text: str) -> str:
    """What PHP's urlencode makes of a text."""
    return "".join(
        chr(byte) if byte in _PLAIN else "+" if byte == 0x20 else f"%{byte:02X}" for byte in text.encode()
    )


def sign_form(fields: Iterable[tuple[str, str]], passphrase: str) -> str:
    """Whatever is not empty, trimmed, in the order in which it was posted."""
    text = ""
    for name, value in fields:
        if name != "signature" and value.strip():
            text += f"{name}={php(value.strip())}&"
    return _md5(text, passphrase)


def sign_notification(fields: Iterable[tuple[str, str]], passphrase: str) -> str:
    """Everything before the signature, empty or not."""
    text = ""
    for name, value in fields:
        if name == "signature":
            break
        text += f"{name}={php(value)}&"
    return _md5(text, passphrase)


def sign_call(values: Mapping[str, str], passphrase: str) -> str:
    """Headers, query, body and passphrase of a call to the API, by the alphabet."""
    everything = {**values, "passphrase": passphrase}
    text = ""
    for name in sorted(everything):
        if everything[name]:
            text += f"{name}={php(everything[name])}&"
    return hashlib.md5(text[:-1].encode(), usedforsecurity=False).hexdigest()


def _md5(text: str, passphrase: str) -> str:
    text = f"{text}passphrase={php(passphrase)}" if passphrase else text[:-1]
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def sign_webhook(secret: str, message_id: str, timestamp: str, body: str) -> str:
    """What Standard Webhooks signs: id, time and body with dots between; the key is Base64 after whsec_."""
    _start, _underscore, key = secret.partition("_")
    mac = hmac.new(base64.standard_b64decode(key), digestmod=hashlib.sha256)
    for part in (message_id, ".", timestamp, ".", body):
        mac.update(part.encode())
    return f"v1,{base64.standard_b64encode(mac.digest()).decode()}"
