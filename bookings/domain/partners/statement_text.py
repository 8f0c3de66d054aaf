"""The words of a partner's statement, for its page and its PDF."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from bookings.base.dates import day_text
from bookings.base.money import format_zar
from bookings.domain.partners.statements import AccountLineKind, PartnerStatement, is_credited_later


@dataclass(frozen=True)
class StatementText:
    title: str  # "Statement for November 2026"
    period: str
    opening: str
    sums: tuple[tuple[str, str], ...]  # label and amount by kind, opening balance first
    closing: str
    balance_label: str
    ageing: tuple[tuple[str, str], ...]
    days: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]


def statement_text(statement: PartnerStatement) -> StatementText:
    facts = {"first": day_text(statement.month), "last": day_text(statement.until)}
    kinds = {line.kind for line in statement.days}
    shown = [kind for kind in AccountLineKind if kind in kinds or kind != AccountLineKind.OTHER]
    ageing = statement.ageing
    return StatementText(
        title=_("Statement for %(month)s") % {"month": f"{statement.month:%B %Y}"},
        period=_("%(first)s to %(last)s") % facts,
        opening=format_zar(statement.opening),
        sums=(
            (_("Balance before"), format_zar(statement.opening)),
            *((str(kind.label).capitalize(), format_zar(statement.sum_of(kind))) for kind in shown),
        ),
        closing=format_zar(abs(statement.closing)),
        balance_label=_("Owed to us") if statement.closing >= 0 else _("In your credit"),
        ageing=(
            (_("30 days at most"), format_zar(ageing.current)),
            (_("over 30 days"), format_zar(ageing.over_30)),
            (_("over 60 days"), format_zar(ageing.over_60)),
            (_("over 90 days"), format_zar(ageing.over_90)),
        ),
        days=tuple(
            (day_text(line.day), str(line.kind.label), format_zar(line.amount)) for line in statement.days
        ),
        notes=_notes(statement),
    )


def _notes(statement: PartnerStatement) -> tuple[str, ...]:
    if not is_credited_later(statement):
        return ()
    facts = {"amount": format_zar(statement.earned)}
    return (_("Commission earned in this month: %(amount)s. It is credited when the month is over.") % facts,)
