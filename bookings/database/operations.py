"""For migrations of tables that people are selling from.

A migration with one of these says `atomic = False`.
"""

from typing import Any

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    ValidateConstraint,
)
from django.db.migrations import AddConstraint, AddIndex


class AddIndexBesideSales(AddIndexConcurrently):
    """An index that PostgreSQL makes while the table is written to. SQLite: as usual."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        else:
            AddIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
        else:
            AddIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)


class AddUniqueBesideSales(AddConstraint):
    """A unique constraint whose index PostgreSQL makes while the table is written to. SQLite: as usual."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif self.allow_migrate_model(schema_editor.connection.alias, model):
            unique: Any = self.constraint
            if unique.condition is None and not unique.expressions:
                self._add_by_its_index(model, unique, schema_editor)
                return
            made = str(self.constraint.create_sql(model, schema_editor))
            schema_editor.execute(made.replace("CREATE UNIQUE INDEX", "CREATE UNIQUE INDEX CONCURRENTLY", 1))

    def _add_by_its_index(self, model: Any, unique: Any, schema_editor: Any) -> None:
        quote = schema_editor.quote_name
        table, name = quote(model._meta.db_table), quote(unique.name)
        columns = ", ".join(quote(model._meta.get_field(field).column) for field in unique.fields)
        schema_editor.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({columns})")
        schema_editor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}")


class AddCheckBesideSales(AddConstraintNotValid):
    """A check that holds for new rows at once, and for the old ones when PostgreSQL has read them beside the
    sales. SQLite: as usual.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            ValidateConstraint(self.model_name, self.constraint.name).database_forwards(
                app_label, schema_editor, from_state, to_state
            )
        else:
            AddConstraint.database_forwards(self, app_label, schema_editor, from_state, to_state)


class ReplaceUniqueBesideSales(AddConstraint):
    """A unique constraint of expressions in the place of the one of that name; one of them always holds.

    PostgreSQL makes it as an index while the table is written to.
    """

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.remove_constraint(app_label, self.model_name_lower, self.constraint.name)
        super().state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._replace(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._replace(app_label, schema_editor, from_state, to_state)

    def _replace(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        before, after = (state.apps.get_model(app_label, self.model_name) for state in (from_state, to_state))
        old, new = (self._of(model) for model in (before, after))
        if schema_editor.connection.vendor != "postgresql" or not new.expressions:
            schema_editor.remove_constraint(before, old)
            schema_editor.add_constraint(after, new)
            return
        name, temporary = (schema_editor.quote_name(text) for text in (new.name, f"{new.name}_new"))
        statement = str(new.create_sql(after, schema_editor)).replace(name, temporary, 1)
        schema_editor.execute(statement.replace("UNIQUE INDEX", "UNIQUE INDEX CONCURRENTLY", 1))
        schema_editor.remove_constraint(before, old)
        schema_editor.execute(f"ALTER INDEX {temporary} RENAME TO {name}")

    def _of(self, model: Any) -> Any:
        return next(known for known in model._meta.constraints if known.name == self.constraint.name)
