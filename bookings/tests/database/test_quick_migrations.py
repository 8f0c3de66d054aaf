"""SQLite as an operator migrates it, and as the databases of tests are migrated."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from django.db import connection

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="for PostgreSQL see test_two_companies.py"),
]
_MIGRATE: Final = """
import sys, django; django.setup()
from django.core.management import call_command
from bookings.tests.quick_migrations import use_quick_migrations
if sys.argv[1] == "quick":
    use_quick_migrations()
call_command("migrate", verbosity=0)
"""


def schema(folder: Path, way: str) -> list[tuple[str, ...]]:
    file = folder / f"{way}.sqlite3"
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{file}",
        "LOCAL_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "falcon_web.settings",
    }
    subprocess.run([sys.executable, "-c", _MIGRATE, way], env=environment, check=True)
    with sqlite3.connect(file) as link:
        return sorted(link.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master"))


def test_both_end_in_the_same_schema(tmp_path: Path) -> None:
    assert schema(tmp_path, "quick") == schema(tmp_path, "thorough")
