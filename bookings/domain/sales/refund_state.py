"""What a customer may be told of a refund: while nothing went out, nobody says that it did."""

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.base.dates import day_text
from bookings.base.money import format_zar
from bookings.domain.company.settings import company_settings
from bookings.models import VOUCHER, Account, BankDetails, Refund, RefundAttempt


class RefundState(TextChoices):
    WAITING = "waiting", gettext_lazy("waits to be paid out")
    WAITING_FOR_DETAILS = "waiting_for_details", gettext_lazy("waits for bank details")
    ON_ITS_WAY = "on_its_way", gettext_lazy("on its way")
    PAID = "paid", gettext_lazy("paid")


def with_state(refunds: QuerySet[Refund]) -> QuerySet[Any]:
    """The refunds with all that `state_of` asks for, in the same query."""
    refused = RefundAttempt.objects.filter(refund=OuterRef("pk"), status=RefundAttempt.Status.REFUSED)
    rows = refunds.select_related("payment", "bank_details").annotate(is_refused=Exists(refused))
    return rows.defer("bank_details__sealed")


def details_of(refund: Any) -> BankDetails | None:
    """Its request for bank details, of a refund read by `with_state`."""
    return getattr(refund, "bank_details", None)


def returns_by_itself(refund: Any) -> bool:
    """Whether the gateway that took it gives it back, or the voucher has it again, of a refund read by
    `with_state`.
    """
    if came_by_voucher(refund):
        return True
    came_online = refund.payment is not None and refund.payment.attempt_id is not None
    return came_online and not refund.is_refused


def came_by_voucher(refund: Any) -> bool:
    """Whether it goes back on the voucher that paid it."""
    return refund.payment is not None and refund.payment.method == VOUCHER


def state_of(refund: Any) -> RefundState:
    """Of a refund read by `with_state`."""
    if refund.status == Refund.Status.PAID:
        return RefundState.PAID
    details = details_of(refund)
    if refund.status == Refund.Status.OWED and details and details.given_at is None:
        return RefundState.WAITING_FOR_DETAILS
    if refund.status == Refund.Status.PAYING or returns_by_itself(refund):
        return RefundState.ON_ITS_WAY
    if details and not refund.is_refused:
        return RefundState.ON_ITS_WAY
    return RefundState.WAITING


def state_text(refund: Any) -> str:
    """ "waits to be paid out", or "paid on Tue 1 Dec"; of a refund read by `with_state`."""
    state = state_of(refund)
    if state == RefundState.PAID and refund.paid_at:
        return _("paid on %(day)s") % {"day": day_text(timezone.localdate(refund.paid_at))}
    return str(state.label)


def refund_sentence(refund: Any) -> str:
    """How far the refund is, and what the customer has to do; of a refund read by `with_state`."""
    state, day = state_of(refund), refund.paid_at
    if state == RefundState.WAITING:
        sentence = _("%(amount)s waits to be paid out to you at any of our counters. Bring your reference.")
    elif state == RefundState.WAITING_FOR_DETAILS:
        sentence = _(
            "%(amount)s can only go back to a bank account, and we do not know yours. We are sending "
            "you a link to enter it."
        )
    elif state == RefundState.ON_ITS_WAY and came_by_voucher(refund):
        sentence = _(
            "%(amount)s goes back on the voucher that it was paid with. You do not need to do anything."
        )
    elif state == RefundState.ON_ITS_WAY and details_of(refund):
        sentence = _(
            "%(amount)s is on its way to the bank account that you told us. You do not need to do anything."
        )
    elif state == RefundState.ON_ITS_WAY:
        day = refund.created_at + timedelta(days=company_settings.refund_days)
        sentence = _(
            "%(amount)s is on its way to the card or account that it was paid from. It arrives by %(day)s. "
            "You do not need to do anything."
        )
    elif refund.method == Account.PARTNER:
        sentence = _("%(amount)s was credited on %(day)s to the company that sold you the ticket.")
    elif refund.method == VOUCHER and came_by_voucher(refund):
        sentence = _("%(amount)s went back on %(day)s on the voucher that it was paid with.")
    elif refund.method == VOUCHER:
        sentence = _("%(amount)s became a voucher on %(day)s, as you chose. Its code came by e-mail.")
    elif refund.method == Account.CHARGEBACKS:
        sentence = _("%(amount)s was taken back by your bank by %(day)s.")
    elif refund.shift_id:
        sentence = _("%(amount)s was paid out at a counter on %(day)s.")
    else:
        sentence = _("%(amount)s was paid back on %(day)s. Your bank may need a few days to show it.")
    facts = {"amount": format_zar(refund.amount), "day": day_text(timezone.localdate(day)) if day else ""}
    return sentence % facts
