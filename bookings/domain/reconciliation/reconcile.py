"""The nightly reconciliation: statements are read, matched, and what differs becomes a task."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from django.conf import settings

from bookings.database.transactions import database_now
from bookings.domain.reconciliation.days import last_days
from bookings.domain.reconciliation.differences import open_difference_tasks
from bookings.domain.reconciliation.matching import match_lines
from bookings.domain.reconciliation.postings import TENDERS
from bookings.domain.reconciliation.slips import match_slips
from bookings.domain.reconciliation.statements import read_statement
from bookings.domain.reconciliation.transfers import book_transfers

DAYS_BACK: Final = 3  # a statement grows late: yesterday's is read on three mornings


def reconcile(days: Sequence[date] = (), *, now: datetime | None = None) -> int:
    """Read the statements of these days, the last three unless said, of all gateways; match what can be, and
    open a task for each difference. Returns how many lines are new.

    A gateway that does not answer, or a line that cannot be dealt with, keeps back no other.
    """
    now = now or database_now()
    new = sum(
        read_statement(gateway, day, now=now)
        for gateway in settings.PAYMENT_GATEWAYS
        for day in days or last_days(now, DAYS_BACK)
    )
    match_lines(now=now)
    for tender in TENDERS:  # a slip may have come after its line
        match_slips(tender, now=now)
    book_transfers(now=now)
    open_difference_tasks(now=now)
    return new
