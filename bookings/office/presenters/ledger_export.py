"""The ledger as Xero takes manual journals in: a CSV of its own column names."""

from collections.abc import Iterator, Sequence
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from bookings.domain.reconciliation.ledger_export import JournalLine
from bookings.office.presenters.spreadsheet import Cell

_COLUMNS: Final = ("*Narration", "*Date", "Description", "*AccountCode", "*TaxRate", "*Amount")


def xero_rows(lines: Sequence[JournalLine]) -> Iterator[list[Cell]]:
    """Lines of one narration and date are one journal; a debit is positive."""
    yield list(_COLUMNS)
    for line in lines:
        yield [
            _("Ticket sales of %(day)s") % {"day": line.day.isoformat()},
            f"{line.day:%d/%m/%Y}",
            line.name,
            line.code,
            settings.LEDGER_TAX_RATE,
            line.amount,
        ]
