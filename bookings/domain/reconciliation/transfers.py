"""Transfers that the bank's list shows and that pay for a reservation."""

import logging
import re
from datetime import datetime
from itertools import pairwise
from typing import Final

from bookings.base.codes import REFERENCE_LENGTH, normal_code
from bookings.base.errors import RuleBroken
from bookings.domain.reconciliation.matching import unmatched_lines, write_match
from bookings.domain.sales.transfers import SeenTransfer, confirm_transfer
from bookings.models import Account, Booking, Payment, SaleStatus, StatementLine

logger = logging.getLogger("bookings.reconciliation")
_WORD: Final = re.compile(r"[^\W_]+")
_UNPAID: Final = (SaleStatus.PENDING, SaleStatus.EXPIRED)


def book_transfers(*, now: datetime) -> int:
    """Book each line of the bank that has a booking's reference: it is the transfer that was noted for that
    order with this amount, or it pays for it now. Returns how many were.

    What came for an order that is paid stays for a person to look at.
    """
    booked = 0
    for line in unmatched_lines().filter(gateway=Account.EFT, gross__gt=0).order_by("at", "pk"):
        booking = _booking_of(line)
        if booking is None:
            continue
        try:
            booked += _book(line, booking, now)
        except RuleBroken as refusal:
            logger.warning("line %s waits: %s", line.pk, type(refusal).__name__)
    return booked


def _booking_of(line: StatementLine) -> Booking | None:
    """The one booking whose reference stands in the line, in one word or in two of four signs."""
    codes = [normal_code(word) for word in _WORD.findall(f"{line.external_id} {line.text}")]
    candidates = {word for word in codes if len(word) == REFERENCE_LENGTH}
    pairs = pairwise(codes)
    candidates |= {first + last for first, last in pairs if len(first) == len(last) == REFERENCE_LENGTH // 2}
    bookings = Booking.objects.select_related("order").filter(booking_reference__in=candidates)
    by_order = {booking.order_id: booking for booking in bookings}
    return by_order.popitem()[1] if len(by_order) == 1 else None


def _book(line: StatementLine, booking: Booking, now: datetime) -> bool:
    transfers = Payment.objects.filter(order=booking.order_id, method=Account.EFT, matches=None)
    payment = transfers.filter(amount=line.gross).order_by("pk").first()
    if payment is None and booking.order.status in _UNPAID:
        transfer = SeenTransfer(f"line-{line.pk}", line.gross, booking.booking_reference)
        outcome = confirm_transfer(booking.order_id, transfer, now=now)
        logger.info("line %s, a transfer: %s", line.pk, outcome)
        payment = transfers.filter(amount=line.gross).order_by("-pk").first()
    return payment is not None and write_match(line, payment=payment, now=now)
