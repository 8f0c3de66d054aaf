"""A movement that two files tell is one movement, however each of them prints it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from bookings.domain.reconciliation.days import business_day
from bookings.domain.reconciliation.slips import LEAST_KEY, key_of
from bookings.domain.sales.gateways import StatementEntry
from bookings.models import StatementLine


def told_anew(tender: str, entries: Sequence[StatementEntry]) -> list[StatementEntry]:
    """The entries of a file without those that another file has told in another format: of the same day and
    amount, with one's reference within what the other prints. Each line here is told by one entry only, so
    that two equal movements stay two. One query.
    """
    days = {business_day(entry.at) for entry in entries}
    ids = {entry.line_id[:120] for entry in entries}
    others: dict[tuple[date, Decimal], list[StatementLine]] = defaultdict(list)
    for line in StatementLine.objects.filter(gateway=tender, day__in=days).order_by("pk"):
        if line.line_id in ids:
            ids.discard(line.line_id)
        else:
            others[line.day, line.gross].append(line)
    new = []
    for entry in entries:
        candidates = others[business_day(entry.at), entry.gross]
        same = next((line for line in candidates if _is_same(line, entry)), None)
        if same is None or entry.line_id[:120] not in ids:
            new.append(entry)
        else:
            candidates.remove(same)
    return new


def _is_same(line: StatementLine, entry: StatementEntry) -> bool:
    if line.kind != entry.kind:
        return False
    return _is_within(line.external_id, f"{entry.external_id} {entry.text}") or _is_within(
        entry.external_id, f"{line.external_id} {line.text}"
    )


def _is_within(reference: str, printed: str) -> bool:
    key, whole = key_of(reference), key_of(printed)
    return key == whole or (len(key) >= LEAST_KEY and key in whole)
