"""The alphabet of text messages (GSM 03.38): one sign outside of it more than halves what fits into one."""

from typing import Final

from bookings.base.names import in_ascii

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("^{}\\[~]|€")  # each takes the room of two
ONE_PART: Final = 160
OF_SEVERAL: Final = 153  # what fits into each, where one is not enough


def is_gsm7(text: str) -> bool:
    return set(text) <= _BASIC | _EXTENDED


def gsm7_length(text: str) -> int:
    return len(text) + sum(character in _EXTENDED for character in text)


def in_gsm7(text: str) -> str:
    """With nothing outside of the alphabet: without rare marks, and ? for what has no Latin letter."""
    return "".join(character if is_gsm7(character) else _nearest(character) for character in text)


def _nearest(character: str) -> str:
    plain = "'" if character == "`" else in_ascii(character)
    return plain if is_gsm7(plain) else "?"


def cut_to(text: str, room: int) -> str:
    """At most `room` long by the alphabet's measure; "..." shows where something is missing."""
    if gsm7_length(text) <= room:
        return text
    while gsm7_length(text) > room - 3:
        text = text[:-1]
    return text.rstrip() + "..."


def parts(text: str) -> int:
    """Of how many messages a network makes it."""
    length = gsm7_length(text)
    return 1 if length <= ONE_PART else -(-length // OF_SEVERAL)
