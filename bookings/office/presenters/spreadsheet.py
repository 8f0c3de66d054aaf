"""Files for a spreadsheet: what people typed is never a formula to it, and it reads the text as UTF-8."""

import csv
from collections.abc import Iterable, Iterator
from decimal import Decimal
from io import BytesIO
from typing import Final

from bookings.base.text import clean_code

Cell = str | int | Decimal
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


def csv_lines(rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """The lines of a CSV file, made while they are sent; cells are made safe here."""
    writer = csv.writer(_Echo())
    yield _BYTE_ORDER_MARK
    for row in rows:
        yield writer.writerow([_amount(value) for value in row])


def xlsx_file(rows: Iterable[Iterable[Cell]]) -> bytes:
    """A workbook of one sheet. It is written row by row, so that only its compressed form is in memory."""
    from openpyxl import Workbook  # slow to load, and only this download needs it
    from openpyxl.writer.excel import save_workbook

    workbook, file = Workbook(write_only=True), BytesIO()
    sheet = workbook.create_sheet()
    for row in rows:
        sheet.append([_cell(value) for value in row])
    save_workbook(workbook, file)
    return file.getvalue()


def _amount(value: Cell) -> Cell:
    """As a cell, with cents: text has no format of its own."""
    return f"{value:.2f}" if isinstance(value, Decimal) else _cell(value)


def _cell(value: Cell) -> Cell:
    """A number is none that somebody typed, and stays one."""
    return safe_cell(value) if isinstance(value, str) else value
