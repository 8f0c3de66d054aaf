"""The reports of the office, by their addresses."""

from typing import Final

from bookings.office.presenters.reports.coaches import LOAD
from bookings.office.presenters.reports.money import EXCEPTIONS, MONEY, REFUNDS, REVENUE, UNEARNED
from bookings.office.presenters.reports.sales import PARTNERS, SALES, VOUCHERS
from bookings.office.presenters.reports.table import Report

REPORTS: Final[dict[str, Report]] = {
    report.slug: report
    for report in (SALES, REVENUE, UNEARNED, MONEY, REFUNDS, EXCEPTIONS, LOAD, PARTNERS, VOUCHERS)
}
