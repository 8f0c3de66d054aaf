"""What must always be true of the sums of business days. Queries that should find nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from bookings.domain.reports.day_sums import rows_up_to
from bookings.domain.reports.sum_sources import FROZEN, SOURCES
from bookings.models import DailySum, SumCursor

_Sums = dict[tuple[date, int, str], tuple[int, int, int]]


def sums_are_those_of_their_rows(now: datetime) -> Iterator[object]:
    """Each daily sum is what the rows up to the cursor come to, and none of them is missing.

    Where a row may come to belong to another thing after it was summed, all things of a day together.
    """
    cursors = dict(SumCursor.objects.values_list("table", "summed_to"))
    if not any(cursors.values()) and not DailySum.objects.exists():
        return
    for by, source in SOURCES.items():
        stored = DailySum.objects.filter(by=by).values_list(
            "day", "branch", "key", "positive", "negative", "quantity"
        )
        right = rows_up_to(by, cursors.get(source.table, 0))
        sums, due = (
            _merged(rows, has_keys=by in FROZEN)
            for rows in ((((d, b, k), v) for d, b, k, *v in stored), right)
        )
        for place in sorted(sums.keys() | due.keys()):
            if sums.get(place, (0, 0, 0)) != due.get(place, (0, 0, 0)):
                yield f"{by} {place[0]} {place[2]}".rstrip()


def _merged(rows: Iterable[tuple[tuple[date, int, str], Iterable[int]]], *, has_keys: bool) -> _Sums:
    sums: dict[tuple[date, int, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for (day, branch, key), values in rows:
        place = (day, branch, key if has_keys else "")
        sums[place] = [first + second for first, second in zip(sums[place], values, strict=True)]
    return {place: (values[0], values[1], values[2]) for place, values in sums.items()}
