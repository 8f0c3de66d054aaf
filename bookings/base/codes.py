import hashlib
import secrets
import unicodedata
from typing import Final

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V", "-": None, " ": None})


def random_code(length: int) -> str:
    return "".join(secrets.choice(CROCKFORD) for _ in range(length))


def normal_code(text: str) -> str:
    """What a person typed or spoke, as a code: upper case, no blanks, O read as 0, I and L as 1."""
    return text.strip().upper().translate(_LOOKALIKES)


def random_token() -> str:
    """128 random bits, fit for an address."""
    return secrets.token_urlsafe(16)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def plain_name(text: str) -> str:
    """A name as it is compared: without accents, case, or blanks at the ends."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(bare.casefold().split())
