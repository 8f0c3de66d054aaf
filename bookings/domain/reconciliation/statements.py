"""The statements of gateways: read, and kept line by line."""

import logging
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from django.db import IntegrityError

from bookings.database.transactions import short_transaction
from bookings.domain.reconciliation.days import business_day
from bookings.domain.reconciliation.postings import post_line
from bookings.domain.sales.gateways import StatementEntry, gateway_called
from bookings.models import StatementDay, StatementLine, User

logger = logging.getLogger("bookings.reconciliation")
_POSTED_ALONE: Final = (StatementLine.Kind.PAYOUT, StatementLine.Kind.FEE)


def read_statement(gateway: str, day: date, *, now: datetime) -> int:
    """Keep what a gateway tells of a day. Returns how many lines are new; 0, and the reason with the day,
    when it does not answer.
    """
    try:
        entries = gateway_called(gateway).statement(day)
    except Exception as error:  # whatever an adapter raises, the other gateways are read
        logger.exception("the statement of %s of %s cannot be read", gateway, day)
        problem = f"{type(error).__name__}: {error}"[:200]
        StatementDay.objects.update_or_create(gateway=gateway, day=day, defaults={"problem": problem})
        return 0
    if entries is None:
        return 0
    new = keep_lines(gateway, entries, now=now)
    note_day_read(gateway, day, now=now)
    return new


def note_day_read(gateway: str, day: date, *, now: datetime) -> None:
    StatementDay.objects.update_or_create(gateway=gateway, day=day, defaults={"read_at": now, "problem": ""})


def keep_lines(
    gateway: str,
    entries: Iterable[StatementEntry],
    *,
    by: User | None = None,
    approver: User | None = None,
    now: datetime,
) -> int:
    """Write the lines that are not here yet, with the postings of fees and payouts. Returns how many.

    `by` and `approver` have uploaded and signed them, where no gateway was asked.
    """
    lines = [
        StatementLine(
            gateway=gateway,
            line_id=entry.line_id[:120],
            kind=entry.kind,
            at=entry.at,
            day=business_day(entry.at),
            external_id=entry.external_id[:80],
            our_id=entry.our_id[:40],
            text=entry.text[:200],
            gross=entry.gross,
            fee=entry.fee,
            noted_at=now,
            noted_by=by,
            approver=approver,
        )
        for entry in entries
    ]
    days = {line.day for line in lines}
    known = set(StatementLine.objects.filter(gateway=gateway, day__in=days).values_list("line_id", flat=True))
    new = [line for line in lines if line.line_id not in known]
    posted = sum(_keep(line) for line in new if line.kind in _POSTED_ALONE)
    others = [line for line in new if line.kind not in _POSTED_ALONE]
    StatementLine.objects.bulk_create(others, batch_size=500, ignore_conflicts=True)
    return posted + len(others)


def _keep(line: StatementLine) -> bool:
    try:
        with short_transaction():
            line.save(force_insert=True)
            post_line(line, is_matched=False)
    except IntegrityError:  # somebody else reads the same statement just now
        return False
    return True
