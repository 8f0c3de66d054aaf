"""What is noted of a payment beside its amount: the slip of the card terminal, or the transfer."""

import re
from typing import Final

from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.domain.counter.shifts import TENDERS
from bookings.models import VOUCHER, Account

_CARD_NUMBER: Final = re.compile(r"(?:\d[ .\-]?){12,19}")


def clean_reference(method: str, typed: str) -> str:
    """The reference of a card terminal or transfer as it is kept; nothing of a voucher's code.

    Raises Refusal for an unknown tender, a missing one or a card number.
    """
    reference = " ".join(typed.split())
    if method == VOUCHER:
        if not reference:
            raise Refusal(_("Enter the code of the voucher."))
        return ""
    if method not in TENDERS:
        raise Refusal(_("Choose cash, card or EFT."))
    if _CARD_NUMBER.search(reference):
        raise Refusal(
            _("This looks like a card number. Never enter one: use the reference on the terminal's slip.")
        )
    if method != Account.CASH and not reference:
        raise Refusal(_("Enter the reference on the slip."))
    if len(reference) > 40:
        raise Refusal(_("The reference is too long."))
    return "" if method == Account.CASH else reference
