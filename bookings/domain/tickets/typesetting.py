"""Documents for paper: a Typst template of this folder, filled with data, becomes a PDF."""

from __future__ import annotations

import json
import re
import threading
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from typst import Compiler, Fonts

_FOLDER: Final = Path(__file__).parent
_FONTS: Final = _FOLDER / "fonts"
_JOINERS: Final = "\u200c\u200d"  # they shape the letters beside them, in Persian and in the scripts of India
_LOOSE_JOINERS: Final = re.compile(rf"(?<!\S)[{_JOINERS}]+|[{_JOINERS}]+(?!\S)")


class _OfThread(threading.local):
    """A compiler serves one thread only, and keeps what it has read and laid out."""

    @cached_property
    def compiler(self) -> Compiler:
        from typst import Compiler  # 81 MB that only processes which make a PDF load

        return Compiler(root=_FOLDER, font_paths=_fonts())


of_thread: Final = _OfThread()


def make_pdf(template: str, data: Mapping[str, Any], *, created: datetime) -> bytes:
    """The PDF of a template such as "ticket.typ", created at `created`: equal arguments yield equal bytes.

    `printable` fits text to our fonts.
    """
    source, timestamp = source_of(template, data), int(created.timestamp())
    pdf = of_thread.compiler.compile(source, format="pdf", timestamp=timestamp)
    return cast("bytes", pdf)  # rather than None, as it is not asked to write a file


def source_of(template: str, data: Mapping[str, Any]) -> bytes:
    """The template's `document` of `data`, which are JSON within a string, so that no text in them is markup.

    It is imported, as what it says by itself is then laid out once; data in `sys.inputs` would undo that.
    """
    text = json.dumps(json.dumps(data))  # ASCII, where Typst escapes a string as JSON does
    return f'#import "{template}": document\n#document(json(bytes({text})))'.encode()


@lru_cache(maxsize=1)
def _fonts() -> Fonts:
    """Our own fonts alone, so that a PDF is the same on every machine."""
    from typst import Fonts  # see above

    return Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[_FONTS])


@lru_cache(maxsize=512)
def printable(text: str) -> str:
    """`text` in our fonts: letters they lack become Latin ones, symbols they lack are dropped."""
    if text.isascii() and text.isprintable():
        return text
    shown = "".join(_drawable(character) for character in unicodedata.normalize("NFC", text))
    return " ".join(_LOOSE_JOINERS.sub("", shown).split()) or "?"


def _drawable(character: str) -> str:
    category = unicodedata.category(character)
    if character in _JOINERS:
        return character
    if category.startswith("Z") or character in "\t\n\r":
        return " "
    if category.startswith("C"):
        return ""
    if _has_glyph(character):
        return character
    if category.startswith("S"):  # emoji and the like
        return ""
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if _has_glyph(part))
    if plain:
        return plain
    from anyascii import anyascii  # few names need it

    return str(anyascii(character))


def _has_glyph(character: str) -> bool:
    starts, ends = _coverage()
    index = bisect_right(starts, ord(character)) - 1
    return index >= 0 and ord(character) <= ends[index]


@lru_cache(maxsize=1)
def _coverage() -> tuple[list[int], list[int]]:
    """First and last character of each range that one of our fonts has; fonts/make.sh writes the file."""
    ranges = [line.split("-") for line in (_FONTS / "coverage.txt").read_text().split()]
    return [int(first, 16) for first, _last in ranges], [int(last, 16) for _first, last in ranges]
