"""The database of a test run is a copy: migrating takes seconds, every worker wants a database, and the
schema changes seldom.

On SQLite the template is a file in LOCAL_DIR, on PostgreSQL a database of the server. It is made again when
anything changes that decides its content.
"""

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import django
from django.conf import settings
from django.db import connection

_ROOT: Final = Path(__file__).resolve().parents[2]
_SOURCES: Final = (
    "bookings/migrations",
    "bookings/models",
    "bookings/database",
    "bookings/base",
    "bookings/apps.py",
)
_POSTGRES_TEMPLATE: Final = "falcon_test_template"
_POSTGRES_LOCK: Final = 708_311  # of whoever makes or copies the template


def schema_version() -> str:
    """The same for the same migrations, models and triggers, and the same Django."""
    digest = hashlib.sha256(f"{django.get_version()} {settings.INSTALLED_APPS}".encode())
    for source in _SOURCES:
        path = _ROOT / source
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def make_test_database() -> None:
    """Make the database that the settings name for tests anew, and connect to it from now on."""
    name = connection.settings_dict["TEST"]["NAME"] or f"test_{connection.settings_dict['NAME']}"
    if connection.vendor == "sqlite":
        _copy_file(Path(name))
    else:
        _copy_database(name)
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


def drop_test_database(usual: str) -> None:
    """Remove it; connections lead to the `usual` database again."""
    name = connection.settings_dict["NAME"]
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = usual
    if connection.vendor == "sqlite":
        _unlink(Path(name))
    else:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _migrate(name: str) -> None:
    test, usual = connection.settings_dict["TEST"], dict(connection.settings_dict)
    test_name = test["NAME"]
    test["NAME"] = name
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    finally:
        connection.close()
        test["NAME"] = test_name
        settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = usual["NAME"]


def _copy_file(target: Path) -> None:
    template = Path(settings.LOCAL_DIR) / f"test-template-{schema_version()}.sqlite3"
    with (template.parent / "test-template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            for old in template.parent.glob("test-template-*.sqlite3"):
                _unlink(old)
            unfinished = template.with_suffix(".new")
            _migrate(str(unfinished))
            unfinished.rename(template)
    _unlink(target)
    shutil.copyfile(template, target)


def _unlink(file: Path) -> None:
    """With its side files, which SQLite would take for those of the next database of this name."""
    for side in ("", "-wal", "-shm"):
        file.with_name(file.name + side).unlink(missing_ok=True)


def _copy_database(name: str) -> None:
    version = schema_version()
    with _locked_server() as cursor:
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            [_POSTGRES_TEMPLATE],
        )
        if cursor.fetchone() != (version,):
            _migrate(_POSTGRES_TEMPLATE)
            cursor.execute(f"COMMENT ON DATABASE {_POSTGRES_TEMPLATE} IS '{version}'")
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE {_POSTGRES_TEMPLATE} STRATEGY FILE_COPY')


@contextmanager
def _locked_server() -> Iterator[Any]:
    with connection._nodb_cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")  # another worker may take long to migrate
        cursor.execute("SELECT pg_advisory_lock(%s)", [_POSTGRES_LOCK])
        yield cursor
        cursor.execute("SELECT pg_advisory_unlock(%s)", [_POSTGRES_LOCK])
