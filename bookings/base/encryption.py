"""Encrypts the few values that even a copy of the database must not tell, by FIELD_KEYS and never by
SECRET_KEY: it is not the same people who may know them.
"""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class UnreadableValue(Exception):
    """None of FIELD_KEYS opens it."""


def encrypt(text: str) -> str:
    return _keys().encrypt(text.encode()).decode()


def decrypt(sealed: str) -> str:
    """Raises UnreadableValue."""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise UnreadableValue from error


def encrypt_again(sealed: str) -> str:
    """The same under the first of the keys, whichever it was under. Raises UnreadableValue."""
    try:
        return _keys().rotate(sealed.encode()).decode()
    except InvalidToken as error:
        raise UnreadableValue from error


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])
