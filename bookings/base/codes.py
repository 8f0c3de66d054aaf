"""Codes that people read, type, say and scan."""

import hashlib
import re
import secrets
from typing import Final

from bookings.base.text import clean_code

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCE_LENGTH: Final = 8
SPOKEN_LENGTH: Final = 6
_LOOKALIKES: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
_DRESS: Final = re.compile(r"[\W_]+")
_LABELS: Final = re.compile(r"(?:(?:your|booking|reference|ref|spoken|code)\b[\s.:#]+)+", re.IGNORECASE)


def random_code(length: int) -> str:
    return "".join(secrets.choice(CROCKFORD) for _ in range(length))


def normal_code(text: str) -> str:
    """What a person typed or spoke, as a code: letters and digits alone, O read as 0, I and L as 1.

    "Booking ref: abcd-2345" is ABCD2345.
    """
    text = clean_code(text)
    label = _LABELS.match(text)
    bare = text[label.end() :] if label else text
    return _DRESS.sub("", bare or text).upper().translate(_LOOKALIKES)


def random_token() -> str:
    """128 random bits, fit for an address."""
    return secrets.token_urlsafe(16)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
