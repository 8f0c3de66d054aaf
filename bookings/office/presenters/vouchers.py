"""Vouchers as texts, and as rows of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.dates import full_day_text
from bookings.base.money import format_zar
from bookings.domain.counter.voucher_records import VoucherRecord
from bookings.domain.timetable.trips import local_text
from bookings.models import Voucher, VoucherMovement
from bookings.office.presenters.spreadsheet import Cell


@dataclass(frozen=True)
class VoucherRow:
    id: int
    code_end: str
    kind: str
    value: str
    balance: str
    valid_until: str
    email: str
    issued: str
    state: str
    tone: str

    @classmethod
    def of(cls, voucher: Voucher) -> VoucherRow:
        state, tone = _state(voucher)
        return cls(
            id=voucher.pk,
            code_end=voucher.code_end,
            kind=voucher.get_kind_display(),
            value=format_zar(voucher.value),
            balance=format_zar(voucher.balance),
            valid_until=full_day_text(voucher.valid_until),
            email=voucher.email,
            issued=local_text(voucher.issued_at),
            state=state,
            tone=tone,
        )


def _state(voucher: Voucher) -> tuple[str, str]:
    if voucher.stopped_at:
        return _("stopped"), "bad"
    if voucher.valid_until < timezone.localdate():
        return _("expired"), "warn"
    return (_("valid"), "good") if voucher.balance else (_("used up"), "")


@dataclass(frozen=True)
class VoucherHistoryRow:
    at: str
    what: str
    amount: str
    reference: str  # of the booking that it paid, or that gave back
    detail: str
    person: str


def history_rows(record: VoucherRecord) -> list[VoucherHistoryRow]:
    return [_history(row) for row in record.movements]


def _history(row: VoucherMovement) -> VoucherHistoryRow:
    money = row.payment or row.refund
    bookings = sorted(money.order.bookings.all(), key=lambda booking: booking.pk) if money else []
    until = _("until %(day)s") % {"day": full_day_text(row.valid_until)} if row.valid_until else ""
    person = row.actor.display_name if row.actor else ""
    if row.approver:
        names = {"name": person, "approver": row.approver.display_name}
        person = _("%(name)s, approved by %(approver)s") % names
    return VoucherHistoryRow(
        at=local_text(row.at),
        what=row.get_kind_display(),
        amount=format_zar(row.amount) if row.amount else "",
        reference=bookings[0].booking_reference if bookings else "",
        detail=", ".join(filter(None, (row.reason, until))),
        person=person,
    )


def voucher_file_rows(vouchers: Iterable[Voucher]) -> Iterator[list[Cell]]:
    yield ["number", "code ends in", "kind", "value", "left", "valid until", "e-mail", "issued", "stopped"]
    for voucher in vouchers:
        yield [
            voucher.pk,
            voucher.code_end,
            voucher.kind,
            voucher.value,
            voucher.balance,
            voucher.valid_until.isoformat(),
            voucher.email,
            timezone.localtime(voucher.issued_at).isoformat(sep=" ", timespec="minutes"),
            timezone.localtime(voucher.stopped_at).isoformat(sep=" ", timespec="minutes")
            if voucher.stopped_at
            else "",
        ]
