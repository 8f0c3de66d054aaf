"""The refund terms of a ticket, step by step, as texts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.base.dates import day_text
from bookings.base.money import format_zar
from bookings.domain.fares.refund_rules import RefundTerms
from bookings.models import FareClass


@dataclass(frozen=True)
class RefundTermLine:
    when: str
    back: str
    change: str = ""  # what changing the trip costs then


def refund_lines(terms: RefundTerms) -> tuple[RefundTermLine, ...]:
    """Refund terms as a passenger reads them, the earliest moment first."""
    lines = [RefundTermLine(_grace(terms), _("full refund"), _("no fee"))] if terms.grace else []
    later_than = 0
    for hours, percent, fixed in terms.tiers:
        when = (
            _("%(hours)d hours or more before departure")
            if not later_than
            else _("%(hours)d to %(before)d hours before departure")
        )
        text = when % {"hours": hours, "before": later_than}
        lines.append(RefundTermLine(text, _back(percent, fixed), _fee(percent, fixed)))
        later_than = hours
    if later_than:
        lines.append(
            RefundTermLine(
                ngettext(
                    "Less than %(hours)d hour before departure",
                    "Less than %(hours)d hours before departure",
                    later_than,
                )
                % {"hours": later_than},
                _("no refund"),
                _("the whole fare"),
            )
        )
    elif not terms.tiers:
        when = _("After that") if lines else _("At any time")
        lines.append(RefundTermLine(when, _("no refund"), _("the whole fare")))
    return tuple(lines)


def class_refunds(
    classes: Iterable[FareClass], *, boards_at: datetime, now: datetime, zone: tzinfo
) -> tuple[str, ...]:
    """A line as of `refund_summary`; one for each of the classes where they differ."""
    lines = {
        fare_class.name: refund_summary(
            RefundTerms.of_policy(fare_class.refund_policy), boards_at=boards_at, now=now, zone=zone
        )
        for fare_class in classes
    }
    if len(set(lines.values())) == 1:
        return tuple(lines.values())[:1]
    return tuple(f"{name}: {line}" for name, line in lines.items())


def class_changes(classes: Iterable[FareClass], *, boards_at: datetime, zone: tzinfo) -> tuple[str, ...]:
    """Until when passengers change the trip online; one line for each of the classes where they differ."""
    lines = {}
    for fare_class in classes:
        terms = RefundTerms.of_policy(fare_class.refund_policy)
        local = (boards_at - terms.change_until).astimezone(zone)
        facts = {"day": day_text(local), "time": f"{local:%H:%M}"}
        lines[fare_class.name] = _("Online until %(day)s, %(time)s; the fee is what a refund keeps") % facts
    if len(set(lines.values())) == 1:
        return tuple(lines.values())[:1]
    return tuple(f"{name}: {line}" for name, line in lines.items())


def refund_summary(terms: RefundTerms, *, boards_at: datetime, now: datetime, zone: tzinfo) -> str:
    """In one line what comes back of a ticket that is bought `now` for a coach at `boards_at`, until when by
    the clock of `zone`.
    """
    parts = []
    if terms.grace and now < boards_at - terms.grace_if_ahead:
        minutes = int(terms.grace.total_seconds() // 60)
        parts.append(_("full refund for %(minutes)d minutes after booking") % {"minutes": minutes})
    for hours, percent, fixed in terms.tiers:
        until = boards_at - timedelta(hours=hours)
        if now < until:
            local = until.astimezone(zone)
            values = {"back": _back(percent, fixed), "day": day_text(local), "time": f"{local:%H:%M}"}
            parts.append(_("%(back)s until %(day)s, %(time)s") % values)
    if not parts:
        return _("No refund")
    line = _("%(steps)s; then no refund") % {"steps": "; ".join(parts)}
    return line[:1].upper() + line[1:]


def _grace(terms: RefundTerms) -> str:
    times = {
        "minutes": int(terms.grace.total_seconds() // 60),
        "hours": int(terms.grace_if_ahead.total_seconds() // 3600),
    }
    return _("Within %(minutes)d minutes of booking, if departure is %(hours)d hours or more away") % times


def _fee(percent: int, fixed: Decimal) -> str:
    if not percent:
        return _("%(fee)s fee") % {"fee": format_zar(fixed)} if fixed else _("no fee")
    share = _("%(percent)d%% of the fare") % {"percent": percent}
    return share if not fixed else _("%(share)s and %(fee)s") % {"share": share, "fee": format_zar(fixed)}


def _back(percent: int, fixed: Decimal) -> str:
    if percent == 0 and not fixed:
        return _("full refund")
    if percent == 0:
        return _("full refund less %(fee)s") % {"fee": format_zar(fixed)}
    share = _("%(percent)d%% refund") % {"percent": 100 - percent}
    return share if not fixed else _("%(share)s, less %(fee)s") % {"share": share, "fee": format_zar(fixed)}
