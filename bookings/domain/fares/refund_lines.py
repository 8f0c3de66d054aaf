"""The refund terms of a ticket, step by step, as texts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from bookings.base.money import format_zar
from bookings.domain.fares.refund_rules import RefundTerms


@dataclass(frozen=True)
class RefundTermLine:
    when: str
    back: str


def refund_lines(terms: RefundTerms) -> tuple[RefundTermLine, ...]:
    """Refund terms as a passenger reads them, the earliest moment first."""
    lines = [RefundTermLine(_grace(terms), _("full refund"))] if terms.grace else []
    later_than = 0
    for hours, percent, fixed in terms.tiers:
        when = (
            _("%(hours)d hours or more before departure")
            if not later_than
            else _("%(hours)d to %(before)d hours before departure")
        )
        lines.append(RefundTermLine(when % {"hours": hours, "before": later_than}, _back(percent, fixed)))
        later_than = hours
    if later_than:
        lines.append(
            RefundTermLine(
                _("Less than %(hours)d hours before departure") % {"hours": later_than}, _("no refund")
            )
        )
    elif not terms.tiers:
        lines.append(RefundTermLine(_("After that") if lines else _("At any time"), _("no refund")))
    return tuple(lines)


def _grace(terms: RefundTerms) -> str:
    times = {
        "minutes": int(terms.grace.total_seconds() // 60),
        "hours": int(terms.grace_if_ahead.total_seconds() // 3600),
    }
    return _("Within %(minutes)d minutes of booking, if departure is %(hours)d hours or more away") % times


def _back(percent: int, fixed: Decimal) -> str:
    if percent == 0 and not fixed:
        return _("full refund")
    if percent == 0:
        return _("full refund less %(fee)s") % {"fee": format_zar(fixed)}
    share = _("%(percent)d%% refund") % {"percent": 100 - percent}
    return share if not fixed else _("%(share)s, less %(fee)s") % {"share": share, "fee": format_zar(fixed)}
