"""The database of a test run is a copy: migrating takes seconds, every worker wants a database, and the
schema changes seldom.

What was migrated is kept for the next run, in FALCON_TEMPLATES or else in LOCAL_DIR: as a file on SQLite, as
a dump on PostgreSQL, where each server of tests has a database of it. It is made again when anything changes
that decides its content.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.db import connection

from bookings.tests.replica import as_postgres

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
    template = keep_template("sqlite3", lambda unfinished: _migrate(str(unfinished)))
    _unlink(target)
    shutil.copyfile(template, target)


def keep_template(kind: str, make: Callable[[Path], None]) -> Path:
    """The file of this schema, which is made by the first that wants it; those of older schemas go."""
    folder = Path(os.environ.get("FALCON_TEMPLATES") or settings.LOCAL_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"test-template-{schema_version()}.{kind}"
    with (folder / f"test-template-{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            for old in folder.glob(f"test-template-*.{kind}"):
                _unlink(old)
            unfinished = kept.with_name(f"{kept.name}.new")  # which those of the other kind do not write to
            _unlink(unfinished)
            make(unfinished)
            unfinished.rename(kept)
    return kept


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
            cursor.execute(f"DROP DATABASE IF EXISTS {_POSTGRES_TEMPLATE} WITH (FORCE)")
            dump = keep_template("dump", _dump_migrated)
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_POSTGRES_TEMPLATE])
            if not cursor.fetchone():
                cursor.execute(f"CREATE DATABASE {_POSTGRES_TEMPLATE}")
                _restore(dump, _address(_POSTGRES_TEMPLATE))
            cursor.execute(f"COMMENT ON DATABASE {_POSTGRES_TEMPLATE} IS '{version}'")
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE {_POSTGRES_TEMPLATE} STRATEGY FILE_COPY')


def fill_new_database(address: str) -> None:
    """Let an empty PostgreSQL database at this address be as migrations would make it."""
    _restore(keep_template("dump", _dump_migrated), address)


def _dump_migrated(file: Path) -> None:
    _migrate(_POSTGRES_TEMPLATE)
    with file.open("wb") as dump:
        as_postgres(
            "pg_dump", "-Fc", _address(_POSTGRES_TEMPLATE), stdout=dump, capture_output=False, text=False
        )


def _restore(dump: Path, address: str) -> None:
    with dump.open("rb") as file:
        as_postgres("pg_restore", "--exit-on-error", "-d", address, stdin=file)


def _address(name: str) -> str:
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@contextmanager
def _locked_server() -> Iterator[Any]:
    with connection._nodb_cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")  # another worker may take long to migrate
        cursor.execute("SELECT pg_advisory_lock(%s)", [_POSTGRES_LOCK])
        yield cursor
        cursor.execute("SELECT pg_advisory_unlock(%s)", [_POSTGRES_LOCK])
