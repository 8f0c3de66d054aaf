"""Queries of Django's ORM whose SQL is put together once for each process, and given nothing but its values
after that.

Django puts the SQL of a query together each time: that costs the process half a millisecond for a plain one
and two for a join of five tables, while the database answers in a tenth of it. It was two fifths of what a
whole purchase cost (`python -m bookings.benchmarks --parts purchases`), so the statements of a purchase are
declared by `compiled` and `compiled_update`, and its rows are written by `insert_rows`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache, cached_property, lru_cache
from typing import Any, Final, Generic, ParamSpec, TypeVar

from django.db import connections, router
from django.db.models import AutoField, Expression, Field, Model, QuerySet
from django.db.models import query as django_query
from django.db.models.sql import UpdateQuery
from django.db.transaction import TransactionManagementError, mark_for_rollback_on_error

Row = TypeVar("Row")
P = ParamSpec("P")
RawRow = Sequence[Any]
_MOST_INSERTED: Final = 20  # rows, by one statement of their own


class Parameter(Expression):
    """A value that is not known yet."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


def compiled(build: Callable[P, QuerySet[Any, Row]]) -> CompiledQuery[P, Row]:
    """Decorator of a function that builds a QuerySet, of models or of `values_list`: called, it gives the
    rows as a list.

    The function is called once, with a `Parameter` for each of its arguments. Each stands on the right of a
    filter, where it takes one value: no model, no list, never None. Related objects come by `select_related`
    only.
    """
    return CompiledQuery(build)


def compiled_update(build: Callable[P, tuple[QuerySet[Any, Any], Mapping[str, Any]]]) -> CompiledUpdate[P]:
    """Decorator of a function that builds a QuerySet and what to set in its rows: called, it gives how many
    rows it has changed.

    Arguments are as for `compiled`. What is set may be an argument too, of a text, number, moment or
    JSON object.
    """
    return CompiledUpdate(build)


class _Compiled(Generic[P]):
    def __init__(self, build: Callable[P, Any]) -> None:
        self._build: Any = build
        self._names = tuple(inspect.signature(build).parameters)

    @cached_property
    def _built(self) -> Any:
        return self._build(*map(Parameter, self._names))

    def _named(self, args: tuple[Any, ...], options: Mapping[str, Any]) -> dict[str, Any]:
        return dict(zip(self._names, args, strict=False)) | dict(options)


class CompiledQuery(_Compiled[P], Generic[P, Row]):
    @cached_property
    def _statements(self) -> dict[str, _Select]:
        return {}

    def __call__(self, *args: P.args, **options: P.kwargs) -> list[Row]:
        using = self._built.db
        statement = self._statements.get(using) or self._statements.setdefault(
            using, _Select(self._built, using)
        )
        return statement.rows(connections[using], self._named(args, options))


class CompiledUpdate(_Compiled[P]):
    @cached_property
    def _statements(self) -> dict[str, _CompiledStatement]:
        return {}

    def __call__(self, *args: P.args, **options: P.kwargs) -> int:
        queryset, changes = self._built
        using = router.db_for_write(queryset.model)
        if using not in self._statements:
            query = queryset.query.chain(UpdateQuery)
            query.add_update_values(changes)
            query.clear_select_clause()
            self._statements[using] = _CompiledStatement(query.get_compiler(using))
        with mark_for_rollback_on_error(using), connections[using].cursor() as cursor:
            self._statements[using].execute(cursor, connections[using], self._named(args, options))
            return int(cursor.rowcount)


class _CompiledStatement:
    """SQL for one database, with parameters among its values."""

    def __init__(self, compiler: Any) -> None:
        self._sql, self._params = compiler.as_sql()

    def execute(self, cursor: Any, connection: Any, values: Mapping[str, Any]) -> None:
        given = [
            _adapted(values[param.name], connection) if isinstance(param, Parameter) else param
            for param in self._params
        ]
        cursor.execute(self._sql, given)


class _Select(_CompiledStatement):
    """Its rows become what the QuerySet would give."""

    def __init__(self, queryset: QuerySet[Any, Any], using: str) -> None:
        compiler: Any = queryset.query.get_compiler(using)
        super().__init__(compiler)
        self._locks = queryset.query.select_for_update
        self._converters = list(compiler.get_converters([column[0] for column in compiler.select]).items())
        is_tuples = issubclass(queryset._iterable_class, django_query.ValuesListIterable)
        self._make: Callable[[RawRow], Any] = tuple if is_tuples else _maker_of_models(compiler, using)

    def rows(self, connection: Any, values: Mapping[str, Any]) -> list[Any]:
        if self._locks and connection.get_autocommit():
            raise TransactionManagementError("select_for_update cannot be used outside of a transaction.")
        with connection.cursor() as cursor:
            self.execute(cursor, connection, values)
            rows = cursor.fetchall()
        return [self._make(row) for row in (self._converted(rows, connection) if self._converters else rows)]

    def _converted(self, rows: Sequence[RawRow], connection: Any) -> Iterator[RawRow]:
        for row in map(list, rows):
            for position, (converters, expression) in self._converters:
                for convert in converters:
                    row[position] = convert(row[position], expression, connection)
            yield row


def _maker_of_models(compiler: Any, using: str) -> Callable[[RawRow], Model]:
    """As Django's `ModelIterable` does it, with what depends on the query alone done once."""
    klass_info, annotations = compiler.klass_info, compiler.annotation_col_map or {}
    model, columns = klass_info["model"], klass_info["select_fields"]
    first, end = columns[0], columns[-1] + 1
    names = [column[0].target.attname for column in compiler.select[first:end]]
    populators_of: Any = django_query.get_related_populators
    populators = populators_of(klass_info, compiler.select, using)

    def make(row: RawRow) -> Model:
        instance: Model = model.from_db(using, names, row[first:end])
        for populator in populators:
            populator.populate(row, instance)
        for name, position in annotations.items():
            setattr(instance, name, row[position])
        return instance

    return make


def insert_rows(rows: Sequence[Model], *, ignore_conflicts: bool = False) -> None:
    """Write new rows of one model, which get their ids; a clash is an IntegrityError.

    As `bulk_create`, with the SQL of so many rows put together once. With `ignore_conflicts` rows that clash
    are left out, and none gets its id.
    """
    if not rows:
        return
    model = type(rows[0])
    using = router.db_for_write(model)
    connection = connections[using]
    if len(rows) > _MOST_INSERTED or not connection.features.can_return_rows_from_bulk_insert:
        model._default_manager.using(using).bulk_create(rows, ignore_conflicts=ignore_conflicts)
        return
    values = [
        field.get_db_prep_save(field.pre_save(row, True), connection)
        for row in rows
        for field in _written_fields(model)
    ]
    with mark_for_rollback_on_error(using), connection.cursor() as cursor:
        cursor.execute(_insert_sql(model, using, len(rows), ignore_conflicts), values)
        if ignore_conflicts:
            return
        ids = cursor.fetchall()
    for row, (row_id,) in zip(rows, ids, strict=True):
        row.pk, row._state.adding, row._state.db = row_id, False, using


@cache
def _written_fields(model: type[Model]) -> list[Field[Any, Any]]:
    """All but a key that the database numbers by itself."""
    return [field for field in model._meta.concrete_fields if not isinstance(field, AutoField)]


@lru_cache(maxsize=500)
def _insert_sql(model: type[Model], using: str, count: int, ignore_conflicts: bool) -> str:
    quote = connections[using].ops.quote_name
    columns = [quote(str(field.column)) for field in _written_fields(model)]
    row = f"({', '.join(['%s'] * len(columns))})"
    end = "ON CONFLICT DO NOTHING" if ignore_conflicts else f"RETURNING {quote(str(model._meta.pk.column))}"
    table = quote(model._meta.db_table)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * count)} {end}"


def set_related_rows(row: Model, name: str, related: list[Any]) -> None:
    """Let `row.name.all()` give what a compiled query has already read, as `prefetch_related` does."""
    rows = getattr(row, name).all()
    rows._result_cache, rows._prefetch_done = related, True
    row.__dict__.setdefault("_prefetched_objects_cache", {})[name] = rows


def _adapted(value: Any, connection: Any) -> Any:
    """As a field of a model would write it."""
    if value is None:
        raise ValueError("An argument of a compiled query cannot be None: nothing equals NULL.")
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, Decimal):
        return connection.ops.adapt_decimalfield_value(value)
    if isinstance(value, dict):
        return connection.ops.adapt_json_value(value, None)
    return value
