"""Moments that PostgreSQL tells are what Django would have read."""

from datetime import UTC, datetime

import pytest
from django.db import DataError, connection

from bookings.database.timestamps import TimestampLoader

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite reads them its own way"),
]


def read(text: str) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT CAST(%s AS timestamptz)", [text])
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-27 18:00:53+00", datetime(2026, 11, 27, 18, 0, 53, tzinfo=UTC)),
        ("2026-11-27 18:00:53.5+02", datetime(2026, 11, 27, 16, 0, 53, 500_000, tzinfo=UTC)),
        ("2026-11-27 18:00:53.000001-03:30", datetime(2026, 11, 27, 21, 30, 53, 1, tzinfo=UTC)),
        ("0001-01-01 00:00:00+00", datetime.min.replace(tzinfo=UTC)),
        ("9999-12-31 23:59:59.999999+00", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_in_utc(written: str, moment: datetime) -> None:
    assert read(written) == moment
    assert read(written).tzinfo is UTC


@pytest.mark.parametrize("written", ["infinity", "10000-01-01 00:00:00+00", "0001-01-01 00:00:00+00 BC"])
def test_what_python_cannot_hold_is_refused_as_before(written: str) -> None:
    with pytest.raises(DataError):
        read(written)


def test_every_connection_reads_so() -> None:
    connection.ensure_connection()
    loader = connection.connection.adapters.get_loader(1184, 0)

    assert loader is TimestampLoader
