"""How PostgreSQL answers what the site asks: each statement of a page or a sale, explained."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from django.db import connection
from psycopg.adapt import PyFormat

# Tables that are large in the data of the benchmarks, so that the plans are those of a company in business
BIG: Final = frozenset(
    f"bookings_{name}"
    for name in (
        "schedule",
        "seatclaim",
        "order",
        "booking",
        "ticket",
        "bookingevent",
        "ledgerentry",
        "payment",
        "outboxmessage",
    )
)
# Tables that grow as well but hold little there: what they are asked for must at least have an index.
GROWING: Final = BIG | frozenset(
    f"bookings_{name}"
    for name in (
        "hold",
        "holdtrip",
        "holdseat",
        "submission",
        "paymentattempt",
        "gatewaynotification",
        "accesslink",
        "refund",
        "note",
    )
)
_CUSTOM_PLANS: Final = 5  # after so many PostgreSQL compares what they cost with one plan for all values
_EXPLAINED: Final = ("SELECT", "UPDATE", "DELETE", "WITH")


@dataclass(frozen=True)
class Statement:
    sql: str
    params: Any


@dataclass(frozen=True)
class Plan:
    """`whole`: tables that are read from end to end; `unaided`: those that have to be, as no index would
    help.

    `sixth` is how the statement is answered once it is prepared and has been executed five times: from then
    on PostgreSQL may take one plan for all values, which knows none of them.
    """

    statement: Statement
    indexes: frozenset[str]
    whole: frozenset[str]
    unaided: frozenset[str]
    possible: frozenset[str]  # indexes where reading everything is discouraged
    sixth: frozenset[str]  # indexes
    sixth_whole: frozenset[str]


@contextmanager
def statements_of() -> Iterator[list[Statement]]:
    """What is sent to the database meanwhile, in order."""
    statements: list[Statement] = []

    def note(execute: Callable, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        statements.append(Statement(sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield statements


def plan_of(statement: Statement) -> Plan | None:
    """None for what has no plan."""
    if not statement.sql.lstrip().upper().startswith(_EXPLAINED):
        return None
    with _planner(seqscan="on"):
        usual, sixth = _explain(statement.sql, statement.params), _explain_sixth(statement)
    with _planner(seqscan="off"):
        forced = _explain(statement.sql, statement.params)
    return Plan(
        statement,
        _indexes(usual),
        _whole(usual),
        _whole(forced),
        _indexes(forced),
        _indexes(sixth),
        _whole(sixth),
    )


@contextmanager
def _planner(*, seqscan: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET enable_seqscan = {seqscan}; SET random_page_cost = 1.1"
        )  # as a server with an SSD is set up
        yield
        cursor.execute("RESET enable_seqscan; RESET random_page_cost")


def _explain(sql: str, params: Any = None) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        answer = cursor.fetchone()[0]
    return list(_nodes((json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]))


def _explain_sixth(statement: Statement) -> list[dict[str, Any]]:
    """As psycopg prepares it. Explaining an execution counts as one, and changes nothing."""
    raw, params = connection.connection, statement.params or ()
    numbered = (
        statement.sql.replace("%%", "%")
        if not params
        else statement.sql % tuple(f"${number + 1}" for number in range(len(params)))
    )
    prepared = raw.pgconn.prepare(b"plan", numbered.encode(), [_type_of(value, raw) for value in params])
    if prepared.status != psycopg.pq.ExecStatus.COMMAND_OK:
        raise RuntimeError(prepared.get_error_message())
    values = ", ".join(["%s"] * len(params))
    execution = psycopg.ClientCursor(raw).mogrify(
        f"EXECUTE plan({values})" if values else "EXECUTE plan", params
    )
    for _time in range(_CUSTOM_PLANS):
        _explain(execution)
    sixth = _explain(execution)
    raw.execute("DEALLOCATE plan", prepare=False)
    return sixth


def _type_of(value: Any, raw: psycopg.Connection) -> int:
    """The type that psycopg sends with a value."""
    dumper = raw.adapters.get_dumper(type(value), PyFormat.AUTO)(type(value), raw)
    return dumper.upgrade(value, PyFormat.AUTO).oid


def _indexes(nodes: list[dict[str, Any]]) -> frozenset[str]:
    return frozenset(node["Index Name"] for node in nodes if "Index Name" in node)


def _whole(nodes: list[dict[str, Any]]) -> frozenset[str]:
    return frozenset(node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan")


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
