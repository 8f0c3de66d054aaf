"""The evidence of a case as one file to keep: a ZIP of CSV files with a PDF that says the same."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from bookings.office.presenters.spreadsheet import Cell, csv_lines


def evidence_file(tables: Mapping[str, Sequence[Sequence[Cell]]], pdf: bytes) -> bytes:
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as bundle:
        for name, rows in tables.items():
            bundle.writestr(f"{name}.csv", "".join(csv_lines(rows)))
        bundle.writestr("evidence.pdf", pdf)
    return content.getvalue()
