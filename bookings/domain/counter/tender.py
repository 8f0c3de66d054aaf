"""Money over the counter.

Taken for an order, or given back. Always into or out of an open shift, never twice.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.base.money import ZERO, format_zar, is_rand_and_cents
from bookings.database.transactions import database_now
from bookings.domain.company.settings import company_settings
from bookings.domain.counter.cash_limits import given_alone_of, over_day_limit
from bookings.domain.counter.coins import in_coins, in_coins_back
from bookings.domain.counter.references import clean_reference
from bookings.domain.counter.shifts import TENDERS, lock_shift, require_cash
from bookings.domain.sales.alarms import Alarm, raise_alarm, settle_alarm
from bookings.domain.sales.approvals import Approval, NeedsApproval
from bookings.domain.sales.chargebacks import live_chargeback
from bookings.domain.sales.gateway_refunds import finish_refund
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.ledger import owed_on
from bookings.domain.sales.messages import notify_partner
from bookings.domain.sales.order_lines import lapsed_on
from bookings.domain.sales.orders import lock_order
from bookings.domain.sales.payments import PART_PAID, ReceivedPayment, settle
from bookings.domain.sales.refund_state import came_by_voucher
from bookings.domain.sales.refunds import returns_online
from bookings.domain.sales.voucher_payments import lock_voucher_for, redeem
from bookings.models import (
    VOUCHER,
    Account,
    LedgerEntry,
    Order,
    Payment,
    Posting,
    Refund,
    SaleStatus,
    Shift,
    StaffTask,
    Webhook,
)

_CONFIRMS: Final = ("confirmed", "confirmed late", "balance paid")


@dataclass(frozen=True)
class TenderPart:
    """So much of what is due, to the cent, by one tender; cash in coins that exist."""

    method: str  # cash, card, voucher
    amount: Decimal
    reference: str = ""  # of a voucher its code


@dataclass(frozen=True)
class Tender:
    """How money changes hands. `given` None is exactly what is due; card and EFT need the reference of the
    terminal or the transfer, a voucher its code. What goes back may need the approval of a second person; an
    EFT that comes always does, who has seen the money.

    Of a split payment `parts` were paid by other tenders before, and this one takes the rest.
    """

    method: str  # cash, card, eft, voucher
    given: Decimal | None = None
    reference: str = ""
    approval: Approval | None = None
    parts: tuple[TenderPart, ...] = ()


@dataclass(frozen=True)
class Taken:
    """A payment at the counter, of a split one the last.

    `due` is what the customer had to hand over by it (cash rounded), `change` what goes back to them.
    """

    payment: Payment
    due: Decimal
    given: Decimal

    @property
    def change(self) -> Decimal:
        return self.given - self.due


def amount_due(order: Order, *, now: datetime) -> Decimal:
    """What pays this order now.

    An order that ran out costs its fares again, if its seats are still free. 0: nothing to pay.
    """
    if (
        order.is_open(now) or order.status == SaleStatus.CONFIRMED
    ):  # a change of what was paid may leave a balance
        return max(owed_on(order), ZERO)
    if order.status in (SaleStatus.PENDING, SaleStatus.EXPIRED):
        return max(owed_on(order) + lapsed_on(order), ZERO)
    return ZERO


def take_payment(
    order: Order,
    tender: Tender,
    *,
    shift: Shift,
    submission: str,
    content: str,
    now: datetime | None = None,
) -> Taken:
    """Take what is due on an order into the till and confirm it, once per `submission`.

    Cash may be more than is due (change); card and EFT are exact. Of a split payment each part is a payment
    of its own. Raises Refusal for a wrong amount or reference, NeedsApproval for an EFT that nobody has seen,
    Conflict when nothing is due, the seats are
    gone or the shift is closed; nothing is booked.
    """
    result = run_once(
        "take-payment",
        submission,
        content,
        action=lambda: _take(order.pk, tender, shift, submission, now),
        now=now or database_now(),
    )
    payment, due, given = result.split()
    return Taken(
        Payment.objects.select_related("order", "shift").get(pk=int(payment)), Decimal(due), Decimal(given)
    )


def _take(order_id: int, tender: Tender, shift: Shift, submission: str, now: datetime | None) -> str:
    reference = clean_reference(tender.method, tender.reference)
    locked = lock_order(order_id)
    order = locked.order
    if not locked.bookings and VOUCHER in (tender.method, *(part.method for part in tender.parts)):
        raise Refusal(_("A voucher cannot be bought with a voucher. Please choose another way to pay."))
    shift, now = lock_shift(shift), now or database_now()
    amount = amount_due(order, now=now)
    if amount <= 0:
        raise Conflict(_("There is nothing to pay on this order any more."))
    if tender.method == Account.EFT:
        _check_seen(tender, shift, now)
    amount = rest_due(amount, tender)
    _book_parts(order, tender, shift, submission, now)
    due = in_coins(amount) if tender.method == Account.CASH else amount
    given = due if tender.given is None else tender.given
    _check_given(tender.method, due, given)
    received = ReceivedPayment(
        tender.method,
        f"{'seen' if tender.method == Account.EFT else 'till'}:{submission}"[:80],
        amount,
        shift=shift,
        reference=reference,
        given=given if tender.method == Account.CASH else None,
        approver=tender.approval.approver if tender.method == Account.EFT and tender.approval else None,
    )
    outcome = _book(order, received, tender.reference, now)
    if outcome not in _CONFIRMS:
        raise Conflict(
            _(
                "These seats are no longer free, so nothing was booked. Give the customer the money back "
                "and choose other seats."
            )
        )
    payment = Payment.objects.get(method=tender.method, external_id=received.external_id)
    rounding = {Account.CASH: due - amount, Account.CASH_ROUNDING: amount - due}
    LedgerEntry.objects.post(
        Posting(f"rounding:{payment.pk}", rounding, at=now, order=order, shift=shift, actor=shift.clerk)
    )
    return f"{payment.pk} {due} {given}"


def _check_seen(tender: Tender, shift: Shift, now: datetime) -> None:
    if tender.approval is None:
        raise NeedsApproval(
            _(
                "An EFT counts once its money was seen: a second person confirms it here, or the bank’s list "
                "does later."
            )
        )
    tender.approval.check(shift.clerk, now=now)


def take_parts(order: Order, tender: Tender, *, shift: Shift, submission: str, now: datetime) -> None:
    """Take the parts of a split payment whose rest is awaited, within the caller's transaction; none without
    any. Raises Refusal as `rest_due`.
    """
    rest_due(amount_due(order, now=now), tender)
    _book_parts(order, tender, lock_shift(shift), submission, now)


def rest_due(amount: Decimal, tender: Tender) -> Decimal:
    """What is left of an amount due when the parts of a split payment are paid.

    Raises Refusal for a part that is not possible, or if nothing is left.
    """
    for place, part in enumerate(tender.parts):
        clean_reference(part.method, part.reference)
        is_last_cash = part.method == Account.CASH and Account.CASH in (
            tender.method,
            *(other.method for other in tender.parts[place + 1 :]),
        )
        if part.method == Account.EFT:
            raise Refusal(_("Enter the EFT last: it pays what the others leave."))
        if is_last_cash:
            raise Refusal(_("Enter all of the cash at once."))
        if not is_rand_and_cents(part.amount) or part.amount <= 0:
            raise Refusal(_("Enter an amount in rand and cents."))
        if part.method == Account.CASH and part.amount != in_coins(part.amount):
            raise Refusal(_("There are no coins for %(amount)s.") % {"amount": format_zar(part.amount)})
        amount -= part.amount
        if amount <= 0:
            raise Refusal(_("Nothing is left to pay: this is no part, but all that is due."))
    return amount


def _book_parts(order: Order, tender: Tender, shift: Shift, submission: str, now: datetime) -> None:
    for number, part in enumerate(tender.parts):
        received = ReceivedPayment(
            part.method,
            f"till{number}:{submission}"[:80],
            part.amount,
            shift=shift,
            reference=clean_reference(part.method, part.reference),
            given=part.amount if part.method == Account.CASH else None,
            is_part=True,
        )
        if _book(order, received, part.reference, now) != PART_PAID:
            raise Conflict(_("This form is no longer valid. Please open the page again."))


def _book(order: Order, received: ReceivedPayment, code: str, now: datetime) -> str:
    """A voucher is locked after the till: nobody who holds one waits for a till."""
    if received.method != VOUCHER:
        return settle(order.pk, received, now=now)
    return redeem(order, lock_voucher_for(code, received.amount, now=now), received, now=now)


def _check_given(method: str, due: Decimal, given: Decimal) -> None:
    if not is_rand_and_cents(given):
        raise Refusal(_("Enter an amount in rand and cents."))
    if given < due:
        raise Refusal(_("%(due)s is due; that is not enough.") % {"due": format_zar(due)})
    if given > due and method != Account.CASH:
        raise Refusal(
            _("%(due)s is due, to the cent: there is no change on this tender.") % {"due": format_zar(due)}
        )


def pay_out_refund(
    refund_id: int,
    tender: Tender,
    *,
    shift: Shift,
    submission: str,
    content: str,
    now: datetime | None = None,
) -> Refund:
    """Give an owed refund back over the counter, once, the way it came.

    Cash must be in the drawer; money that returns by itself online is refused. Raises NeedsApproval where
    `approval_needed` says why and nobody signed.
    """
    run_once(
        "pay-out-refund",
        submission,
        content,
        action=lambda: _pay_out(refund_id, tender, shift, now),
        now=now or database_now(),
    )
    return Refund.objects.select_related("order", "shift").get(pk=refund_id)


def _pay_out(refund_id: int, tender: Tender, shift: Shift, now: datetime | None) -> str:
    method, reference = tender.method, clean_reference(tender.method, tender.reference)
    rows = Refund.objects.select_related("order", "payment__shift", "payment__chargeback")
    refund = rows.filter(pk=refund_id).first()
    if refund is None:
        raise NotFound(_("We could not find this refund."))
    lock_order(refund.order_id)
    shift, now = lock_shift(shift), now or database_now()
    if live_chargeback(refund.payment):
        raise Conflict(_("The customer’s bank took this payment back: nothing more is paid of it."))
    if came_by_voucher(refund):
        raise Conflict(_("This was paid by voucher and goes back to it automatically."))
    if returns_online(refund):
        raise Conflict(_("This was paid online: it is refunded automatically the same way."))
    if method not in TENDERS:
        raise Refusal(_("Choose cash, card or EFT."))
    if refund.status != Refund.Status.PAID:
        _check_way_back(refund, tender, shift, now)
    owed = Refund.objects.filter(pk=refund.pk, status=Refund.Status.OWED)
    if (
        owed.update(
            status=Refund.Status.PAID,
            paid_at=now,
            method=method,
            shift=shift,
            reference=reference,
            approver=tender.approval.approver if tender.approval else None,
            reason=tender.approval.reason[:200] if tender.approval else "",
        )
        != 1
    ):
        raise Conflict(_("This refund has already been paid, or is being paid online."))
    given = in_coins_back(refund.amount) if method == Account.CASH else refund.amount
    if method == Account.CASH:
        require_cash(shift, given)
    amounts = {
        Account.REFUNDS_OWED: refund.amount,
        Account(method): -given,
        Account.CASH_ROUNDING: given - refund.amount,
    }
    LedgerEntry.objects.post(
        Posting(f"refund:{refund.pk}", amounts, at=now, order=refund.order, shift=shift, actor=shift.clerk)
    )
    finish_refund(refund, now, by=shift.clerk)
    if tender.approval:
        _note_signed(refund, method, tender.approval, shift, now)
    notify_partner(refund.order, Webhook.Event.REFUNDED, refund, at=now)
    return str(refund.pk)


def _check_way_back(refund: Refund, tender: Tender, shift: Shift, now: datetime) -> None:
    if tender.method == Account.CASH and refund.payment and refund.payment.attempt_id:
        raise Refusal(_("This was paid online: it never leaves a drawer. Pay it to the card or by EFT."))
    if tender.approval:
        tender.approval.check(shift.clerk, now=now)
    elif why := approval_needed(refund, tender.method, shift):
        detail = f"{format_zar(refund.amount)}: {why}"
        about = f"order:{refund.order_id}"
        raise NeedsApproval(
            why, Alarm(StaffTask.Kind.LIMIT_REFUSED, shift.clerk, about, detail, refund.order)
        )


def _note_signed(refund: Refund, method: str, approval: Approval, shift: Shift, now: datetime) -> None:
    settle_alarm(refund.order, shift.clerk, by=approval.approver, now=now)
    if refund.payment and refund.payment.method == method:
        return
    facts = {
        "amount": format_zar(refund.amount),
        "method": str(Account(method).label),
        "name": approval.approver.display_name,
        "reason": approval.reason,
    }
    detail = _("%(amount)s went back by %(method)s, approved by %(name)s (%(reason)s)") % facts
    alarm = Alarm(StaffTask.Kind.OTHER_TENDER, shift.clerk, f"refund:{refund.pk}", detail, refund.order)
    raise_alarm(alarm, now=now)


def approval_needed(refund: Refund, method: str, shift: Shift) -> str:
    """Why a second person must sign this pay-out, or nothing. The refund comes with its payment and that
    one's shift.
    """
    payment, limit = refund.payment, company_settings.cash_refund_approval_over
    if payment is None or payment.method != method:
        came = Account(payment.method).label if payment and payment.method in Account.values else _("online")
        return _("This was paid another way (%(way)s): a second person must approve.") % {"way": came}
    if method != Account.CASH:
        return ""
    if refund.amount + given_alone_of(refund.order_id) > limit:
        facts = {"limit": format_zar(limit)}
        return _("Cash refunds over %(limit)s of one sale need the approval of a second person.") % facts
    if payment.shift and payment.shift.branch_id != shift.branch_id:
        return _("This was sold at another branch: a cash refund needs the approval of a second person.")
    return over_day_limit(refund.amount, shift)
