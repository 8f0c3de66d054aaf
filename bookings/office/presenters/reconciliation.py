"""The texts of the pages about statements."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.base.dates import day_text
from bookings.base.money import format_zar
from bookings.domain.reconciliation.day_page import DIFFERENCES, DayLine, LineState, StatementPage
from bookings.domain.reconciliation.days import SOUTH_AFRICA
from bookings.domain.reconciliation.overview import DaySum, Overview
from bookings.models import Account
from bookings.office.presenters.spreadsheet import Cell

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
            badge="badge-good" if row.read_at and not row.open_differences else "badge-bad",
            is_open=bool(row.open_differences),
        )


def _state_of_day(row: DaySum) -> str:
    if row.read_at is None:
        return _("not read")
    if row.open_differences:
        return _("%(number)d to look at") % {"number": row.open_differences}
    return _("in order")


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


def _amount(amount: Decimal | None) -> str:
    return "–" if amount is None else format_zar(amount)


def _unless_none(amount: Decimal) -> str:
    return format_zar(amount) if amount else ""
