"""Promo codes as texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from bookings.base.dates import day_text
from bookings.base.money import ZERO, format_zar
from bookings.domain.sales.promo_codes import channels_of
from bookings.models import PromoCode


@dataclass(frozen=True)
class PromoCodeRow:
    id: int
    code: str
    discount: str
    rules: tuple[str, ...]
    uses: str
    given: str  # what it took off paid orders
    funder: str
    is_stopped: bool

    @classmethod
    def of(cls, promo: PromoCode, given: Decimal) -> PromoCodeRow:
        """`promo` with its lines and classes; `given` in rand."""
        is_percent = promo.kind == PromoCode.Kind.PERCENT
        most = promo.max_uses is not None
        return cls(
            id=promo.pk,
            code=promo.code,
            discount=f"{promo.value.normalize():f}%" if is_percent else format_zar(promo.value),
            rules=tuple(_rules(promo)),
            uses=_("%(uses)d of %(most)d") % {"uses": promo.uses, "most": promo.max_uses}
            if most
            else str(promo.uses),
            given=format_zar(given),
            funder=promo.get_funder_display(),
            is_stopped=promo.stopped_at is not None,
        )


def funder_totals(promos: Iterable[PromoCode], given: Mapping[int, Decimal]) -> list[tuple[str, str]]:
    """Who pays for what the codes took off, and how much; `given` by code, in rand."""
    totals: dict[str, Decimal] = dict.fromkeys(PromoCode.Funder.values, ZERO)
    for promo in promos:
        totals[promo.funder] += given.get(promo.pk, ZERO)
    return [(str(PromoCode.Funder(funder).label), format_zar(total)) for funder, total in totals.items()]


def _rules(promo: PromoCode) -> list[str]:
    rules = (
        [_("orders of %(minimum)s or more") % {"minimum": format_zar(promo.minimum)}] if promo.minimum else []
    )
    if days := _days(promo.sale_from, promo.sale_to):
        rules.append(_("sold %(days)s") % {"days": days})
    if days := _days(promo.travel_from, promo.travel_to):
        rules.append(_("travel %(days)s") % {"days": days})
    if lines := ", ".join(line.code for line in promo.lines.all()):
        rules.append(_("lines %(lines)s") % {"lines": lines})
    if classes := ", ".join(fare_class.name for fare_class in promo.classes.all()):
        rules.append(classes)
    rules.append(", ".join(str(channel.label) for channel in channels_of(promo)))
    if promo.max_uses_of_contact is not None:
        rules.append(_("%(most)d for each e-mail address") % {"most": promo.max_uses_of_contact})
    return rules


def _days(first: date | None, last: date | None) -> str:
    if first and last:
        return _("%(first)s to %(last)s") % {"first": day_text(first), "last": day_text(last)}
    if first:
        return _("from %(first)s") % {"first": day_text(first)}
    return _("until %(last)s") % {"last": day_text(last)} if last else ""
