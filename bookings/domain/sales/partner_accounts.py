"""What partners sell on account: charged to them when an order is paid so."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from bookings.base.errors import Conflict
from bookings.base.money import ZERO, format_zar
from bookings.database.transactions import short_transaction
from bookings.domain.sales.commission import commission_shares, note_commission
from bookings.domain.sales.orders import lock_order
from bookings.domain.sales.partner_credit import lock_partner
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.models import Account, Order

_CONFIRMS: Final = ("confirmed", "balance paid")


class CreditExceeded(Conflict):
    pass


def pay_on_account(order_id: int, *, external_id: str, amount: Decimal, now: datetime | None = None) -> Order:
    """Charge what is owed on an order to the partner who sold it, and confirm it.

    Raises Conflict if nothing can be paid any more or `amount` is not what is owed, CreditExceeded beyond the
    partner's limit. What the partner earns by it is kept, and deducted where it settles net.
    """
    with short_transaction():
        locked = lock_order(order_id)
        order, owed, now = locked.order, locked.owed, now or locked.now
        if owed <= 0 or not order.is_open(now):
            raise Conflict(_("There is nothing to pay on this order any more."))
        if amount != owed:
            raise Conflict(
                _("%(amount)s is owed on this order. Nothing was paid.") % {"amount": format_zar(owed)}
            )
        _charge(order, owed, external_id, now)
    return Order.objects.get(pk=order_id)


def charge_balance(order_id: int, *, external_id: str, amount: Decimal, now: datetime | None) -> None:
    """Charge what a change of a confirmed order costs to the partner who sold it, within the transaction of
    the change. Raises as `pay_on_account`.
    """
    locked = lock_order(order_id)
    if amount != locked.owed:
        owed = {"amount": format_zar(locked.owed)}
        raise Conflict(_("%(amount)s is owed on this order. Nothing was paid.") % owed)
    _charge(locked.order, amount, external_id, now or locked.now)


def _charge(order: Order, owed: Decimal, external_id: str, now: datetime) -> None:
    with short_transaction():
        partner = lock_partner(order.partner_id)
        shares = commission_shares(order, owed, partner)
        deducted = sum((share.amount for share in shares), ZERO) if partner.is_settled_net else ZERO
        if partner.owes + owed - deducted > partner.credit_limit:
            left = {"amount": format_zar(max(partner.credit_limit - partner.owes, Decimal(0)))}
            raise CreditExceeded(
                _("This is more than your credit limit allows: %(amount)s is left. Nothing was paid.") % left
            )
        if settle(order.pk, ReceivedPayment(Account.PARTNER, external_id, owed), now=now) not in _CONFIRMS:
            raise Conflict(_("The seats of this order are gone. Nothing was paid."))
        if shares:
            payment = order.payments.get(method=Account.PARTNER, external_id=external_id)
            note_commission(payment, shares, partner, now=now)
