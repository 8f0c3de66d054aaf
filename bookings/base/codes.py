"""Codes that people read, type, say and scan."""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from typing import Final

from django.conf import settings

from bookings.base.text import clean_code

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCE_LENGTH: Final = 8
SPOKEN_LENGTH: Final = 6
# Scanners type a ticket's code as keyboards of any layout do, with any lock on: these letters lie alike on
# QWERTY, QWERTZ and AZERTY. Thirty of them are 129 bits.
TICKET_LETTERS: Final = "BCDEFGHIJKLNOPRSTUVX"
_TICKET_PREFIX: Final = "FBLT"
_TICKET_LENGTH: Final = 30
_TICKET: Final = re.compile(rf".*({_TICKET_PREFIX}[{TICKET_LETTERS}]{{{_TICKET_LENGTH}}})")
_NO_LETTERS: Final = re.compile(r"[^A-Z]+")
_OLD_PREFIX: Final = "FBL1."  # before; case counts
_OLD_TICKET: Final = re.compile(r"FBL1\.(?:(?!FBL1\.)[\w-])+", re.ASCII | re.IGNORECASE)
_LOOKALIKES: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
_DRESS: Final = re.compile(r"[\W_]+")
_LABELS: Final = re.compile(
    r"(?:(?:your|booking|reference|ref|spoken|voucher|code)\b[\s.:#]+)+", re.IGNORECASE
)


def random_code(length: int) -> str:
    return _random_letters(CROCKFORD, length)


def _random_letters(letters: str, length: int) -> str:
    """As many calls of `secrets.choice`, from one number: each letter is as likely as the next."""
    number = secrets.randbelow(len(letters) ** length)
    chosen = []
    for _letter in range(length):
        number, index = divmod(number, len(letters))
        chosen.append(letters[index])
    return "".join(chosen)


def normal_code(text: str) -> str:
    """What a person typed or spoke, as a code: letters and digits alone, O read as 0, I and L as 1.

    "Booking ref: abcd-2345" is ABCD2345.
    """
    text = clean_code(text)
    label = _LABELS.match(text)
    bare = text[label.end() :] if label else text
    return _DRESS.sub("", bare or text).upper().translate(_LOOKALIKES)


def new_ticket_code() -> str:
    return _TICKET_PREFIX + _random_letters(TICKET_LETTERS, _TICKET_LENGTH)


def read_scan(text: str) -> str:
    """What a scanner sent or a person typed, as a ticket's code is kept: that of its QR, or the spoken one.

    What scanners add before and behind is left out, of a code that was read twice the second. An old code is
    as it came, perhaps in another case.
    """
    text = clean_code(text)
    old: list[str] = _OLD_TICKET.findall(text.replace(" ", ""))
    if old:
        return max(old, key=len)
    ticket = _TICKET.match(_NO_LETTERS.sub("", text.upper()))
    return ticket[1] if ticket else normal_code(text)


def is_ticket_code(code: str) -> bool:
    """Whether this is what a QR says, and not a spoken code."""
    return code.upper().startswith((_TICKET_PREFIX, _OLD_PREFIX)) and len(code) > SPOKEN_LENGTH


def is_old_ticket_code(code: str) -> bool:
    """Of the kind whose case counts, changed or not."""
    return code.upper().startswith(_OLD_PREFIX)


def random_token() -> str:
    """128 random bits, fit for an address."""
    return secrets.token_urlsafe(16)


def seeded_token(seed: str) -> str:
    """128 bits that only this site can make of the seed: the same in a mail that is sent twice."""
    digest = hmac.new(settings.SECRET_KEY.encode(), seed.encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
