"""E-mail addresses."""

import re
from typing import Final

from bookings.base.text import clean_code

_DRESS: Final = re.compile(r"mailto:|[<>\s]", re.IGNORECASE)
# Where most of our travellers have their mail, and names one letter from them that are real, too.
_PROVIDERS: Final = (
    "gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.uk", "yahoo.co.za", "ymail.com", "hotmail.com",
    "hotmail.co.za", "hotmail.co.uk", "outlook.com", "live.com", "live.co.za", "msn.com", "icloud.com",
    "me.com", "aol.com", "gmx.com", "gmx.net", "gmx.de", "mail.com", "email.com", "protonmail.com",
    "proton.me", "webmail.co.za", "mweb.co.za", "telkomsa.net", "vodamail.co.za", "iafrica.com",
    "absamail.co.za", "lantic.net",
)  # fmt: skip


def read_email(text: str) -> str:
    """An address as it was meant: without what was pasted with it; its domain in small letters.

    Whether it is one is for a validator.
    """
    local, at, domain = _DRESS.sub("", clean_code(text)).rstrip(".,;:").rpartition("@")
    return f"{local}{at}{domain.lower()}"


def plain_email(text: str) -> str:
    """An address as it is compared."""
    return read_email(text).lower()


def suggest_email(address: str) -> str:
    """What was probably meant: name@gmial.com is name@gmail.com. Empty if nothing is odd."""
    local, at, domain = address.rpartition("@")
    if not at or domain.lower() in _PROVIDERS:
        return ""
    near = next((provider for provider in _PROVIDERS if _is_slip(domain.lower(), provider)), "")
    return f"{local}@{near}" if near else ""


def _is_slip(typed: str, meant: str) -> bool:
    """Whether one letter is wrong, missing or too much, or two neighbours have changed places."""
    if abs(len(typed) - len(meant)) > 1:
        return False
    start = 0
    while typed[start : start + 1] == meant[start : start + 1] != "":
        start += 1
    rest, goal = typed[start:], meant[start:]
    return (
        rest[1:] == goal[1:]
        or rest[1:] == goal
        or rest == goal[1:]
        or (rest[:2] == goal[1::-1] and rest[2:] == goal[2:])
    )
