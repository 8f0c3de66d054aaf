"""The evidence of a case as a PDF, laid out by tickets/evidence.typ: what the CSV files say, to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain.company.details import get_company
from bookings.domain.disruptions.evidence import EvidenceRow
from bookings.domain.tickets.typesetting import make_pdf, printable
from bookings.domain.timetable.trips import local_text


def evidence_pdf(case_id: int, tables: Mapping[str, Sequence[EvidenceRow]], *, now: datetime) -> bytes:
    """Of the tables that `case_evidence` gives, as they are at `now`; what is empty is left out."""
    heading = _("%(company)s: case %(number)d") % {"company": get_company().trading_name, "number": case_id}
    titles = {
        "case": _("The case"),
        "offers": _("Offers and answers"),
        "messages": _("Messages"),
        "refunds": _("Refunds"),
        "history": _("History"),
    }
    data = {
        "title": printable(heading),
        "heading": printable(heading),
        "made": _("As of %(when)s") % {"when": local_text(now, timezone.get_default_timezone())},
        "none": _("None."),
        "sections": [
            {"heading": titles.get(name, name), "records": _records(name, rows)}
            for name, rows in tables.items()
        ],
    }
    return make_pdf("evidence.typ", data, created=now)


def _records(name: str, rows: Sequence[EvidenceRow]) -> list[list[list[str]]]:
    """Each row as its labels and values; the facts of the case are one record."""
    labels, *values = rows
    if name == "case":
        return [[[_label(row[0]), printable(str(row[1]))] for row in values if row[1] != ""]]
    return [
        [
            [_label(label), printable(str(value))]
            for label, value in zip(labels, row, strict=True)
            if value != ""
        ]
        for row in values
    ]


def _label(name: object) -> str:
    """A column's name as people write it."""
    return str(name).replace("_", " ")
