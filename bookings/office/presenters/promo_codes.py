"""Promo codes as texts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from bookings.base.dates import day_text
from bookings.base.money import format_zar
from bookings.models import PromoCode


@dataclass(frozen=True)
class PromoCodeRow:
    id: int
    code: str
    discount: str
    rules: tuple[str, ...]
    uses: str
    funder: str
    is_stopped: bool

    @classmethod
    def of(cls, promo: PromoCode) -> PromoCodeRow:
        """`promo` with its lines and classes."""
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
            funder=promo.get_funder_display(),
            is_stopped=promo.stopped_at is not None,
        )


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
    if promo.max_uses_of_contact is not None:
        rules.append(_("%(most)d for each e-mail address") % {"most": promo.max_uses_of_contact})
    return rules


def _days(first: date | None, last: date | None) -> str:
    if first and last:
        return _("%(first)s to %(last)s") % {"first": day_text(first), "last": day_text(last)}
    if first:
        return _("from %(first)s") % {"first": day_text(first)}
    return _("until %(last)s") % {"last": day_text(last)} if last else ""
