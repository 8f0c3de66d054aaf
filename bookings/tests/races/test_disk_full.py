"""A full disk: nothing is booked by half, pages are still read, and all is well once there is room."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.models import (
    Booking,
    Hold,
    HoldSeat,
    Order,
    OutboxMessage,
    Payment,
    Schedule,
    SeatClaim,
    Ticket,
)
from bookings.tests.make import make_user
from bookings.tests.office.conftest import sign_in
from bookings.tests.passenger.buying import departure_ahead, order_by, seats_page
from bookings.tests.races.buyer import Buyer
from bookings.tests.races.clerk import Clerk, hire
from bookings.tests.races.crowd import figure, many
from bookings.tests.races.service import Service, living_at, service
from bookings.tests.races.shoppers import Diary, catch_up, coaches, shop_once
from bookings.tests.servers import own_postgres

WAY = ("johannesburg", "cape-town")
ROWS = (Hold, HoldSeat, SeatClaim, Order, Booking, Ticket, Payment, OutboxMessage)


def counts() -> list[int]:
    return [model.objects.count() for model in ROWS]


def is_whole() -> bool:
    """What the database says of its own files."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA integrity_check")
            return cursor.fetchone()[0] == "ok"
        cursor.execute("SELECT count(*) FROM bookings_seatclaim")
        return True


def pragma(words: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {words}")
        return cursor.fetchone()[0]


@contextmanager
def no_page_left() -> Iterator[None]:
    """SQLite's own way to be full: not one page more than it has, and none free."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # what earlier tests have deleted is room, too
    most = pragma("max_page_count")
    pragma(f"max_page_count = {pragma('page_count')}")
    try:
        yield
    finally:
        pragma(f"max_page_count = {most}")


@pytest.mark.django_db(transaction=True)
def test_a_full_sqlite_database_refuses_whole_actions_and_is_read(client: Client) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("this is how SQLite is full")
    schedule = departure_ahead(seats=200)
    clerk = sign_in(make_user())
    before, refused = counts(), 0

    with no_page_left():
        for number in range(190):  # until the last page is full
            # What fails outside a view, as when a session is written, is answered by the page of errors.
            answer = Client(raise_request_exception=False).post(
                seats_page(schedule, passengers=1, any=number), {"choose": "any", "passengers": "1"}
            )
            assert answer.status_code in {302, 503}
            refused += answer.status_code == 503
            if refused == 3:
                break
        while_full = counts()
        assert client.get("/departures/", {"city": "johannesburg"}, follow=True).status_code == 200
        assert client.get(seats_page(schedule)).status_code == 200
        assert clerk.get("/office/departures/").status_code == 200
        assert "Back in a moment" in answer.content.decode()

    assert refused
    held = while_full[0] - before[0]
    assert (while_full[1] - before[1], while_full[2] - before[2]) == (held, held * 2)
    assert is_whole()
    assert order_by(client, schedule, "50A").total == 600
    assert violations(now=timezone.now()) == []


@contextmanager
def no_byte_more(site: Service) -> Iterator[None]:
    """No process of the site can make any file longer.

    Its log, its PDF tickets, and on SQLite its database.
    """
    workers = site.processes()
    for process in workers:
        process.rlimit(psutil.RLIMIT_FSIZE, (1, -1))
    try:
        yield
    finally:
        for process in workers:
            process.rlimit(psutil.RLIMIT_FSIZE, (-1, -1))


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not hasattr(psutil, "RLIMIT_FSIZE"), reason="this system has no such limit")
def test_a_site_whose_files_cannot_grow_reads_on_and_heals(
    settings: Any, tmp_path: Path, static_files: Path
) -> None:
    (tmp_path / "site").mkdir()
    schedules, times = coaches(), many(2, 20)
    with service(tmp_path / "site", static=static_files, workers=1) as site:
        _try_to_book(site, schedules, times=1)
        clerk = Clerk(site.url, username=hire().username)
        clerk.sign_in()
        long_unused()
        before = _while_full(site, schedules, times, clerk)
        clerk.close()
        after = _try_to_book(site, schedules, times=times)
        catch_up(settings, site, wait=5)

    assert len(after.placed) == times
    assert is_whole()
    assert violations(now=timezone.now()) == []
    figure(
        "HTTP: files cannot grow",
        tried=times,
        refused_503=before.statuses[503],
        booked_after=len(after.placed),
        other_5xx=before.errors,
    )


def long_unused() -> None:
    """The next page of each session writes down that it was used."""
    for row in Session.objects.all():
        session = SessionStore(row.session_key)
        if "used_at" in session:
            session["used_at"] -= 120
            session.save()


def _while_full(site: Service, schedules: list[int], times: int, clerk: Clerk) -> Diary:
    with no_byte_more(site):
        diary = _try_to_book(site, schedules, times=times)
        reader = Buyer(site.url)
        for address in (
            "/",
            "/departures/?city=johannesburg-main",
            f"/departures/{schedules[0]}/?from=johannesburg&to=cape-town&passengers=1",
        ):
            assert reader.get(address).status_code == 200, address
        reader.close()
        assert clerk.get("/office/departures/").status_code == 200
    assert diary.errors == 0, diary.statuses
    if connection.vendor == "sqlite":
        assert diary.placed == []
        assert diary.statuses[503]
    else:  # its disk is another: only our log and our PDF tickets are in trouble
        assert len(diary.placed) == times
    return diary


def _try_to_book(site: Service, schedules: list[int], *, times: int) -> Diary:
    diary = Diary()
    for _time in range(times):
        shop_once(site.url, schedules, diary)
    return diary


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="falcon-disk-"))
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder],
        check=False,
        capture_output=True,
    ).returncode:
        pytest.skip("only root may mount a small disk")
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=False)
        folder.rmdir()


@pytest.mark.soak
@pytest.mark.redis
def test_a_postgres_whose_disk_is_full_books_nothing_by_half_and_heals(
    settings: Any, tmp_path: Path, static_files: Path, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("this is about PostgreSQL")
    (tmp_path / "site").mkdir()
    with (
        small_disk(160) as disk,
        own_postgres("synchronous_commit = on\nmax_wal_size = 48MB\n", inside=disk) as server,
        django_db_blocker.unblock(),
        living_at(server.url, monkeypatch),
        service(tmp_path / "site", static=static_files, workers=1) as site,
    ):
        schedules = coaches()
        _try_to_book(site, schedules, times=1)
        ballast = disk / "ballast"
        _fill(ballast)
        full, tries = Diary(), many(20, 60)
        while not full.statuses[503] and tries:
            tries -= 1
            shop_once(site.url, schedules, full)
            _fill(ballast)
        ballast.unlink()
        Schedule.objects.count()
        after = _try_to_book(site, schedules, times=5)
        catch_up(settings, site, wait=5)
        lost = set(full.placed) - set(
            Order.objects.filter(status="confirmed").values_list("token", flat=True)
        )
        found = violations(now=timezone.now())
    figure(
        "HTTP: disk of PostgreSQL full",
        answers_503=full.statuses[503],
        other_5xx=full.errors,
        lost=len(lost),
        booked_after=len(after.placed),
    )
    assert full.statuses[503]
    assert full.errors == 0
    assert len(after.placed) == 5
    assert (lost, found) == (set(), [])


def _fill(file: Path) -> None:
    """Until there is no room for a byte."""
    with file.open("ab", buffering=0) as ballast:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    ballast.write(b"x" * size)
            except OSError:
                continue
