"""Which payment or refund of ours a line of a statement is."""

import logging
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError
from django.db.models import QuerySet

from bookings.base.errors import RuleBroken
from bookings.database.transactions import short_transaction
from bookings.domain.reconciliation.differences import close_difference_tasks, close_tasks_of_line
from bookings.domain.reconciliation.postings import TENDERS, post_line
from bookings.domain.sales.chargebacks import charge_back, live_chargeback, return_chargeback
from bookings.domain.sales.gateways import PaymentState, VerifiedNotification
from bookings.domain.sales.notifications import book_missed_payment
from bookings.models import (
    PartnerPayment,
    Payment,
    PaymentAttempt,
    Refund,
    StatementLine,
    StatementMatch,
)

logger = logging.getLogger("bookings.reconciliation")
_Kind = StatementLine.Kind


def unmatched_lines() -> QuerySet[StatementLine]:
    """What must have a payment or refund of ours beside it, and has none."""
    lines = StatementLine.objects.filter(match=None, kind__in=StatementLine.MATCHED)
    return lines.filter(chargeback=None, returned_chargeback=None)


def unmatched_chargebacks() -> QuerySet[StatementLine]:
    """What a bank took or gave again, and is not noted with its payment."""
    lines = StatementLine.objects.filter(match=None, kind=_Kind.CHARGEBACK)
    return lines.filter(chargeback=None, returned_chargeback=None)


def match_lines(*, now: datetime) -> int:
    """Match what can be. Returns how many lines were.

    A payment that a gateway tells of and whose notification never came is booked, if the attempt to pay it is
    ours.
    """
    matched = 0
    lines = (unmatched_lines() | unmatched_chargebacks()).exclude(gateway__in=TENDERS)
    for line in lines.order_by("at", "pk"):
        try:
            matched += _match_chargeback(line, now) if line.kind == _Kind.CHARGEBACK else _match(line, now)
        except RuleBroken as refusal:
            logger.warning("line %s waits: %s", line.pk, type(refusal).__name__)
        except Exception:  # one that cannot be matched must not keep back the others
            logger.exception("line %s waits: it cannot be matched", line.pk)
    return matched


def _match(line: StatementLine, now: datetime) -> bool:
    if line.kind == _Kind.REFUND:
        return any(write_match(line, refund=refund, now=now) for refund in _refunds(line))
    payment = _payment(line)
    if payment is None and line.gross > 0:
        _book_missed(line, now)
        payment = _payment(line)
    return payment is not None and write_match(line, payment=payment, now=now)


def _match_chargeback(line: StatementLine, now: datetime) -> bool:
    """Taken of a payment of ours, or, positive, given to us again."""
    payments = Payment.objects.filter(method=line.gateway, external_id=line.external_id)
    payment = payments.select_related("chargeback").first() if line.external_id else None
    return payment is not None and note_chargeback(line, payment, now=now)


def note_chargeback(line: StatementLine, payment: Payment, *, now: datetime) -> bool:
    """Note what the line says that the bank took of this payment or gave again. False: a person looks at it,
    as it was charged back before, or was not.
    """
    chargeback = live_chargeback(payment)
    try:
        with short_transaction():
            if line.gross < 0:
                charge_back(payment, line, now=now)
            elif chargeback is None or not return_chargeback(chargeback, line, now=now):
                return False
            post_line(line, is_matched=True)
            close_tasks_of_line(line, now=now)
    except IntegrityError:  # it was charged back before: a person looks at it
        return False
    return True


def _payment(line: StatementLine) -> Payment | None:
    payments = Payment.objects.filter(method=line.gateway, external_id=line.external_id, matches=None)
    return payments.first() if line.external_id else None


def _refunds(line: StatementLine) -> Iterator[Refund]:
    """Those of the payment, or of this number of the gateway's own: first of that amount, then any.

    A payment's refunds are found by its order, to which an index leads.
    """
    paid = Refund.objects.filter(status=Refund.Status.PAID, method=line.gateway, matches=None)
    if not line.external_id:
        return
    payments = Payment.objects.filter(method=line.gateway, external_id=line.external_id)
    of_payment = paid.filter(order__in=payments.values("order"), payment__in=payments)
    own_number = paid.filter(attempts__external_id=line.external_id)
    refunds = of_payment.union(own_number).order_by("id")
    yield from sorted(refunds, key=lambda refund: refund.amount != -line.gross)


def _book_missed(line: StatementLine, now: datetime) -> None:
    attempt = PaymentAttempt.objects.filter(gateway=line.gateway, token=line.our_id).first()
    if attempt is None or not line.our_id or not line.external_id:
        return
    notification = VerifiedNotification(line.our_id, line.external_id, line.gross, PaymentState.PAID)
    book_missed_payment(attempt, notification, now=now)


def write_match(
    line: StatementLine,
    *,
    payment: Payment | None = None,
    refund: Refund | None = None,
    partner_payment: PartnerPayment | None = None,
    now: datetime,
) -> bool:
    """Note that the line is this payment, refund or transfer of a partner, with its posting, and close the
    tasks about either where the amounts agree. False: somebody else has matched one of them.
    """
    try:
        with short_transaction():
            match = StatementMatch.objects.create(
                line=line, payment=payment, refund=refund, partner_payment=partner_payment, at=now
            )
            post_line(line, is_matched=True)
            close_difference_tasks(match, now=now)
    except IntegrityError:
        return False
    return True


def our_amount(match: StatementMatch) -> Decimal:
    """Signed as the line is: what came is positive."""
    return -match.refund.amount if match.refund else match.thing.amount
