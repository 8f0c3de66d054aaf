"""What comes along unseen when people paste: it is no part of what they meant, at no door."""

import re
from typing import Final

# Code points that Unicode lets nobody see: soft hyphens, zero-width blanks, marks of direction or
# byte order, fillers, tags. Variation selectors are not among them: they tell signs apart.
_UNSEEN: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
_INVISIBLE: Final = re.compile(f"[{_UNSEEN}]")
_JOINERS: Final = "\u200c\u200d"  # unseen as well, but some scripts tell words apart by them
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_AS_CODE: Final = {number: number - 0xFEE0 for number in range(0xFF01, 0xFF5F)} | dict.fromkeys(
    map(ord, _JOINERS)
)


def clean_name(text: str) -> str:
    """A name as it was written, with single blanks."""
    return " ".join(word.strip(_JOINERS) for word in _INVISIBLE.sub("", text).split()).strip()


def clean_text(text: str) -> str:
    """One line of what somebody typed, with single blanks and without control characters."""
    return clean_name(_CONTROL.sub("", " ".join(text.split())))


def clean_code(text: str) -> str:
    """`clean_text` of what is written in Latin letters, digits and signs.

    Full-width ones, as some keyboards write them, are the usual ones.
    """
    return clean_text(text).translate(_AS_CODE)
