"""How PostgreSQL answers what the site asks: each statement of a page or a sale, explained."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

# Tables that are large in the data of the benchmarks, so that the plans are those of a company in business
BIG: Final = frozenset(
    f"bookings_{name}"
    for name in ("schedule", "seatclaim", "order", "booking", "ticket", "bookingevent", "ledgerentry", "payment", "outboxmessage")
)
# Tables that grow as well but hold little there: what they are asked for must at least have an index.
GROWING: Final = BIG | frozenset(
    f"bookings_{name}"
    for name in ("hold", "holdtrip", "holdseat", "submission", "paymentattempt", "gatewaynotification", "accesslink", "refund", "note")
)
_EXPLAINED: Final = ("SELECT", "UPDATE", "DELETE", "WITH")


@dataclass(frozen=True)
class Statement:
    sql: str
    params: Any


@dataclass(frozen=True)
class Plan:
    """`whole`: tables that are read from end to end; `unaided`: those that have to be, as no index would help."""

    statement: Statement
    indexes: frozenset[str]
    whole: frozenset[str]
    unaided: frozenset[str]
    possible: frozenset[str]  # indexes where reading everything is discouraged


@contextmanager
def statements_of() -> Iterator[list[Statement]]:
    """What is sent to the database meanwhile, in order."""
    found: list[Statement] = []

    def note(execute: Callable, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        found.append(Statement(sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


def plan_of(statement: Statement) -> Plan | None:
    """None for what has no plan."""
    if not statement.sql.lstrip().upper().startswith(_EXPLAINED):
        return None
    usual, forced = _explain(statement, "on"), _explain(statement, "off")
    return Plan(statement, _indexes(usual), _whole(usual), _whole(forced), _indexes(forced))


def _explain(statement: Statement, seqscan: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET enable_seqscan = {seqscan}; SET random_page_cost = 1.1")  # as a server with an SSD is set up
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement.sql}", statement.params)
        answer = cursor.fetchone()[0]
        cursor.execute("RESET enable_seqscan; RESET random_page_cost")
    return list(_nodes((json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]))


def _indexes(nodes: list[dict[str, Any]]) -> frozenset[str]:
    return frozenset(node["Index Name"] for node in nodes if "Index Name" in node)


def _whole(nodes: list[dict[str, Any]]) -> frozenset[str]:
    return frozenset(node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan")


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
