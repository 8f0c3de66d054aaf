"""Migrations without drawing up most models again and again.

After each operation Django makes the class of its model anew, and those of all models that are related to it:
a dozen times over by the newest migration, and that takes three quarters of the time. What operations write
into the database depends on the model itself, and on names and types of the others. So here one model is made
anew, and all of them before code that may ask for any: Django calls such a state delayed.

races/test_two_companies.py migrates PostgreSQL without this, and compares; database/test_quick_migrations.py
does so with SQLite.
"""

from typing import Any, Final

from django.db.migrations import RunPython
from django.db.migrations.state import ProjectState

_with_related: Final = ProjectState._find_reload_model
_run_backwards: Final = RunPython.database_backwards


def use_quick_migrations() -> None:
    """For all tests of this process."""
    ProjectState._find_reload_model = _find_reload_model
    RunPython.database_backwards = _database_backwards
    for change in ("rename_model", "rename_field"):
        setattr(ProjectState, change, _thoroughly(getattr(ProjectState, change)))


def _thoroughly(change: Any) -> Any:
    """Others know a model or field by its name, so that they are made anew with it."""

    def changed(state: ProjectState, *args: Any, **kwargs: Any) -> None:
        state._find_reload_model = _with_related.__get__(state)
        try:
            change(state, *args, **kwargs)
        finally:
            del state._find_reload_model

    return changed


def _find_reload_model(
    state: ProjectState, app_label: str, model_name: str, delay: bool = False
) -> set[tuple[str, str]]:
    state.is_delayed = True
    return {(app_label, model_name)}


def _database_backwards(
    operation: RunPython, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
) -> None:
    from_state.clear_delayed_apps_cache()
    _run_backwards(operation, app_label, schema_editor, from_state, to_state)
