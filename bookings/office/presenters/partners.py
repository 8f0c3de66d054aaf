"""Partners as the office shows them: the list, and one partner's account."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from bookings.base.money import format_zar
from bookings.domain.partners.partners import PartnerOrder, PartnerRecord, PartnerSummary
from bookings.domain.timetable.trips import local_text
from bookings.models import PartnerEvent


@dataclass(frozen=True)
class PartnerRow:
    name: str
    slug: str
    is_active: bool
    keys: int
    used: str  # empty: never
    owes: str
    credit_limit: str

    @classmethod
    def of(cls, summary: PartnerSummary) -> PartnerRow:
        return cls(
            name=summary.name,
            slug=summary.slug,
            is_active=summary.is_active,
            keys=summary.live_keys,
            used=local_text(summary.used_at) if summary.used_at else "",
            owes=format_zar(summary.owes),
            credit_limit=format_zar(summary.credit_limit),
        )


@dataclass(frozen=True)
class PartnerOrderRow:
    reference: str
    placed: str
    status: str
    total: str

    @classmethod
    def of(cls, order: PartnerOrder) -> PartnerOrderRow:
        return cls(
            order.reference, local_text(order.placed_at), str(order.status.label), format_zar(order.total)
        )


@dataclass(frozen=True)
class PartnerEventRow:
    at: str
    who: str
    what: str

    @classmethod
    def of(cls, event: PartnerEvent) -> PartnerEventRow:
        return cls(
            local_text(event.at), event.actor.display_name if event.actor else _("by command"), event.what
        )


@dataclass(frozen=True)
class PartnerPage:
    owes: str
    credit_left: str
    credit_limit: str
    orders: tuple[PartnerOrderRow, ...]
    events: tuple[PartnerEventRow, ...]

    @classmethod
    def of(cls, record: PartnerRecord) -> PartnerPage:
        return cls(
            owes=format_zar(record.partner.owes),
            credit_left=format_zar(record.credit_left),
            credit_limit=format_zar(record.partner.credit_limit),
            orders=tuple(PartnerOrderRow.of(order) for order in record.orders),
            events=tuple(PartnerEventRow.of(event) for event in record.events),
        )
