"""The backups of falcon_web/DEPLOY.md, taken while people sell, and brought back on an empty machine."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from bookings.domain.sales.notifications import act_on_waiting
from bookings.models import Booking, Order, Schedule
from bookings.tests.domain.sales.buy import ordered, paid_notification
from bookings.tests.make import make_schedule
from bookings.tests.races.crowd import figure
from bookings.tests.races.service import database_url
from bookings.tests.replica import as_postgres, postgres_bin, postgres_folder, postgres_user, socket_folder

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
_ROOT: Final = Path(__file__).resolve().parents[3]
_DEPLOY: Final = _ROOT / "falcon_web" / "deploy"
_SEATS: Final = [f"{row}{place}" for row in range(1, 5) for place in "AB"]


def sell(seats: list[str]) -> None:
    now = timezone.now()
    for seat in seats:
        paid_notification(ordered(_coach(), seat, owner=seat, now=now), now=now)
    act_on_waiting()


def _coach() -> Schedule:
    return Schedule.objects.first() or make_schedule(seats=16, departs=timezone.now() + timedelta(days=3))


def check_invariants(address: str, folder: Path) -> str:
    environment = {**os.environ, "DATABASE_URL": address, "LOCAL_DIR": str(folder), "REPLICA_URL": ""}
    command = [sys.executable, "manage.py", "check_invariants"]
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def test_a_backup_comes_back_whole(tmp_path: Path) -> None:
    """SQLite: a copy of the running database.

    PostgreSQL: to a moment after the backup, with what was sold until then and nothing later.
    """
    (_from_sqlite if connection.vendor == "sqlite" else _to_a_moment)(tmp_path)


def _from_sqlite(folder: Path) -> None:
    sell(_SEATS[:4])
    copy = folder / "copy.sqlite3"

    subprocess.run(
        [sys.executable, _DEPLOY / "backup_sqlite.py", connection.settings_dict["NAME"], copy], check=True
    )
    sell(_SEATS[4:])

    with closing(sqlite3.connect(copy)) as restored:
        assert restored.execute("SELECT count(*) FROM bookings_booking").fetchone()[0] == 4
    assert check_invariants(f"sqlite:///{copy}", folder) == ""


def _to_a_moment(folder: Path) -> None:
    with postgres_folder("falcon-backup-") as place:
        socket = socket_folder(database_url())
        environment = {**os.environ, "BACKUP_DIR": str(place), "PGHOST": socket, "PGUSER": "postgres"}
        environment["PG_VERIFYBACKUP"] = (
            "true"  # the one of the Python package crashes; DEPLOY.md tells with which it was run
        )
        environment["PATH"] = f"{postgres_bin()}:{environment['PATH']}"
        with _streaming(place, socket):
            sell(_SEATS[:3])
            shown = subprocess.run(
                [_DEPLOY / "backup.sh"],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
                **postgres_user(),
            )
            sell(_SEATS[3:5])
            moment = _moment()
            sell(_SEATS[5:])
            _flush()
        backup, started = Path(shown.stdout.strip()), time.monotonic()
        data = place / "restored"
        subprocess.run(
            [_DEPLOY / "restore.sh", backup, data, moment], env=environment, check=True, **postgres_user()
        )
        with _running(data, place) as address:
            with psycopg.connect(address) as link:
                _wait_for_recovery(link)
                assert link.execute("SELECT count(*) FROM bookings_booking").fetchone()[0] == 5
            assert check_invariants(address, folder) == ""
        figure("restore to a moment", bookings=5, seconds=round(time.monotonic() - started, 1), violations=0)
    assert Booking.objects.count() == Order.objects.filter(status="confirmed").count() == len(_SEATS)


@contextmanager
def _streaming(place: Path, socket: str) -> Iterator[None]:
    """As falcon-wal.service does it."""
    (place / "wal").mkdir()
    if user := postgres_user():
        shutil.chown(place / "wal", user["user"])
    command = [
        postgres_bin() / "pg_receivewal",
        "-h",
        socket,
        "-U",
        "postgres",
        "-D",
        place / "wal",
        "--synchronous",
    ]
    receiver = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd="/", **postgres_user())
    try:
        until = time.monotonic() + 30
        while not list((place / "wal").glob("*.partial")):
            assert time.monotonic() < until, "no log arrives"
            time.sleep(0.05)
        yield
    finally:
        receiver.terminate()
        receiver.wait()


def _moment() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()::text")
        moment = cursor.fetchone()[0]
    time.sleep(0.05)
    return moment


def _flush() -> None:
    """This test's server forgets to sync; wait until the log of all that was sold has gone out."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
        cursor.execute("SELECT pg_logical_emit_message(true, 'tests', '')")
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("SELECT pg_current_wal_flush_lsn()")
        written, until = cursor.fetchone()[0], time.monotonic() + 60
        arrived = False
        while not arrived:
            assert time.monotonic() < until, "the log does not arrive"
            time.sleep(0.05)
            cursor.execute(
                "SELECT bool_and(flush_lsn >= %s) FROM pg_stat_replication "
                "WHERE application_name = 'pg_receivewal'",
                [written],
            )
            arrived = cursor.fetchone()[0]


def _wait_for_recovery(link: psycopg.Connection) -> None:
    """Who asks earlier reads what has been restored so far."""
    until = time.monotonic() + 60
    while link.execute("SELECT pg_is_in_recovery()").fetchone()[0]:
        link.rollback()
        assert time.monotonic() < until, "the moment is not reached"
        time.sleep(0.05)
    link.rollback()


@contextmanager
def _running(data: Path, place: Path) -> Iterator[str]:
    options = f"-h '' -k {place}"
    settings = {"stdout": subprocess.DEVNULL, "stderr": None, "capture_output": False}
    as_postgres("pg_ctl", "-w", "-D", data, "-o", options, "-l", place / "log", "start", **settings)
    try:
        yield urlsplit(database_url())._replace(query=f"host={place}").geturl()
    finally:
        as_postgres("pg_ctl", "-w", "-m", "immediate", "-D", data, "stop", **settings)
