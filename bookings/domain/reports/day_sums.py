"""The sums of each business day, from order lines and the ledger, which are append-only.

A cursor for each table says up to which id its rows are summed; sums and cursor change in one transaction, so
that no row is counted twice or never. Ids are given before rows are committed: on PostgreSQL the cursor
therefore waits for each transaction that wrote to the table when its last row was seen, as only those can
still add a lower one. The rows behind the cursor, those of the last minutes, are summed when a report is
asked for. A sale writes nothing for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.db.models import Max, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate

from bookings.base.money import cents, rand
from bookings.database.transactions import short_transaction
from bookings.domain.reconciliation.days import SOUTH_AFRICA, first_moment
from bookings.domain.reports.sum_sources import SOURCES, Source, key_of
from bookings.models import DailySum, SumCursor, Total

STEP: Final = 50_000  # rows that are summed in one transaction
_MOST_STEPS: Final = 100  # of a run
_TRIES: Final = 5
_ONE_DAY: Final = timedelta(days=1)
_TABLES: Final = {source.table: source.model for source in SOURCES.values()}
_Key = tuple[date, int, str]


@dataclass(frozen=True)
class SumQuery:
    """Which sums: by what, of which business days, both within, of a branch or of all."""

    by: str
    first: date
    last: date
    branch: int | None = None
    has_days: bool = False  # each day apart
    by_branch: bool = False  # the key of a sum is its branch, "" for none
    keys: tuple[str, ...] = ()  # of these things alone


@dataclass(frozen=True)
class KeySum:
    """What a thing comes to; `day` is None where days are not apart. Amounts in rand."""

    key: str
    day: date | None
    positive: Decimal
    negative: Decimal
    quantity: int

    @property
    def net(self) -> Decimal:
        return self.positive + self.negative


def list_sums(query: SumQuery) -> list[KeySum]:
    """Four queries, on whichever database the reader reads. Exact at any moment: what the cursor has not
    reached is added from the rows themselves.
    """
    table = SOURCES[query.by].table
    sums: dict[tuple[str, date | None], list[int]] = {}
    for _try in range(_TRIES):
        summed_to = _summed_to(table)
        sums = _summed(query)
        for (day, branch, key), values in _of_rows(query, summed_to):
            key = _branch_key(branch) if query.by_branch else key
            place = (key, day if query.has_days else None)
            sums[place] = [a + b for a, b in zip(sums.get(place, (0, 0, 0)), values, strict=True)]
        if _summed_to(table) == summed_to:  # else the cursor went on between the two
            break
    return [
        KeySum(key, day, rand(positive), rand(negative), quantity)
        for (key, day), (positive, negative, quantity) in sums.items()
        if positive or negative or quantity
    ]


def sum_days() -> int:
    """Let the sums take up what is settled; returns by how many ids they went on, 0 if there was nothing."""
    return sum(_sum_table(table) for table in _TABLES)


def rows_up_to(by: str, summed_to: int) -> Iterator[tuple[_Key, tuple[int, int, int]]]:
    """What the sums by one thing must be, from the rows up to this id: for the invariant."""
    source = SOURCES[by]
    yield from _grouped(source, source.model._default_manager.filter(source.only, pk__lte=summed_to))


def _summed_to(table: str) -> int:
    return SumCursor.objects.filter(pk=table).values_list("summed_to", flat=True).first() or 0


def _summed(query: SumQuery) -> dict[tuple[str, date | None], list[int]]:
    rows = DailySum.objects.filter(by=query.by, day__gte=query.first, day__lte=query.last)
    if query.branch is not None:
        rows = rows.filter(branch=query.branch)
    if query.keys:
        rows = rows.filter(key__in=query.keys)
    fields = ["branch" if query.by_branch else "key", *(["day"] if query.has_days else [])]
    sums = rows.order_by().values_list(*fields).annotate(Sum("positive"), Sum("negative"), Sum("quantity"))
    stored = {}
    for row in sums:
        key = _branch_key(row[0]) if query.by_branch else row[0]
        stored[key, row[1] if query.has_days else None] = list(map(int, row[-3:]))
    return stored


def _branch_key(branch: int) -> str:
    return str(branch) if branch else ""


def _of_rows(query: SumQuery, summed_to: int) -> Iterator[tuple[_Key, tuple[int, int, int]]]:
    source = SOURCES[query.by]
    rows = source.model._default_manager.filter(
        source.only,
        pk__gt=summed_to,
        at__gte=first_moment(query.first),
        at__lt=first_moment(query.last + _ONE_DAY),
    )
    for place, values in _grouped(source, rows):
        if query.branch in (None, place[1]) and (not query.keys or place[2] in query.keys):
            yield place, values


def _grouped(source: Source, rows: QuerySet[Any]) -> Iterator[tuple[_Key, tuple[int, int, int]]]:
    sums = (
        rows.order_by()
        .annotate(sum_day=TruncDate("at", tzinfo=SOUTH_AFRICA), sum_branch=source.branch)
        .values_list("sum_day", "sum_branch", *source.keys)
        .annotate(
            sum_positive=Coalesce(Total("amount", filter=Q(amount__gt=0)), Decimal(0)),
            sum_negative=Coalesce(Total("amount", filter=Q(amount__lt=0)), Decimal(0)),
            sum_quantity=source.quantity,
        )
    )
    for day, branch, *keys, positive, negative, quantity in sums:
        yield (day, branch, key_of(tuple(keys))), (_in_cents(positive), _in_cents(negative), quantity)


def _in_cents(amount: Decimal) -> int:
    return int(cents(amount).scaleb(2))


def _sum_table(table: str) -> int:
    summed = 0
    SumCursor.objects.get_or_create(pk=table)
    for _step in range(_MOST_STEPS):
        with short_transaction():
            cursor = SumCursor.objects.select_for_update().get(pk=table)
            taken = _take_up(cursor)
        summed += taken
        if not taken:
            break
    return summed


def _take_up(cursor: SumCursor) -> int:
    """Sum the next rows that are settled. Holds the cursor."""
    rows = _TABLES[cursor.table]._default_manager
    if cursor.seen_to == cursor.summed_to:
        # First the row, then the writers: whoever was given a lower id is among them, or has ended
        cursor.seen_to = max(rows.aggregate(last=Max("pk"))["last"] or 0, cursor.summed_to)
        cursor.waits_for = sorted(_writers(cursor.table))
        cursor.save(update_fields=["seen_to", "waits_for"])
    if cursor.seen_to == cursor.summed_to or _writers(cursor.table).intersection(cursor.waits_for):
        return 0
    end = min(cursor.seen_to, cursor.summed_to + STEP)
    for by, source in SOURCES.items():
        if source.table == cursor.table:
            some = rows.filter(source.only, pk__gt=cursor.summed_to, pk__lte=end)
            _add(by, dict(_grouped(source, some)))
    taken, cursor.summed_to = end - cursor.summed_to, end
    cursor.save(update_fields=["summed_to"])
    return taken


def _writers(table: str) -> set[str]:
    """The transactions of others that have written to the table, or are about to. SQLite: there are none."""
    if connection.vendor != "postgresql":
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT virtualtransaction FROM pg_locks WHERE relation = to_regclass(%s) "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()",
            [connection.ops.quote_name(_TABLES[table]._meta.db_table)],
        )
        return {transaction for (transaction,) in cursor.fetchall()}


def _add(by: str, sums: dict[_Key, tuple[int, int, int]]) -> None:
    """Add them to what is there, in one order."""
    merged: dict[_Key, list[int]] = defaultdict(lambda: [0, 0, 0])
    for key, values in sums.items():
        merged[key] = [first + second for first, second in zip(merged[key], values, strict=True)]
    table = connection.ops.quote_name(DailySum._meta.db_table)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} (day, branch, key, positive, negative, quantity, by) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (by, day, branch, key) DO UPDATE SET "
            f"positive = {table}.positive + excluded.positive, "
            f"negative = {table}.negative + excluded.negative, "
            f"quantity = {table}.quantity + excluded.quantity",
            [[*key, *values, by] for key, values in sorted(merged.items())],
        )
