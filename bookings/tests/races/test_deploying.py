"""A new version goes live, with a migration, while people buy.

Nobody gets an error page, and no task is lost.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.models import Order, Schedule
from bookings.tests.domain.messaging.sink import mail_server
from bookings.tests.races.crowd import SCALE, figure, many, p95
from bookings.tests.races.service import Service, database_url
from bookings.tests.races.shoppers import catch_up, coaches, shoppers

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.database,
    pytest.mark.redis,
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="a site on SQLite is one process, and stops for a release"
    ),
]
_ROOT = Path(__file__).resolve().parents[3]
# What releases bring: a column, and an index and a check that are made beside the sales.
_RELEASE = """
from django.db import migrations, models
from bookings.database.operations import AddCheckBesideSales, AddIndexBesideSales

class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "{after}")]
    operations = [
        migrations.AddField("schedule", "remark", models.CharField(max_length=40, db_default="")),
        AddIndexBesideSales("schedule", models.Index(fields=["remark", "departure_time"], name="remark_idx")),
        AddCheckBesideSales(
            "schedule", models.CheckConstraint(condition=models.Q(coach__lt=100), name="remark_check")
        ),
    ]
"""


def test_a_release_with_a_migration_is_felt_by_nobody(
    settings: Any, tmp_path: Path, static_files: Path
) -> None:
    rounds = many(1, 5)
    schedules = coaches(8 * rounds)  # none is sold out, which would be another story
    with (
        mail_server(settings) as sink,
        _two_webs(tmp_path, static_files, f"smtp://127.0.0.1:{settings.EMAIL_PORT}") as (one, other),
    ):
        with _release(tmp_path) as (migrate, last):
            with shoppers(one.url, schedules, others=(other.url,), number=2) as diary:
                time.sleep(1)
                for round_ in range(rounds):
                    migrate("9999_probe")
                    for site in (one, other):  # falcon_web/DEPLOY.md says why not by SIGHUP
                        site.end("web")
                        site.start("web", "--workers", "1")
                    one.end("queue")
                    one.start("queue")
                    if round_ < rounds - 1:
                        migrate(last)
                time.sleep(0.5)
            assert "remark" in _columns()
        catch_up(settings, one, wait=30 if SCALE else 5)

    placed = set(diary.placed)
    figure(
        "HTTP: release under load",
        releases=rounds,
        bookings=len(placed),
        refused=dict(diary.refused),
        p95_s=round(p95(diary.slowest), 2),
    )
    assert len(placed) >= 3 * rounds
    assert (diary.broken, {status for status in diary.refused if status >= 500}) == ([], set())
    assert set(Order.objects.filter(token__in=placed).values_list("status", flat=True)) == {"confirmed"}
    assert (
        len({mail["Message-ID"] for mail in sink.mails}) == Order.objects.filter(status="confirmed").count()
    )
    assert violations(now=timezone.now()) == []


def _columns() -> set[str]:
    with connection.cursor() as cursor:
        return {
            column.name
            for column in connection.introspection.get_table_description(cursor, Schedule._meta.db_table)
        }


@contextmanager
def _two_webs(folder: Path, static: Path, mail: str) -> Iterator[tuple[Service, Service]]:
    sites: list[Service] = []
    try:
        for name in ("one", "other"):
            place = folder / name
            place.mkdir()
            sites.append(
                Service(place, static=static, EMAIL_URL=mail, QUEUE_FILE=str(folder / "queue.sqlite3"))
            )
            sites[-1].start("web", "--workers", "1", wait=False)
        sites[0].start("queue")
        for site in sites:
            site.wait_for_web()
        yield sites[0], sites[1]
    finally:
        for site in sites:
            site.stop()


@contextmanager
def _release(folder: Path) -> Iterator[tuple[Any, str]]:
    """A copy of our migrations with one more; `migrate` to a name, and the name of our own last one."""
    place = folder / "release"
    shutil.copytree(_ROOT / "bookings" / "migrations", place / "probe_migrations")
    last = max(path.stem for path in (place / "probe_migrations").glob("0*.py"))
    (place / "probe_migrations" / "9999_probe.py").write_text(_RELEASE.format(after=last))
    (place / "probe_settings.py").write_text(
        'from falcon_web.settings import *\n\nMIGRATION_MODULES = {"bookings": "probe_migrations"}\n'
    )
    environment = {**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "probe_settings"}
    environment["PYTHONPATH"] = f"{place}:{_ROOT}"

    def migrate(name: str) -> None:
        command = [sys.executable, "-m", "django", "migrate", "bookings", name, "--verbosity", "0"]
        done = subprocess.run(
            command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert not done.returncode, done.stderr

    try:
        yield migrate, last
    finally:
        with connection.cursor() as cursor:  # quicker than one more process
            cursor.execute(
                "ALTER TABLE bookings_schedule DROP CONSTRAINT IF EXISTS remark_check, "
                "DROP COLUMN IF EXISTS remark"
            )
            cursor.execute("DELETE FROM django_migrations WHERE name = '9999_probe'")
