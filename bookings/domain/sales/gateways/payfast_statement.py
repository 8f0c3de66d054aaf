"""The history of Payfast as lines of a statement."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from bookings.domain.sales.gateways import StatementEntry
from bookings.domain.sales.gateways.payfast_api import FUNDS_RECEIVED, HistoryRow
from bookings.models import StatementLine

_Kind = StatementLine.Kind
# What a type has in its name, the first that fits. Only FUNDS_RECEIVED and its refund are documented: a type
# that nobody expected is a line that a person looks at.
_KINDS: Final = (
    ("CHARGEBACK", _Kind.CHARGEBACK),
    ("REFUND", _Kind.REFUND),
    ("PAYOUT", _Kind.PAYOUT),
    ("WITHDRAWAL", _Kind.PAYOUT),
    ("FEE", _Kind.FEE),
    (FUNDS_RECEIVED, _Kind.PAYMENT),
)


def statement_entries(rows: Iterable[HistoryRow]) -> list[StatementEntry]:
    """The history has no number of a line, so one is made of its content; equal ones are counted."""
    entries, seen = [], Counter[str]()
    for row in rows:
        key = f"{row.kind}:{row.external_id}:{row.at:%Y%m%d%H%M%S}:{row.gross}"
        seen[key] += 1
        entries.append(
            StatementEntry(
                line_id=f"{key}:{seen[key]}",
                kind=_kind(row),
                at=row.at,
                gross=row.gross,
                fee=row.fee,
                external_id=row.external_id,
                our_id=row.our_id,
                text=row.text,
            )
        )
    return entries


def _kind(row: HistoryRow) -> StatementLine.Kind:
    return next((kind for word, kind in _KINDS if word in row.kind), _Kind.OTHER)
