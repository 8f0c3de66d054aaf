"""Files for a spreadsheet: what people typed is never a formula to it, and it reads the text as UTF-8."""

import csv
from collections.abc import Iterable, Iterator
from typing import Final

from bookings.base.text import clean_code

_FORMULA: Final = ("=", "+", "-", "@")
_BYTE_ORDER_MARK: Final = "\ufeff"


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


def safe_cell(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would take for a formula, even if nobody sees
    what stands before it.
    """
    seen = text.lstrip() if text.isascii() else clean_code(text)
    is_formula = seen.startswith(_FORMULA) or text.startswith(("\t", "\r", "\n"))
    return f"'{text}" if is_formula else text


def csv_lines(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The lines of a CSV file, made while they are sent; cells are made safe here."""
    writer = csv.writer(_Echo())
    yield _BYTE_ORDER_MARK
    for row in rows:
        yield writer.writerow([safe_cell(text) for text in row])
