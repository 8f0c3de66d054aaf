"""Revenue, money by the way it came and went, refunds and exceptions."""

from __future__ import annotations

from typing import Final

from django.db.models import TextChoices
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.base.money import ZERO
from bookings.domain.reconciliation.account_map import account_name
from bookings.domain.reconciliation.overview import days_between
from bookings.domain.reports.day_sums import SumQuery, list_sums
from bookings.domain.reports.exceptions import clerk_exceptions
from bookings.domain.reports.refund_sums import RefundsBy, refund_sums
from bookings.domain.reports.revenue import revenue_days, unearned_by_travel_day
from bookings.domain.reports.thing_names import names_of
from bookings.models import Account, DailySum
from bookings.office.presenters.reports.table import (
    CellKind,
    Report,
    ReportColumn,
    ReportContent,
    ReportQuery,
    ReportRow,
    key_name,
)

By = DailySum.By
_DAY: Final = "day"
_ROUTE: Final = "route"
_TENDER: Final = "tender"
_STATEMENTS: Final = "statements"
# Where money lies
_TENDERS: Final = (
    Account.CASH,
    Account.CARD,
    Account.EFT,
    Account.GATEWAY,
    Account.VOUCHER_LIABILITY,
    Account.PARTNER,
    Account.SAFE,
    Account.BANK,
)


class RefundCause(TextChoices):
    """The kinds of cause that a refund has."""

    CANCEL = "cancel", gettext_lazy("cancellation")
    EXCHANGE = "exchange", gettext_lazy("exchange")
    SEAT = "seat", gettext_lazy("cheaper seat")
    LUGGAGE = "luggage", gettext_lazy("luggage given up")
    EXCESS = "excess", gettext_lazy("paid too much, or too late")
    VOID = "void", gettext_lazy("void")


def _revenue(query: ReportQuery) -> ReportContent:
    if query.cut == _ROUTE:
        return _earned_by_route(query)
    columns = (
        ReportColumn(_("Day"), CellKind.DAY),
        ReportColumn(_("Sold on this day"), CellKind.AMOUNT, has_total=True),
        ReportColumn(_("Travelled on this day"), CellKind.AMOUNT, has_total=True),
        ReportColumn(_("Fees"), CellKind.AMOUNT, has_total=True),
        ReportColumn(_("Not yet travelled at its end"), CellKind.AMOUNT),
    )
    rows = [
        ReportRow((day.day, day.sold, day.travelled, day.fees, day.unearned))
        for day in revenue_days(query.period, query.branch)
    ]
    note = _(
        "Fares with luggage, less promo codes and what was taken back. A fare is revenue on the day of its "
        "departure, no-shows included; until then it is owed to the passenger."
    )
    return ReportContent(columns, rows, 1, (note,))


def _earned_by_route(query: ReportQuery) -> ReportContent:
    sums = list_sums(SumQuery(By.EARNED_ROUTE, query.period.first, query.period.last, branch=query.branch))
    names = names_of(By.EARNED_ROUTE, [row.key for row in sums])
    columns = (
        ReportColumn(_("Route")),
        ReportColumn(_("Travelled"), CellKind.AMOUNT, has_total=True),
    )
    rows = [ReportRow((key_name(names, row.key), -row.net)) for row in sums if row.net]
    return ReportContent(columns, sorted(rows, key=lambda row: str(row.values[0])), 1)


def _unearned(query: ReportQuery) -> ReportContent:
    columns = (
        ReportColumn(_("Day of travel"), CellKind.DAY),
        ReportColumn(_("Not yet travelled"), CellKind.AMOUNT, has_total=True),
    )
    rows = [ReportRow((day.day, day.amount)) for day in unearned_by_travel_day(query.branch, now=query.now)]
    return ReportContent(columns, rows, 1)


def _money(query: ReportQuery) -> ReportContent:
    if query.cut == _STATEMENTS:
        return _statements(query)
    has_days = query.cut == _DAY
    sums = list_sums(
        SumQuery(By.ACCOUNT, query.period.first, query.period.last, branch=query.branch, has_days=has_days)
    )
    columns = (
        *([ReportColumn(_("Day"), CellKind.DAY)] if has_days else []),
        ReportColumn(_("Account")),
        ReportColumn(_("Entries"), CellKind.NUMBER, has_total=True),
        ReportColumn(_("In"), CellKind.AMOUNT, has_total=True),
        ReportColumn(_("Out"), CellKind.AMOUNT, has_total=True),
        ReportColumn(_("Net"), CellKind.AMOUNT, has_total=True),
    )
    rows = []
    for row in sorted(sums, key=lambda row: (str(row.day), row.key)):
        account, _colon, gateway = row.key.partition(":")
        if account in _TENDERS:
            day = (row.day,) if has_days and row.day else ()
            name = account_name(account, gateway)
            rows.append(ReportRow((*day, name, row.quantity, row.positive, row.negative, row.net)))
    note = _("As the ledger has it: what came into each account and what went out, cash roundings included.")
    return ReportContent(columns, rows, None if has_days else 4, (note,))


def _statements(query: ReportQuery) -> ReportContent:
    columns = (
        ReportColumn(_("Day"), CellKind.DAY),
        ReportColumn(_("Statement of")),
        ReportColumn(_("Our books"), CellKind.AMOUNT, has_total=True),
        ReportColumn(_("Statement"), CellKind.AMOUNT, has_total=True),
        ReportColumn(_("Difference"), CellKind.AMOUNT, has_total=True),
        ReportColumn(_("Fees"), CellKind.AMOUNT, has_total=True),
        ReportColumn(_("Open differences"), CellKind.NUMBER, has_total=True),
    )
    rows = [
        ReportRow(
            (day.day, day.gateway, day.ours, day.theirs, day.difference, day.fees, day.open_differences),
            reverse("office:reconciliation_day", args=[day.gateway, day.day.isoformat()]),
        )
        for day in days_between(query.period.first, query.period.last, now=query.now)
    ]
    return ReportContent(columns, rows)


def _refunds(query: ReportQuery) -> ReportContent:
    by = RefundsBy(query.cut)
    sums = refund_sums(by, query.period, query.branch)
    kind = CellKind.DAY if by == RefundsBy.DAY else CellKind.TEXT
    columns = (
        ReportColumn(_REFUND_CUTS[by], kind),
        ReportColumn(_("Refunds"), CellKind.NUMBER, has_total=True),
        ReportColumn(_("Paid back"), CellKind.AMOUNT, has_total=True),
    )
    if by == RefundsBy.DAY:
        paid = {row.key: (row.refunds, row.amount) for row in sums}
        rows = [ReportRow((day, *paid.get(day, (0, ZERO)))) for day in query.period.days]
    else:
        names = _refund_names(by, [row.key for row in sums])
        rows = [ReportRow((names[row.key], row.refunds, row.amount)) for row in sums]
    return ReportContent(columns, rows, 2, (_("On the day on which it was paid back."),))


def _refund_names(by: RefundsBy, keys: list[str]) -> dict[str, str]:
    if by == RefundsBy.CLERK:
        names = names_of(By.CLERK, keys)
        return {key: key_name(names, key, _("by itself, or a partner")) for key in keys}
    known = RefundCause if by == RefundsBy.REASON else Account
    labels = {value: str(label) for value, label in known.choices}
    return {key: labels.get(key, key.replace("-", " ").replace("_", " ")) for key in keys}


def _exceptions(query: ReportQuery) -> ReportContent:
    columns = (
        ReportColumn(_("Clerk")),
        ReportColumn(_("Voids"), CellKind.NUMBER, has_total=True),
        ReportColumn(_("Voided"), CellKind.AMOUNT, has_total=True),
        ReportColumn(_("Cancellations"), CellKind.NUMBER, has_total=True),
        ReportColumn(_("Fees waived"), CellKind.NUMBER, has_total=True),
        ReportColumn(_("Signed by a second person"), CellKind.NUMBER, has_total=True),
        ReportColumn(_("Paid out of the till"), CellKind.AMOUNT, has_total=True),
    )
    rows = [
        ReportRow(
            (
                row.clerk,
                row.voids,
                row.voided,
                row.cancellations,
                row.waivers,
                row.approved,
                row.paid_out,
            )
        )
        for row in clerk_exceptions(query.period, query.branch)
    ]
    return ReportContent(columns, rows, 1)


_REFUND_CUTS: Final = {
    RefundsBy.REASON.value: gettext_lazy("Reason"),
    RefundsBy.WAY.value: gettext_lazy("Paid back by"),
    RefundsBy.CLERK.value: gettext_lazy("Clerk"),
    RefundsBy.DAY.value: gettext_lazy("Day"),
}
REVENUE: Final = Report(
    "revenue",
    gettext_lazy("Revenue"),
    gettext_lazy("Fares by the day of the sale and by the day of travel, and what is not yet travelled."),
    _revenue,
    {_DAY: gettext_lazy("Day"), _ROUTE: gettext_lazy("Route")},
)
UNEARNED: Final = Report(
    "unearned",
    gettext_lazy("Not yet travelled"),
    gettext_lazy("What is paid for departures to come, by the day of travel."),
    _unearned,
    has_period=False,
)
MONEY: Final = Report(
    "money",
    gettext_lazy("Money in and out"),
    gettext_lazy("By tender and gateway, and against the statements of gateways, terminal and bank."),
    _money,
    {
        _TENDER: gettext_lazy("Tender and gateway"),
        _DAY: gettext_lazy("Day"),
        _STATEMENTS: gettext_lazy("Statements"),
    },
)
REFUNDS: Final = Report(
    "refunds",
    gettext_lazy("Refunds"),
    gettext_lazy("What went back, why, how and by whose hand."),
    _refunds,
    _REFUND_CUTS,
)
EXCEPTIONS: Final = Report(
    "exceptions",
    gettext_lazy("Voids and overrides"),
    gettext_lazy("Voids, cancellations, waived fees, approvals and pay-outs by clerk."),
    _exceptions,
)
