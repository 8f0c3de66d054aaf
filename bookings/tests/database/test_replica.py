"""When the replica may be read.

That it is, and by whom, is shown by races/test_several_servers.py with a real one.
"""

import time
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.sessions.models import Session

from bookings.database.replica import routing
from bookings.database.replica.routing import _CHANGES, MARK_SECONDS, Mark, Router, Watch, replica_state
from bookings.models import RateCount, Schedule, User


class Servers(Watch):
    """A primary and a replica at positions that the test sets."""

    def __init__(self) -> None:
        super().__init__()
        self.primary, self.replica = 100, 100

    def _replayed(self) -> Decimal | None:
        return None if self.replica is None else Decimal(self.replica)

    def _mark(self) -> Mark:
        return Mark(Decimal(self.primary), time.monotonic())

    def later(self, seconds: float) -> None:
        """As if so many seconds had passed."""
        self.reached = self.reached._replace(at=self.reached.at - seconds)
        if self.pending:
            self.pending = self.pending._replace(at=self.pending.at - seconds)


@pytest.fixture
def servers(settings: Any) -> Servers:
    settings.REPLICA_MAX_LAG = 5
    return Servers()


def test_replica_that_has_everything_is_fresh(servers: Servers) -> None:
    assert servers.is_fresh()


def test_replica_of_unknown_lag_is_not_read(servers: Servers) -> None:
    servers.replica = 99

    assert not servers.is_fresh()

    servers.replica = 100
    assert servers.is_fresh()


def test_replica_that_stands_still_is_read_until_its_lag_is_reached(servers: Servers) -> None:
    assert servers.is_fresh()
    servers.primary = 200
    servers.later(4)

    assert servers.is_fresh()

    servers.later(1.5)
    assert not servers.is_fresh()
    servers.primary = servers.replica = (
        300  # it has the old mark now, but that one is too old to prove anything
    )
    servers.is_fresh()
    assert servers.is_fresh()


def test_replica_that_catches_up_late_proves_only_what_it_has(servers: Servers) -> None:
    servers.replica = 50
    servers.is_fresh()
    servers.later(60)
    servers.primary, servers.replica = 200, 100  # just past the mark of a minute ago

    assert not servers.is_fresh()


def test_replica_that_was_made_anew_from_an_old_backup_is_not_read(servers: Servers) -> None:
    assert servers.is_fresh()
    servers.replica = 60

    assert not servers.is_fresh()


def test_server_that_is_no_replica_is_not_read(servers: Servers) -> None:
    servers.replica = None

    assert not servers.is_fresh()


def test_primary_is_asked_once_in_a_while(servers: Servers) -> None:
    assert servers.is_fresh()
    reached = servers.reached
    assert servers.is_fresh()
    assert servers.reached is reached
    servers.later(MARK_SECONDS + 0.1)

    assert servers.is_fresh()

    assert servers.reached.at > reached.at - MARK_SECONDS


@pytest.mark.parametrize(
    ("sql", "is_change"),
    [
        ('INSERT INTO "bookings_hold" ("token") VALUES (%s)', True),
        ('UPDATE "bookings_schedule" SET "revision" = 1', True),
        ('  DELETE FROM "bookings_seatclaim"', True),
        ('SELECT "bookings_schedule"."id" FROM "bookings_schedule"', False),
        ('UPDATE "django_session" SET "session_data" = %s', False),
        ('INSERT INTO "bookings_ratecount" (key) VALUES (%s)', False),
    ],
)
def test_change_is_what_a_visitor_could_miss(sql: str, is_change: bool) -> None:
    assert bool(_CHANGES.match(sql)) is is_change


def test_who_somebody_is_and_what_he_was_counted_for_is_never_read_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(routing, "_reads_replica", lambda: True)

    assert {
        model.__name__: Router().db_for_read(model) for model in (Schedule, User, RateCount, Session)
    } == {
        "Schedule": "replica",
        "User": "default",
        "RateCount": "default",
        "Session": "default",
    }


def test_without_a_replica_all_is_asked_of_the_primary() -> None:
    assert {Router().db_for_read(model) for model in (Schedule, User)} == {"default"}
    assert replica_state() == "none"
