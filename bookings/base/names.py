"""Names of people and places: how they are written down, and when two of them are the same."""

import re
import string
import unicodedata
from typing import Final, NamedTuple

from bookings.base.text import clean_code, clean_name

NAME_LENGTH: Final = 80  # of a column, and of either part of a name
_PARTICLES: Final = frozenset(
    {"van", "von", "de", "der", "den", "du", "le", "la", "da", "dos", "di", "ka", "janse"}
)
# Letters that Unicode does not take apart into one of the plain alphabet and a mark.
_FOLDED: Final = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "ð": "d", "đ": "d", "ɖ": "d", "ɗ": "d", "ɓ": "b", "ƈ": "c", "ə": "e", "ɛ": "e",
        "ǝ": "e", "ƒ": "f", "ɠ": "g", "ħ": "h", "ı": "i", "ɨ": "i", "ƙ": "k", "ĸ": "k", "ł": "l", "ŋ": "n",
        "ɲ": "n", "ø": "o", "ɔ": "o", "ƥ": "p", "ŧ": "t", "ƭ": "t", "þ": "th", "ʉ": "u", "ʋ": "v", "ƴ": "y",
        "ƶ": "z",
    }
)  # fmt: skip
_SIGNS: Final = {"→": "to", "–": "-", "—": "-", "−": "-", "‑": "-", "·": "-", "’": "'", "‘": "'", "…": "..."}
# Apostrophes that Unicode counts as letters, the lengthening stroke of Arabic, clicks.
_MARKS: Final = re.compile("[ʹ-ˈʰ-ʸˋ-ˏ\ua78b\ua78c\u0640ǀ-ǃ]")
_APOSTROPHES: Final = re.compile("['`´‘’‛′]")
_PARTS: Final = re.compile(r"[\s-]+")
_DASHES: Final = re.compile("[\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d]")


class PersonName(NamedTuple):
    """One of them may be empty: some people have one name."""

    first_name: str
    surname: str

    @property
    def full(self) -> str:
        return full_name(*self)


def full_name(first_name: str, surname: str) -> str:
    """Thandi Nkosi, or the one name that there is."""
    return f"{first_name} {surname}".strip()


def listed_name(first_name: str, surname: str) -> str:
    """Nkosi, Thandi, or the one name that there is."""
    return f"{surname}, {first_name}" if first_name and surname else surname or first_name


def read_full_name(text: str, above: str = "") -> PersonName:
    """A whole name typed into one field: Thandi Nkosi, or Nkosi, Thandi.

    A word alone takes the surname `above`, that of the passenger before. With a comma it stands for itself.
    """
    text = clean_name(text)
    surname, comma, first_name = text.partition(",")
    if comma:
        return PersonName(first_name.strip(), surname.strip())
    parts = text.split()
    if len(parts) < 2:
        return PersonName(text, above) if above and text else PersonName("", text)
    start = next(
        (number for number, word in enumerate(parts[1:-1], 1) if word.casefold() in _PARTICLES),
        len(parts) - 1,
    )
    return PersonName(" ".join(parts[:start]), " ".join(parts[start:]))


def write_full_name(name: PersonName, above: str = "") -> str:
    """The name as `read_full_name` reads it back."""
    one_name = "" if name.first_name and name.surname else name.full
    ways = [one_name or name.full, f"{one_name}," if one_name else listed_name(*name)]
    return next((way for way in ways if read_full_name(way, above).full == name.full), ways[-1])


def in_ascii(text: str) -> str:
    """Letters of Latin script without their marks, signs as ASCII has them; other scripts stay.

    For headers, which old mail programs and gateways break where they are encoded.
    """
    return "".join(character if character.isascii() else _ascii_of(character) for character in text)


def _ascii_of(character: str) -> str:
    if sign := _SIGNS.get(character):
        return sign
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if part.isascii())
    small = _FOLDED.get(ord(character.lower()))
    return plain or (small.title() if small and character.isupper() else small) or character


def plain_name(text: str) -> str:
    """The name of a place as it is compared: without accents, case, apostrophes or blanks at the ends."""
    text = _DASHES.sub("-", _APOSTROPHES.sub("", text))
    return " ".join(_bare(text).split())


def plain_other_name(text: str) -> str:
    """Another name of a place as it is compared and kept: as a plain name, with a hyphen like a blank.

    So an address may write it as it writes the names of cities: port-elizabeth.
    """
    return " ".join(plain_name(text).replace("-", " ").split())[:120]


def plain_surname(first_name: str, surname: str) -> str:
    """A person's name as it is looked for and kept in a column: by the surname, else by the only name."""
    return plain_person(surname or first_name)[:NAME_LENGTH]


def plain_first_name(first_name: str, surname: str) -> str:
    """First names as they are looked for and kept in a column; empty where there is one name only."""
    return plain_person(first_name)[:NAME_LENGTH] if surname else ""


def plain_surname_end(surname: str) -> str:
    """The last part of a surname as it is looked for and kept in a column: Merwe of van der Merwe.

    Empty for a surname of one part.
    """
    parts = _PARTS.split(_DASHES.sub("-", surname).strip())
    return plain_person(parts[-1])[:NAME_LENGTH] if len(parts) > 1 else ""


def plain_person(text: str) -> str:
    """A person's name as it is compared: without accents, case, blanks, apostrophes, dashes and the like."""
    kinds = ((character, unicodedata.category(character)) for character in _bare(text))
    return "".join(character for character, kind in kinds if kind[0] not in "PZC" and kind != "Sk")


def names_in_both_orders(first_name: str, surname: str) -> str:
    """A person's name as any part of it is looked for: "thandinkosi nkosithandi"."""
    first_name, surname = plain_person(first_name), plain_person(surname)
    return f"{first_name}{surname} {surname}{first_name}"


def is_name_of(text: str, name: PersonName) -> bool:
    """Whether this names that person: by the surname, the only name, or both names in any order."""
    plain = plain_person(text)
    first_name, surname = plain_person(name.first_name), plain_person(name.surname)
    return bool(plain) and plain in {surname or first_name, first_name + surname, surname + first_name}


def first_name_pattern(text: str) -> str:
    """A regular expression, for any case, of first names of which one begins so.

    Marks, apostrophes and dashes may be there or not: jose finds José, maria Anne-Maria.
    """
    letters = [_VARIANTS.get(letter, re.escape(letter)) for letter in plain_person(text)[:NAME_LENGTH]]
    return r"(^|[ -])" + r"['’ʼ -]?".join(letters)


def _bare(text: str) -> str:
    """Small letters without the marks on them."""
    taken_apart = unicodedata.normalize("NFKD", clean_code(text).casefold().translate(_FOLDED))
    marked = (character for character in taken_apart if not unicodedata.combining(character))
    return _MARKS.sub("", "".join(marked)).casefold().translate(_FOLDED)


def _variants() -> dict[str, str]:
    """By plain letter, the class of all letters of Latin script that are compared as that one."""
    by_letter: dict[str, str] = {}
    for letter in (*string.ascii_lowercase, *map(chr, (*range(0xDF, 0x250), *range(0x1E00, 0x1F00)))):
        if len(plain := _bare(letter)) == 1:
            by_letter[plain] = by_letter.get(plain, "") + letter
    return {plain: f"[{letters}]" for plain, letters in by_letter.items() if plain.isalpha()}


_VARIANTS: Final = _variants()


def is_spelling_of(name: PersonName, other: PersonName) -> bool:
    """Whether the one is the other spelt in another way, and no other person: parts in another order, a part
    more or less, another case or mark, or in each part one letter in four wrong, two at most.
    """
    ours, theirs = ([plain_person(part) for part in parts] for parts in (name, other))
    if ours == theirs[::-1] or "".join(ours) == "".join(theirs):
        return bool("".join(ours))
    pairs = [(part, before) for part, before in zip(ours, theirs, strict=True) if part and before]
    return bool(pairs) and all(_is_spelling(*pair) for pair in pairs)


def _is_spelling(part: str, before: str) -> bool:
    most = min(2, max(len(part), len(before)) // 4 or 1)
    return _distance(part, before) <= most


def _distance(one: str, other: str) -> int:
    """How many letters are to be put in, taken out or replaced, or neighbours swapped."""
    rows = [list(range(len(other) + 1))]
    for at, letter in enumerate(one, 1):
        row = [at]
        for place, expected in enumerate(other, 1):
            cost = min(rows[-1][place] + 1, row[-1] + 1, rows[-1][place - 1] + (letter != expected))
            if at > 1 and place > 1 and letter == other[place - 2] and one[at - 2] == expected:
                cost = min(cost, rows[-2][place - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]
