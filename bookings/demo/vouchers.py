"""A few vouchers, so that the list in the office is not empty and one can be paid with."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from bookings.base.voucher_codes import voucher_code_text
from bookings.domain.sales.voucher_changes import VoucherStop, stop_voucher
from bookings.domain.sales.vouchers import Goodwill, give_voucher, goodwill_until
from bookings.models import User, Voucher

_GIVEN: Final = (  # rand, why
    (120, "no hot water on board"),
    (80, "seat could not be reclined"),
    (300, "coach two hours late"),
)


def give_vouchers(now: datetime) -> str:
    """Let the clerk give some in goodwill; the first was lost and replaced. Returns the code of the last.

    Empty, and nothing is changed, where there are any already.
    """
    if Voucher.objects.exists():
        return ""
    clerk, supervisor = (User.objects.get(username=role) for role in (User.Role.CLERK, User.Role.SUPERVISOR))
    given = []
    for number, (value, reason) in enumerate(_GIVEN):
        goodwill = Goodwill(Decimal(value), reason, goodwill_until(now))
        given.append(
            give_voucher(goodwill, actor=clerk, submission=f"demo:voucher:{number}", content="", now=now)
        )
    lost = VoucherStop(given[0].voucher.pk, "lost by the customer")
    stop_voucher(lost, actor=supervisor, submission="demo:voucher:lost", content="", now=now)
    return voucher_code_text(given[-1].code)
