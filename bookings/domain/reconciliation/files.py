"""A settlement of the card terminal, or the list of a bank, as a CSV file: read whole, or refused with the
line and column of each mistake.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from bookings.base.dates import read_printed_day
from bookings.base.money import ZERO, is_rand_and_cents, read_printed_amount
from bookings.base.text import clean_text
from bookings.domain.reconciliation.days import SOUTH_AFRICA, business_day
from bookings.domain.reconciliation.formats import FORMATS, SUMMARIES
from bookings.domain.sales.gateways import StatementEntry
from bookings.models import StatementLine

MOST_LINES: Final = 3_000
_MOST_MISTAKES: Final = 20
_HEADING_WITHIN: Final = 30  # banks print name and account above the headings
_TIME: Final = re.compile(r"(?:^|\s|T)([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_CARD_NUMBER: Final = re.compile(r"(?<!\d)(?:\d[ -]?){13,19}(?!\d)")


@dataclass(frozen=True)
class FileMistake:
    """What cannot be read: in which line of the file, and under which heading ("" of the whole line)."""

    line: int
    heading: str
    message: str


@dataclass(frozen=True)
class StatementFile:
    """Either its movements, or its mistakes; a file with a mistake has no movements."""

    entries: Sequence[StatementEntry]
    mistakes: Sequence[FileMistake]
    left_out: int = 0  # lines without a movement


class _Mistake(Exception):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def read_file(tender: str, text: str, *, now: datetime) -> StatementFile:
    """The movements of a file of the card terminal (card) or the bank (eft), all of them or none."""
    rows = _rows(text)
    start, columns = _heading(tender, rows)
    if start is None:
        return StatementFile((), [_no_heading(tender, rows)])
    if len(rows) - start > MOST_LINES:
        message = _("There are more than %(number)d lines. Split the file by days.") % {"number": MOST_LINES}
        return StatementFile((), [FileMistake(rows[start + MOST_LINES][0], "", message)])
    entries, mistakes, seen, left_out = [], [], Counter[str](), 0
    headings = rows[start][1]
    for number, cells in rows[start + 1 :]:
        values = {name: cells[at].strip() if at < len(cells) else "" for name, at in columns.items()}
        if _is_summary(values, cells):
            left_out += 1
            continue
        try:
            entry = _entry(tender, values, now)
        except _Mistake as mistake:
            heading = headings[columns[mistake.field]] if mistake.field in columns else ""
            mistakes.append(FileMistake(number, heading, mistake.message))
            continue
        if not entry.gross:
            left_out += 1
            continue
        seen[entry.line_id] += 1
        entries.append(_numbered(entry, seen[entry.line_id]))
    if not entries and not mistakes:
        mistakes.append(FileMistake(rows[start][0], "", _("There is no movement below the headings.")))
    return StatementFile(() if mistakes else entries, mistakes[:_MOST_MISTAKES], left_out)


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Each line that has anything in it, with its number in the file."""
    text = text.lstrip("\ufeff")
    delimiter = max(",;\t", key=text[:4000].count)
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]


def _heading(tender: str, rows: Sequence[tuple[int, list[str]]]) -> tuple[int | None, Mapping[str, int]]:
    """Which row has the headings, and the column of each thing that we read."""
    for place, (_number, cells) in enumerate(rows[:_HEADING_WITHIN]):
        columns = _columns(tender, cells)
        has_amount = "amount" in columns or "came" in columns
        if "day" in columns and has_amount and ("reference" in columns or "text" in columns):
            return place, columns
    return None, {}


def _columns(tender: str, cells: Sequence[str]) -> dict[str, int]:
    headings = [" ".join(re.sub(r"[^a-z0-9]+", " ", cell.casefold()).split()) for cell in cells]
    columns = {}
    for name, names in FORMATS[tender].columns.items():
        at = next((headings.index(heading) for heading in names if heading in headings), None)
        if at is not None:
            columns[name] = at
    return columns


def _no_heading(tender: str, rows: Sequence[tuple[int, list[str]]]) -> FileMistake:
    if not rows:
        return FileMistake(1, "", _("The file is empty."))
    number, cells = rows[0]
    columns = FORMATS[tender].columns
    facts = {
        "day": columns["day"][0],
        "amount": columns["amount"][0],
        "reference": columns["reference"][0],
        "first": ", ".join(cell.strip() for cell in cells)[:120],
    }
    message = _(
        "No line has headings for the date (“%(day)s”), the amount (“%(amount)s”) and the reference "
        "(“%(reference)s”) or like words. The first line reads: %(first)s"
    )
    return FileMistake(number, "", message % facts)


def _is_summary(values: Mapping[str, str], cells: Sequence[str]) -> bool:
    texts = [values.get("text", ""), values.get("reference", "")]
    if not values["day"]:
        texts += cells
    return any(text.strip().casefold().startswith(SUMMARIES) for text in texts)


def _entry(tender: str, values: Mapping[str, str], now: datetime) -> StatementEntry:
    at = _moment(values, now)
    gross, fee = _gross(tender, values), -abs(_amount(values, "fee"))
    text = _without_card_number(values.get("text", ""))
    reference = _without_card_number(values.get("reference", "")) or text
    if gross and not reference:
        raise _Mistake("reference", _("There is no reference."))
    kind = StatementLine.Kind.PAYMENT if gross > 0 else StatementLine.Kind.REFUND
    is_chargeback = _has_kind(values, FORMATS[tender].chargeback_words + FORMATS[tender].returned_words)
    if is_chargeback:
        kind = StatementLine.Kind.CHARGEBACK
    return StatementEntry(
        line_id=f"{at:%Y%m%d%H%M%S}:{gross}:{reference[:60]}" + (":chargeback" if is_chargeback else ""),
        kind=kind,
        at=at,
        gross=gross,
        fee=fee,
        external_id=reference,
        text=text if text != reference else "",
    )


def _numbered(entry: StatementEntry, number: int) -> StatementEntry:
    """Equal lines are told apart by their order, which is the same in each file of the day."""
    return replace(entry, line_id=f"{entry.line_id}:{number}")


def _moment(values: Mapping[str, str], now: datetime) -> datetime:
    try:
        day: date = read_printed_day(values["day"])
    except ValueError:
        message = _("“%(text)s” is not a date. Write it as 2026-11-30 or 30/11/2026.")
        raise _Mistake("day", message % {"text": values["day"][:40]}) from None
    if day > business_day(now):
        raise _Mistake("day", _("“%(text)s” is in the future.") % {"text": values["day"][:40]})
    clock = _TIME.search(values.get("time") or values["day"])
    hour, minute, second = (int(part or 0) for part in clock.groups()) if clock else (12, 0, 0)
    return datetime.combine(day, time(hour, minute, second), SOUTH_AFRICA)


def _has_kind(values: Mapping[str, str], names: Sequence[str]) -> bool:
    return any(name in values.get("kind", "").casefold() for name in names)


def _gross(tender: str, values: Mapping[str, str]) -> Decimal:
    """What came, or, negative, what went."""
    if values.get("amount"):
        amount = _amount(values, "amount")
        kinds = FORMATS[tender]
        if _has_kind(values, kinds.returned_words):
            return abs(amount)
        return -abs(amount) if _has_kind(values, kinds.refund_words + kinds.chargeback_words) else amount
    came, went = _amount(values, "came"), _amount(values, "went")
    if not came and not went:
        raise _Mistake("amount" if "amount" in values else "came", _("There is no amount."))
    return came or -abs(went)


def _amount(values: Mapping[str, str], name: str) -> Decimal:
    text = values.get(name, "")
    if not text or text == "-":
        return ZERO
    try:
        amount = read_printed_amount(text)
    except ValueError:
        amount = Decimal("NaN")
    if not is_rand_and_cents(amount):
        message = _("“%(text)s” is not an amount. Write it as 1234.56.")
        raise _Mistake(name, message % {"text": text[:40]})
    return amount


def _without_card_number(text: str) -> str:
    """A card number never gets into our database: all but its last four digits are left out."""
    cleaned = " ".join(clean_text(text).split())[:80]
    return _CARD_NUMBER.sub(_masked, cleaned)


def _masked(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match.group())
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    is_card = sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0
    return f"…{digits[-4:]}" if is_card else match.group()
