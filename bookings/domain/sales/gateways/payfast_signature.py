"""The signatures of Payfast: a form's and a notification's are over their fields in order, the API's over all
that is sent, by name.
"""

from collections.abc import Iterable, Mapping
from hashlib import md5
from urllib.parse import quote_plus

Pairs = Iterable[tuple[str, str]]


def encoded(value: str) -> str:
    """As PHP's urlencode, by which Payfast signs."""
    return quote_plus(value).replace("~", "%7E")


def joined(pairs: Pairs) -> str:
    return "&".join(f"{name}={encoded(value)}" for name, value in pairs)


def form_signature(fields: Pairs, passphrase: str) -> str:
    """Of a hand-over: without its empty fields."""
    return _signed(((name, value.strip()) for name, value in fields if value.strip()), passphrase)


def notification_signature(fields: Pairs, passphrase: str) -> str:
    """Of a notification: with its empty fields."""
    return _signed(fields, passphrase)


def api_signature(values: Mapping[str, str], passphrase: str) -> str:
    """Of a call: its headers, query and body together."""
    pairs = {name: value for name, value in values.items() if value} | {"passphrase": passphrase}
    return _digest(joined(sorted(pairs.items())))


def _signed(fields: Pairs, passphrase: str) -> str:
    last = [("passphrase", passphrase.strip())] if passphrase.strip() else []
    return _digest(joined([*fields, *last]))


def _digest(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()  # what Payfast prescribes
