"""Counts what a request asks of the databases, and remembers what took long.

One wrapper around every query of every connection.
"""

import logging
import sys
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Any, Final

from django.conf import settings

from bookings.base.logs import Fields

logger = logging.getLogger("bookings.queries")
_MOST_SQL: Final = 1000
_MOST_COLLECTED: Final = 50
_OWN_TABLE: Final = "bookings_slowquery"  # keeping them is not to keep itself busy


class Tally:
    """Queries of one request, on all databases together."""

    __slots__ = ("queries", "seconds")

    def __init__(self) -> None:
        self.queries = 0
        self.seconds = 0.0


@dataclass
class SlowStatement:
    """A statement, without its values, at one place of our code, and how often it was slow since the last
    look.
    """

    sql: str
    place: str
    times: int = 0
    total_ms: float = 0.0
    longest_ms: float = 0.0


tally: ContextVar[Tally | None] = ContextVar("tally", default=None)
_slow: dict[tuple[str, str], SlowStatement] = {}


def watch_connection(connection: Any, **_signal: object) -> None:
    """For the signal that Django sends for each connection, of whichever database and thread."""
    if watched not in connection.execute_wrappers:
        connection.execute_wrappers.append(watched)


def watched(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    started = perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        took, sql = perf_counter() - started, str(sql)
        own_tally = tally.get()
        if own_tally is not None:
            own_tally.queries += 1
            own_tally.seconds += took
        if settings.SLOW_QUERY_MS and took * 1000 >= settings.SLOW_QUERY_MS and _OWN_TABLE not in sql:
            _note_slow(sql, took * 1000)


def _note_slow(sql: str, ms: float) -> None:
    sql, place = " ".join(sql.split())[:_MOST_SQL], _place()
    logger.warning(Fields(ms=round(ms), place=place, sql=sql))
    known = _slow.get((place, sql))
    if known is None:
        if len(_slow) >= _MOST_COLLECTED:  # nobody collects them; the log has them all
            return
        known = _slow[place, sql] = SlowStatement(sql, place)
    known.times += 1
    known.total_ms += ms
    known.longest_ms = max(known.longest_ms, ms)


def _place() -> str:
    """Where our own code asked: file and line, from the top of the project."""
    ours, here = f"{Path(settings.BASE_DIR) / 'bookings'}/", __file__
    frame: FrameType | None = sys._getframe(1)
    while frame:
        name = frame.f_code.co_filename
        if name.startswith(ours) and name != here:
            return f"{name.removeprefix(f'{settings.BASE_DIR}/')}:{frame.f_lineno}"
        frame = frame.f_back
    return "outside"


def has_slow_queries() -> bool:
    return bool(_slow)


def take_slow_queries() -> list[SlowStatement]:
    """What was slow in this process since the last call."""
    taken = []
    while _slow:
        taken.append(_slow.popitem()[1])
    return taken
