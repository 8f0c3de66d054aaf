"""The sales of a period for the accounts, in ready words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from bookings.base.money import format_zar
from bookings.domain.reconciliation.account_map import account_code, account_name
from bookings.domain.reports.accounts import Accounts, BothSides
from bookings.models import OrderLine


@dataclass(frozen=True)
class SumsTable:
    title: str
    heads: tuple[str, ...]
    lines: Sequence[tuple[str, ...]]
    total: tuple[str, ...] = ()


def accounts_tables(accounts: Accounts) -> dict[str, SumsTable]:
    """`sold`, `ledger` and `checks` for the page."""
    kinds = dict(OrderLine.Kind.choices)
    sold = SumsTable(
        _("What was sold"),
        (_("Kind"), _("Pieces"), _("Sold"), _("Taken back"), _("Net")),
        [
            (
                str(kinds[row.key]),
                str(row.quantity),
                format_zar(row.positive),
                format_zar(row.negative),
                format_zar(row.net),
            )
            for row in accounts.sold
        ],
        (_("Total"), "", "", "", format_zar(accounts.total)),
    )
    ledger = SumsTable(
        _("The ledger"),
        (_("Account"), _("Code"), _("Debit"), _("Credit"), _("Net")),
        [
            (
                account_name(account, gateway),
                account_code(account, gateway),
                format_zar(row.positive),
                format_zar(-row.negative),
                format_zar(row.net),
            )
            for row in accounts.entries
            for account, _colon, gateway in [row.key.partition(":")]
        ],
        (_("Total"), "", "", "", format_zar(accounts.balance)),
    )
    checks = SumsTable(
        _("Both are the same"),
        ("", _("Sales"), _("Ledger"), ""),
        [_check(_("fares, luggage and promo codes"), accounts.fares), _check(_("fees"), accounts.fees)],
    )
    return {"sold": sold, "ledger": ledger, "checks": checks}


def _check(title: str, check: BothSides) -> tuple[str, ...]:
    verdict = _("equal") if check.is_right else _("NOT EQUAL: tell the person who looks after the system")
    return title, format_zar(check.of_sales), format_zar(check.of_ledger), verdict
