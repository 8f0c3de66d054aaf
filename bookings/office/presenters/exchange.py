"""What the page of an exchange says to a screen reader when its quote changes."""

from django.utils.translation import gettext as _

from bookings.domain.counter.exchange_page import MoveView


def announcement(view: MoveView) -> str:
    if view.balance is None:
        return view.problem
    if view.balance.is_due:
        return _("%(amount)s to pay.") % {"amount": view.balance.text}
    if view.balance.is_back:
        return _("%(amount)s to refund.") % {"amount": view.balance.text}
    return _("Nothing to pay.")
