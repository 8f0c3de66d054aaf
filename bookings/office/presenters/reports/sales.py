"""What was sold, and what came of vouchers and promo codes."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.base.money import ZERO
from bookings.domain.reports.day_sums import KeySum, SumQuery, list_sums
from bookings.domain.reports.partner_totals import partner_totals
from bookings.domain.reports.thing_names import BRANCH, names_of
from bookings.domain.reports.voucher_sums import voucher_sums
from bookings.models import DailySum, VoucherMovement
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
_CUTS: Final = {
    _DAY: gettext_lazy("Day"),
    By.ROUTE.value: gettext_lazy("Route"),
    BRANCH: gettext_lazy("Branch"),
    By.CLERK.value: gettext_lazy("Clerk"),
    By.CHANNEL.value: gettext_lazy("Channel"),
    By.PARTNER.value: gettext_lazy("Partner"),
    By.PASSENGER_TYPE.value: gettext_lazy("Passenger type"),
    By.FARE_CLASS.value: gettext_lazy("Fare class"),
    By.KIND.value: gettext_lazy("What was sold"),
    By.PROMO_CODE.value: gettext_lazy("Promo code"),
}
_AMOUNTS: Final = (
    ReportColumn(gettext_lazy("Sold"), CellKind.AMOUNT, has_total=True),
    ReportColumn(gettext_lazy("Taken back"), CellKind.AMOUNT, has_total=True),
    ReportColumn(gettext_lazy("Net"), CellKind.AMOUNT, has_total=True),
)
_NET: Final = 4  # the column of it


def _sales(query: ReportQuery) -> ReportContent:
    period, cut = query.period, query.cut
    by = {_DAY: By.CHANNEL, BRANCH: By.CHANNEL}.get(cut, cut)
    sums = list_sums(
        SumQuery(
            by,
            period.first,
            period.last,
            branch=query.branch,
            has_days=cut == _DAY,
            by_branch=cut == BRANCH,
        )
    )
    counted = _("Pieces") if cut in (By.KIND, By.PROMO_CODE) else _("Tickets")
    first = ReportColumn(_CUTS[cut], CellKind.DAY if cut == _DAY else CellKind.TEXT)
    columns = (first, ReportColumn(counted, CellKind.NUMBER, has_total=True), *_AMOUNTS)
    rows = _by_day(sums, query) if cut == _DAY else _by_thing(sums, cut)
    return ReportContent(columns, rows, _NET, (_note(cut),))


def _by_day(sums: list[KeySum], query: ReportQuery) -> list[ReportRow]:
    days = dict.fromkeys(query.period.days, (0, ZERO, ZERO))
    for row in sums:
        if row.day in days:
            number, positive, negative = days[row.day]
            days[row.day] = (number + row.quantity, positive + row.positive, negative + row.negative)
    return [ReportRow((day, number, up, down, up + down)) for day, (number, up, down) in days.items()]


def _by_thing(sums: list[KeySum], cut: str) -> list[ReportRow]:
    names = names_of(cut, [row.key for row in sums])
    nothing = _NOTHING.get(cut, gettext_lazy("none"))
    rows = [
        ReportRow(
            (
                key_name(names, row.key, str(nothing)),
                row.quantity,
                row.positive,
                row.negative,
                row.net,
            )
        )
        for row in sums
    ]
    return sorted(rows, key=lambda row: (-_amount(row), str(row.values[0])))


_NOTHING: Final = {
    By.ROUTE: gettext_lazy("of no route (vouchers)"),
    BRANCH: gettext_lazy("no branch (web and partners)"),
    By.CLERK: gettext_lazy("no clerk (web and partners)"),
    By.PARTNER: gettext_lazy("no partner (web and counter)"),
    By.PASSENGER_TYPE: gettext_lazy("of no passenger (vouchers, fees of a booking)"),
    By.FARE_CLASS: gettext_lazy("of no class (vouchers, fees of a booking)"),
}


def _amount(row: ReportRow) -> Decimal:
    value = row.values[_NET]
    return value if isinstance(value, Decimal) else ZERO


def _note(cut: str) -> str:
    if cut == By.PROMO_CODE:
        return _("What promo codes took off fares; a code that was given up again stands under “Sold”.")
    return _(
        "By the day of the sale, with fees, luggage and vouchers. What is cancelled, exchanged or expires "
        "unpaid is taken back on that day. Tickets on standby count as tickets, and never as seats."
    )


def _partners(query: ReportQuery) -> ReportContent:
    columns = (
        ReportColumn(_("Partner")),
        ReportColumn(_("Tickets"), CellKind.NUMBER, has_total=True),
        *_AMOUNTS,
        ReportColumn(_("Commission"), CellKind.AMOUNT, has_total=True),
        ReportColumn(_("Owes now"), CellKind.AMOUNT, has_total=True),
    )
    rows = [
        ReportRow(
            (row.name, row.tickets, row.sold, row.taken_back, row.net, row.commission, row.owed),
            f"{reverse('office:partner_statement', args=[row.slug])}?month={query.period.last:%Y-%m}",
        )
        for row in partner_totals(query.period)
    ]
    return ReportContent(columns, rows, _NET, (_("A partner leads to its statement of the month."),))


def _vouchers(query: ReportQuery) -> ReportContent:
    kinds = dict(VoucherMovement.Kind.choices)
    columns = (
        ReportColumn(_("Movement")),
        ReportColumn(_("Movements"), CellKind.NUMBER, has_total=True),
        ReportColumn(_("Amount"), CellKind.AMOUNT, has_total=True),
    )
    rows = [
        ReportRow((str(kinds[row.kind]), row.movements, row.amount)) for row in voucher_sums(query.period)
    ]
    return ReportContent(columns, rows, 2)


SALES: Final = Report(
    "sales",
    gettext_lazy("Sales"),
    gettext_lazy("What was sold and taken back, by day, route, branch, clerk, channel and more."),
    _sales,
    _CUTS,
)
PARTNERS: Final = Report(
    "partners",
    gettext_lazy("Partners"),
    gettext_lazy("What each partner sold and earned, with its statement."),
    _partners,
    is_of_company=True,
)
VOUCHERS: Final = Report(
    "vouchers",
    gettext_lazy("Vouchers"),
    gettext_lazy("Issued, redeemed, restored, expired and stopped."),
    _vouchers,
    is_of_company=True,
)
