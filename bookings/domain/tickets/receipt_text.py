"""A receipt in words, in the active language: the same on slip, A4, page, PDF and mail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.base.money import format_zar, rand
from bookings.domain.tickets.receipt_lines import LineKind, ReceiptLine
from bookings.domain.tickets.receipts import (
    ReceiptIssuer,
    ReceiptRefund,
    ReceiptTender,
    ReceiptView,
)
from bookings.domain.timetable.trips import local_text
from bookings.models import VOUCHER, Account, Company

_TENDERS: Final = (Account.CASH, Account.CARD, Account.EFT)
_LINES: Final[dict[LineKind, str | Promise]] = {
    LineKind.CANCELLED: gettext_lazy("Cancelled"),
    LineKind.CANCELLATION_FEE: gettext_lazy("Cancellation fee"),
    LineKind.CHANGE_FEE: gettext_lazy("Change fee"),
    LineKind.SEAT_UPGRADE: gettext_lazy("Seat upgrade"),
    LineKind.LUGGAGE: gettext_lazy("Extra luggage"),
    LineKind.PROMO: gettext_lazy("Promo code"),
    LineKind.VOUCHER_SALE: gettext_lazy("Voucher"),
    LineKind.DIFFERENCE: gettext_lazy("Fare difference"),
    LineKind.RETURNED: gettext_lazy("Money returned"),
}


@dataclass(frozen=True)
class TextRow:
    label: str
    amount: str
    detail: str = ""


@dataclass(frozen=True)
class ReceiptText:
    title: str
    copy: str  # empty on the first print
    name: str  # of the company
    company: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    lines: tuple[TextRow, ...]
    total: TextRow
    money: tuple[TextRow, ...]
    notes: tuple[str, ...]

    def texts(self) -> Iterator[str]:
        """Everything that it says, in order."""
        yield from filter(None, (self.name, *self.company, self.title, self.copy))
        for fact in self.facts:
            yield from fact
        for row in (*self.lines, self.total, *self.money):
            yield from filter(None, (row.label, row.detail, row.amount))
        yield from self.notes


def receipt_text(view: ReceiptView) -> ReceiptText:
    return ReceiptText(
        title=_("Refund") if view.is_refund else _("Receipt"),
        copy=_("Copy") if view.is_copy else "",
        name=view.company.trading_name,
        company=tuple(_company(view.company)),
        facts=tuple(_facts(view)),
        lines=tuple(line_text(line) for line in view.lines),
        total=TextRow(_("Total"), _zar(view.total)),
        money=tuple(_money(view)),
        notes=tuple(_notes(view.company)),
    )


def method_text(method: str) -> str:
    """How money changed hands, for people: a gateway's own name says nothing to them."""
    if method == Account.PARTNER:
        return _("on the partner’s account")
    if method == Account.CHARGEBACKS:
        return _("taken back by the bank")
    if method == VOUCHER:
        return _("voucher")
    return str(Account(method).label) if method in _TENDERS else _("online")


def _company(company: Company) -> Iterator[str]:
    if company.legal_name and company.legal_name != company.trading_name:
        yield company.legal_name
    if company.registration_number:
        yield _("Registration number %(number)s") % {"number": company.registration_number}
    if company.vat_number:
        yield _("VAT number %(number)s") % {"number": company.vat_number}
    if company.address:
        yield ", ".join(company.address.splitlines())
    yield from filter(None, (company.phone, company.email))


def _facts(view: ReceiptView) -> Iterator[tuple[str, str]]:
    yield _("Number"), view.number
    yield _("Date"), local_text(view.at)
    yield _("Place"), _place(view.issuer, is_refund=view.is_refund)
    if view.issuer.till is not None:
        yield _("Till"), str(view.issuer.till)
        yield _("Clerk"), view.issuer.clerk
    if view.references:
        yield _("Booking"), ", ".join(view.references)


def _place(issuer: ReceiptIssuer, *, is_refund: bool) -> str:
    if issuer.partner:
        return issuer.partner
    return issuer.branch or (_("not at a counter") if is_refund else _("online"))


def line_text(line: ReceiptLine) -> TextRow:
    ticket = line.ticket
    if ticket is None:
        return TextRow(str(_LINES[line.kind]), _zar(line.cents), line.reference)
    if line.kind != LineKind.FARE:
        number = f"{line.quantity} × " if line.quantity > 1 else ""
        return TextRow(f"{number}{_LINES[line.kind]}: {ticket.passenger}", _zar(line.cents), line.reference)
    trip = ticket.trip
    return TextRow(
        f"{ticket.passenger}, {ticket.passenger_type}",
        _zar(line.cents),
        f"{trip.title}, {trip.date_text} {trip.departs}, {ticket.fare_class}, "
        + _("seat %(place)s") % {"place": ticket.place},
    )


def _money(view: ReceiptView) -> Iterator[TextRow]:
    for tender in view.tenders:
        yield from _tender(tender)
    for refund in view.refunds:
        yield from _refund(refund)
    if view.to_pay:
        yield TextRow(_("Still to pay"), _zar(view.to_pay))


def _tender(tender: ReceiptTender) -> Iterator[TextRow]:
    label = _("Paid, %(method)s") % {"method": method_text(tender.method)}
    yield TextRow(label, _zar(tender.cents), _how(tender.reference, local_text(tender.at)))
    if tender.rounding:
        yield TextRow(_("Rounding to coins"), _zar(tender.rounding))
    if tender.given is not None:
        yield TextRow(_("Cash given"), _zar(tender.given))
        yield TextRow(_("Change"), _zar(tender.change))


def _refund(refund: ReceiptRefund) -> Iterator[TextRow]:
    detail = _how(refund.reference, local_text(refund.at))
    if not refund.is_paid:
        yield TextRow(_("Refund, %(state)s") % {"state": refund.state.label}, _zar(refund.cents), detail)
        return
    method = method_text(refund.method) if refund.method else _("the way it was paid")
    yield TextRow(_("Refunded, %(method)s") % {"method": method}, _zar(refund.cents), detail)
    if refund.rounding:
        yield TextRow(_("Rounding to coins"), _zar(refund.rounding))
        yield TextRow(_("Handed over"), _zar(refund.cents + refund.rounding))


def _how(reference: str, moment: str) -> str:
    return (
        _("slip %(reference)s, %(moment)s") % {"reference": reference, "moment": moment}
        if reference
        else moment
    )


def _notes(company: Company) -> Iterator[str]:
    yield from filter(None, company.terms_in_short.splitlines())
    if company.is_invented:
        yield _("A demonstration: this company is invented, and this proves no payment.")


def _zar(amount: int) -> str:
    return format_zar(rand(amount))
