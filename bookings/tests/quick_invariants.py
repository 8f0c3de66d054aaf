"""The invariants in one statement.

A test that moves money ends by asking for violations, and Django puts the hundred queries of that together
anew each time: it takes ten times as long as the database takes to answer them. So each process puts them
together once, by running the checks as they are. What a check asked on that occasion, and got no row for, is
from then on asked of all checks at once. A check for which there is a row now runs as it is; so does, each
time, a check whose queries have rows when all is well.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.db import connection

from bookings.database.transactions import one_moment
from bookings.domain.integrity import invariants
from bookings.domain.integrity.invariants import Violation

Check = Callable[[datetime], Iterator[object]]
_PLAIN: Final = (bool, int, float, str, Decimal, timedelta)
_SQLITE_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Moment:
    """A parameter that depends on the time at which the invariants are asked for."""

    after: timedelta

    def at(self, now: datetime) -> object:
        return connection.ops.adapt_datetimefield_value(now + self.after)


@dataclass(frozen=True)
class Question:
    """One query of a check."""

    sql: str
    params: tuple[object, ...]


_asked: Final[dict[tuple[object, ...], dict[str, list[Question]]]] = {}


def use_quick_invariants() -> None:
    """For all tests of this process."""
    invariants._found_by = _violations  # type: ignore[assignment]


def _violations(checks: Mapping[str, Check], now: datetime) -> list[Violation]:
    known = _asked.setdefault(_circumstances(checks), {})
    with one_moment():
        suspects = _with_rows(known, now)
        return [
            Violation(rule, subject)
            for rule, check in checks.items()
            if rule not in known or rule in suspects
            for subject in _run(rule, check, now, known)
        ]


def _circumstances(checks: Mapping[str, Check]) -> tuple[object, ...]:
    """What the SQL of the checks may depend on, beside the time."""
    values = {name: getattr(settings, name) for name in dir(settings) if name.isupper()}
    plain = tuple((name, value) for name, value in values.items() if isinstance(value, _PLAIN))
    return connection.vendor, *checks.values(), *plain


def _run(rule: str, check: Check, now: datetime, known: dict[str, list[Question]]) -> list[str]:
    questions: list[Question] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        questions.append(Question(sql, tuple(_param(value, now) for value in params or ())))
        return execute(sql, params, many, context)

    known.pop(rule, None)
    with connection.execute_wrapper(note):
        found = [str(subject) for subject in check(now)]
    if (
        not found
        and questions
        and all(map(_can_be_asked_again, questions))
        and not _with_rows({rule: questions}, now)
    ):
        known[rule] = questions
    return found


def _param(value: object, now: datetime) -> object:
    if isinstance(value, str) and _SQLITE_MOMENT.fullmatch(value):
        value = datetime.fromisoformat(value).replace(tzinfo=UTC)
    return Moment(value - now) if isinstance(value, datetime) else value


def _can_be_asked_again(question: Question) -> bool:
    """With another time: nothing in it is a day, or a time that has nothing to do with that of the check."""
    return question.sql.startswith("SELECT") and not any(
        bool(param.after % timedelta(minutes=1))
        if isinstance(param, Moment)
        else isinstance(param, date) or (isinstance(param, str) and _DAY.fullmatch(param))
        for param in question.params
    )


def _with_rows(questions: Mapping[str, Sequence[Question]], now: datetime) -> set[str]:
    """The checks of which any query has a row now."""
    if not questions:
        return set()
    rules, parts, params = list(questions), [], []
    for number, rule in enumerate(rules):
        any_row = " OR ".join(f"EXISTS ({question.sql})" for question in questions[rule])
        parts.append(f"SELECT {number} WHERE {any_row}")
        params += [
            param.at(now) if isinstance(param, Moment) else param
            for question in questions[rule]
            for param in question.params
        ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), params)
        return {rules[number] for (number,) in cursor.fetchall()}
