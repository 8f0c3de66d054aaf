"""The texts of the pages about statements."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.base.dates import day_text
from bookings.base.money import format_zar
from bookings.domain.reconciliation.day_page import DIFFERENCES, DayLine, LineState, StatementPage
from bookings.domain.reconciliation.days import SOUTH_AFRICA
from bookings.domain.reconciliation.files import FileMistake
from bookings.domain.reconciliation.formats import FORMATS
from bookings.domain.reconciliation.overview import DaySum, Overview
from bookings.domain.reconciliation.slips import ShiftSlip
from bookings.domain.reconciliation.uploads import UploadResult
from bookings.models import Account
from bookings.office.presenters.spreadsheet import Cell

_SLIP_BADGES: Final = {
    LineState.MATCHED: "badge-good",
    LineState.WAITING: "badge-warn",
    LineState.OTHER_AMOUNT: "badge-bad",
    LineState.OURS_ONLY: "badge-bad",
}
_BADGES: Final = {
    LineState.MATCHED: "badge-good",
    LineState.POSTED: "badge-good",
    LineState.WAITING: "badge-info",
    LineState.NOT_OURS: "badge-info",
}


@dataclass(frozen=True)
class DayRow:
    """A business day of a gateway, on the list of days."""

    address: str
    day: str
    gateway: str
    ours: str
    theirs: str
    difference: str
    fees: str
    paid_out: str
    state: str
    badge: str
    is_open: bool


@dataclass(frozen=True)
class StatementRow:
    """A line of a statement, or what we have and no statement tells of."""

    time: str
    kind: str
    name: str
    text: str
    reference: str
    ours: str
    theirs: str
    difference: str
    fee: str
    state: str
    badge: str
    answer: str
    is_open: bool
    subject: str  # by which its difference is written off
    gap: str  # as a form sends it


@dataclass(frozen=True)
class SlipRow:
    """A card or EFT slip of a shift."""

    tender: str
    reference: str
    amount: str
    state: str
    badge: str


def gateway_text(gateway: str) -> str:
    """Payfast, Card terminal, Bank (EFT)"""
    names = {Account.CARD.value: _("Card terminal"), Account.EFT.value: _("Bank (EFT)")}
    return names.get(gateway) or gateway.capitalize()


def day_rows(summary: Overview) -> Iterator[DayRow]:
    for row in summary.days:
        yield DayRow(
            address=reverse("office:reconciliation_day", args=[row.gateway, row.day.isoformat()]),
            day=day_text(row.day),
            gateway=gateway_text(row.gateway),
            ours=format_zar(row.ours),
            theirs=format_zar(row.theirs),
            difference=_unless_none(row.difference),
            fees=_unless_none(row.fees),
            paid_out=_unless_none(row.paid_out),
            state=_state_of_day(row),
            badge=_badge_of_day(row),
            is_open=bool(row.open_differences),
        )


def _state_of_day(row: DaySum) -> str:
    if row.read_at is None:
        return _("not read")
    if row.open_differences:
        return _("%(number)d to look at") % {"number": row.open_differences}
    return _("waiting") if row.difference else _("in order")


def _badge_of_day(row: DaySum) -> str:
    if row.read_at is None or row.open_differences:
        return "badge-bad"
    return "badge-warn" if row.difference else "badge-good"


def balance_figures(summary: Overview) -> list[tuple[str, str]]:
    return [(format_zar(amount), gateway_text(gateway)) for gateway, amount in summary.balances]


def statement_rows(lines: list[DayLine]) -> Iterator[StatementRow]:
    for line in lines:
        is_difference = line.state in DIFFERENCES
        yield StatementRow(
            time=f"{line.at.astimezone(SOUTH_AFRICA):%H:%M}",
            kind=str(line.kind.label),
            name=line.name,
            text=line.text,
            reference=line.reference,
            ours=_amount(line.ours),
            theirs=_amount(line.theirs),
            difference=_unless_none((line.theirs or Decimal(0)) - (line.ours or Decimal(0)))
            if is_difference
            else "",
            fee=_unless_none(-line.fee),
            state=str(line.state.label),
            badge=_BADGES.get(line.state, "badge-bad" if line.is_open else "badge-warn"),
            answer=line.answer or "",
            is_open=line.is_open,
            subject=line.subject,
            gap=str((line.theirs or Decimal(0)) - (line.ours or Decimal(0))),
        )


def page_figures(page: StatementPage) -> list[tuple[str, str, bool]]:
    """Amount, what it is, and whether somebody should look at it."""
    return [
        (format_zar(page.theirs), _("theirs"), False),
        (format_zar(page.ours), _("ours"), False),
        (format_zar(page.difference), _("difference"), page.difference != 0),
        (format_zar(page.fees), _("fees"), False),
        (format_zar(page.paid_out), _("paid out to the bank"), False),
        (format_zar(page.balance), _("in our books now, not paid out yet"), False),
    ]


def read_text(page: StatementPage, *, now: datetime) -> str:
    """When the statement was read, or why it was not."""
    if page.problem:
        return _("The statement could not be read (%(why)s). It is asked for again at 03:00.") % {
            "why": page.problem
        }
    if page.read_at is None:
        return _("No statement of this day has been read yet.")
    local = page.read_at.astimezone(SOUTH_AFRICA)
    return _("Read on %(day)s at %(time)s.") % {"day": day_text(local.date()), "time": f"{local:%H:%M}"}


def statement_csv(page: StatementPage) -> Iterator[list[Cell]]:
    """Each line of a day, for a spreadsheet."""
    yield [
        _("Time"),
        _("Kind"),
        _("Number or reference"),
        _("Text"),
        _("Booking"),
        _("Theirs"),
        _("Ours"),
        _("Fee"),
        _("State"),
        _("What was done"),
    ]
    for line in page.lines:
        yield [
            f"{line.at.astimezone(SOUTH_AFRICA):%Y-%m-%d %H:%M:%S}",
            str(line.kind.label),
            line.name,
            line.text,
            line.reference,
            "" if line.theirs is None else line.theirs,
            "" if line.ours is None else line.ours,
            -line.fee,
            str(line.state.label),
            line.answer or "",
        ]


def mistake_texts(mistakes: Sequence[FileMistake]) -> list[str]:
    """Line 7, Amount: “abc” is not an amount."""
    texts = []
    for mistake in mistakes:
        facts = {"line": mistake.line, "heading": mistake.heading, "message": mistake.message}
        form = (
            _("Line %(line)d, %(heading)s: %(message)s")
            if mistake.heading
            else _("Line %(line)d: %(message)s")
        )
        texts.append(form % facts)
    return texts


def upload_text(result: UploadResult) -> str:
    parts = [
        ngettext("%(n)d line is new", "%(n)d lines are new", result.new) % {"n": result.new},
        ngettext("%(n)d was here already", "%(n)d were here already", result.known) % {"n": result.known},
        ngettext("%(n)d slip was confirmed", "%(n)d slips were confirmed", result.matched)
        % {"n": result.matched},
    ]
    if result.left_out:
        count = {"n": result.left_out}
        parts.append(
            ngettext("%(n)d line without a movement", "%(n)d lines without a movement", result.left_out)
            % count
        )
    return f"{', '.join(parts)}."


def heading_rows() -> list[tuple[str, str, str]]:
    """For each thing that is read: its headings at the terminal and at the bank."""
    card, bank = FORMATS[Account.CARD].columns, FORMATS[Account.EFT].columns
    names = {
        "day": _("Date"),
        "time": _("Time"),
        "amount": _("Amount, with a sign"),
        "came": _("or what came"),
        "went": _("and what went"),
        "fee": _("Fee"),
        "reference": _("Reference"),
        "text": _("Text"),
        "kind": _("Kind, such as refund"),
    }
    return [(name, ", ".join(card.get(key, ())), ", ".join(bank.get(key, ()))) for key, name in names.items()]


def slip_rows(slips: Sequence[ShiftSlip]) -> list[SlipRow]:
    return [
        SlipRow(
            tender=str(Account(slip.tender).label),
            reference=slip.reference,
            amount=format_zar(slip.amount),
            state=_slip_state(slip),
            badge=_SLIP_BADGES[slip.state],
        )
        for slip in slips
    ]


def slips_text(slips: Sequence[ShiftSlip]) -> str:
    """3 of 4 slips are confirmed; R850 is not."""
    open_slips = [slip for slip in slips if slip.state != LineState.MATCHED]
    facts = {
        "number": len(slips) - len(open_slips),
        "all": len(slips),
        "amount": format_zar(sum((slip.amount for slip in open_slips), Decimal(0))),
    }
    if not open_slips:
        return _("All slips are confirmed by the settlement or the bank.")
    return _("%(number)d of %(all)d slips are confirmed; %(amount)s is not.") % facts


def _slip_state(slip: ShiftSlip) -> str:
    if slip.state == LineState.MATCHED and slip.confirmed_on:
        return _("confirmed, %(day)s") % {"day": day_text(slip.confirmed_on)}
    if slip.state == LineState.OTHER_AMOUNT and slip.settled is not None:
        return _("%(amount)s in the settlement") % {"amount": format_zar(slip.settled)}
    return _("in no settlement") if slip.state == LineState.OURS_ONLY else _("waiting for the settlement")


def _amount(amount: Decimal | None) -> str:
    return "–" if amount is None else format_zar(amount)


def _unless_none(amount: Decimal) -> str:
    return format_zar(amount) if amount else ""
