"""A migration runs while people buy and while the version before it still serves: what could stop either says
so.

The rules are in falcon_web/DEPLOY.md, "Releases". A migration that breaks one on purpose carries `because =
"…"`, the reason why it may.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import pytest
from django.db import migrations, models
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from bookings.database.operations import (
    AddCheckBesideSales,
    AddIndexBesideSales,
    AddUniqueBesideSales,
    ReplaceUniqueBesideSales,
)

_BESIDE_SALES: Final = (
    AddIndexBesideSales,
    AddCheckBesideSales,
    AddUniqueBesideSales,
    ReplaceUniqueBesideSales,
)
LIVE_FROM: Final = "0001_foundation"  # made before anything was live


def problems(migration: migrations.Migration, before: ProjectState) -> Iterator[str]:
    """What the migration does to tables that exist already."""
    old, state = {name for _app, name in before.models}, before.clone()
    for operation in migration.operations:
        name = (getattr(operation, "model_name", "") or getattr(operation, "name", "")).lower()
        if name in old and (found := _problem(operation, state, name)):
            yield f"{migration.name}: {operation.describe()}: {found}"
        if isinstance(operation, _BESIDE_SALES) and migration.atomic:
            yield f"{migration.name}: {operation.describe()}: wants atomic = False"
        operation.state_forwards(migration.app_label, state)


def _problem(operation: Operation, state: ProjectState, name: str) -> str:
    if isinstance(operation, migrations.AddIndex) and not isinstance(operation, _BESIDE_SALES):
        return "nobody can sell while it is made; use AddIndexBesideSales"
    if isinstance(operation, migrations.AddConstraint) and not isinstance(operation, _BESIDE_SALES):
        return "nobody can sell while every row is checked; a check can be added by AddCheckBesideSales"
    if isinstance(operation, migrations.RemoveField | migrations.DeleteModel):
        return "the version before it still asks for it; stop using it one release earlier"
    if isinstance(operation, migrations.RenameField | migrations.RenameModel | migrations.AlterModelTable):
        return "the version before it knows the old name only; add a new one, copy, drop the old one later"
    if isinstance(operation, migrations.AddField):
        return _new_column(operation.field)
    if isinstance(operation, migrations.AlterField):
        return _changed_column(state.models["bookings", name].fields[operation.name], operation.field)
    return ""


def _new_column(field: models.Field) -> str:
    if not field.null and not field.many_to_many and not field.has_db_default():
        return "the version before it cannot write rows any more; give it null=True or a db_default"
    if field.unique or field.db_index:
        return "nobody can sell while its index is made; add the index by AddIndexBesideSales"
    return ""


def _changed_column(was: models.Field, now: models.Field) -> str:
    if was.null and not now.null:
        return "nobody can sell while every row is checked"
    if (now.unique and not was.unique) or (now.db_index and not was.db_index):
        return "nobody can sell while its index is made"
    shorter = (now.max_length or 0) < (was.max_length or 0)
    if (
        type(was) is not type(now)
        or shorter
        or getattr(was, "decimal_places", 0) != getattr(now, "decimal_places", 0)
    ):
        return "the whole table is written anew"
    return ""


def test_no_migration_stops_the_sales_unknowingly() -> None:
    loader = MigrationLoader(None)
    ours = sorted(key for key in loader.graph.nodes if key[0] == "bookings")
    found = []
    for key in ours:
        migration = loader.graph.nodes[key]
        if migration.name > LIVE_FROM and not getattr(migration, "because", ""):
            found += problems(migration, loader.project_state([*migration.dependencies]))

    assert found == []


def undistributable(operations: Sequence[Operation]) -> Iterator[str]:
    """What a distributed schema refuses.

    A column that is added together with a CHECK without a name (falcon_web/SCALING.md).
    """
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from undistributable(operation.database_operations)
        elif isinstance(operation, migrations.RunSQL):
            yield from (
                f"{sql}: {_BY_ITSELF}" for sql in _statements(operation.sql) if _UNNAMED_CHECK.search(sql)
            )
        elif (
            isinstance(operation, migrations.AddField)
            and operation.field.get_internal_type() in _TYPES_WITH_CHECK
        ):
            yield f"{operation.describe()}: {_BY_ITSELF}"


_BY_ITSELF: Final = (
    "no distributed schema takes a column with a CHECK that has no name; "
    "add an IntegerField, then AddCheckBesideSales"
)
_TYPES_WITH_CHECK: Final = (
    DatabaseWrapper.data_type_check_constraints.keys()
)  # PositiveIntegerField and its kin
_UNNAMED_CHECK: Final = re.compile(r"\bADD\s+COLUMN\b(?:(?!\bCONSTRAINT\b)[^;])*?\bCHECK\b", re.I)


def _statements(sql: str | Sequence) -> list[str]:
    """Of the forms that RunSQL takes: one text, or a list of texts, each perhaps with its parameters."""
    return (
        [sql]
        if isinstance(sql, str)
        else [statement if isinstance(statement, str) else statement[0] for statement in sql]
    )


def test_no_migration_adds_a_column_that_a_distributed_schema_refuses() -> None:
    """No `because` excuses it: whoever has such schemas could not migrate at all."""
    loader = MigrationLoader(None)
    ours = sorted(key for key in loader.graph.nodes if key[0] == "bookings" and key[1] > LIVE_FROM)

    assert [words for key in ours for words in undistributable(loader.graph.nodes[key].operations)] == []


def test_no_new_version_of_a_package_adds_such_a_column() -> None:
    """What is listed is the reason why a schema is migrated before it is distributed.

    A longer list stops every distributed company.
    """
    graph = MigrationLoader(None).graph
    others = sorted(key for key in graph.nodes if key[0] != "bookings")

    refused = {
        f"{app}.{name}" for app, name in others if list(undistributable(graph.nodes[app, name].operations))
    }

    assert refused == {"otp_static.0002_throttling", "otp_totp.0002_auto_20190420_0723"}


_POSITIVE = migrations.AddField("schedule", "remarks", models.PositiveSmallIntegerField(null=True))
_ADD = "ALTER TABLE bookings_schedule ADD COLUMN remarks integer"


@pytest.mark.parametrize(
    ("operation", "is_refused"),
    [
        (_POSITIVE, True),
        (migrations.AddField("schedule", "remarks", models.PositiveBigIntegerField(null=True)), True),
        (migrations.SeparateDatabaseAndState(database_operations=[_POSITIVE]), True),
        (migrations.SeparateDatabaseAndState(state_operations=[_POSITIVE]), False),
        (migrations.RunSQL(f"{_ADD} CHECK (remarks > 0)"), True),
        (migrations.RunSQL([(f"{_ADD} CHECK (remarks > %s)", [0])]), True),
        (migrations.RunSQL(f"{_ADD} CONSTRAINT positive_remarks CHECK (remarks > 0)"), False),
        (
            migrations.RunSQL([_ADD, "ALTER TABLE bookings_schedule ADD CONSTRAINT x CHECK (remarks > 0)"]),
            False,
        ),
        (migrations.AddField("schedule", "remarks", models.IntegerField(null=True)), False),
        (migrations.AlterField("schedule", "remarks", models.PositiveIntegerField(null=True)), False),
        (migrations.CreateModel("Remark", [("count", models.PositiveIntegerField())]), False),
    ],
)
def test_a_distributed_schema_refuses_a_column_with_an_unnamed_check(
    operation: Operation, is_refused: bool
) -> None:
    """As Citus 13.2 does."""
    assert len(list(undistributable([operation]))) == is_refused


_CHECK = models.CheckConstraint(condition=models.Q(coach__gt=0), name="x")
_TEXT = models.CharField(max_length=20, db_default="")


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        (migrations.AddIndex("schedule", models.Index(fields=["coach"], name="x")), "AddIndexBesideSales"),
        (AddIndexBesideSales("schedule", models.Index(fields=["coach"], name="x")), "atomic = False"),
        (migrations.AddConstraint("schedule", _CHECK), "every row"),
        (AddCheckBesideSales("schedule", _CHECK), "atomic = False"),
        (
            migrations.AddField("schedule", "remark", models.CharField(max_length=20, default="")),
            "db_default",
        ),
        (
            migrations.AddField(
                "schedule", "branch", models.ForeignKey("bookings.Branch", models.CASCADE, null=True)
            ),
            "index",
        ),
        (migrations.AddField("schedule", "remark", _TEXT), ""),
        (migrations.RemoveField("schedule", "coach"), "one release earlier"),
        (migrations.RenameField("schedule", "coach", "vehicle"), "old name"),
        (migrations.AlterField("schedule", "coach", models.TextField()), "anew"),
        (migrations.AlterField("schedule", "coach", models.PositiveSmallIntegerField(default=2)), ""),
        (migrations.CreateModel("Remark", [("id", models.BigAutoField(primary_key=True))]), ""),
    ],
)
def test_the_check_itself_tells_right_from_wrong(operation: Operation, says: str) -> None:
    migration = migrations.Migration("9999_probe", "bookings")
    migration.operations = [operation]
    before = MigrationLoader(None).project_state()

    found = list(problems(migration, before))

    assert len(found) == bool(says), found
    assert says in "".join(found)
