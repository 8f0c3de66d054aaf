"""Floor 3: a hold, an order and a payment as bare statements, frozen as they stood at 068e3a2, so that no
change of ours moves the measure.

The statements are in `frozen/`. They are sent unprepared, with their values in them, as they were then.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

_FOLDER: Final = Path(__file__).with_name("frozen")
SCRIPTS: Final = {path.stem: path.read_text() for path in sorted(_FOLDER.glob("*.sql"))}
BETWEEN: Final = {"order": "type", "pay": "tell"}  # what has to happen before a step, and is not measured
_NUMBERED: Final = {
    "hold": "hold",
    "trip": "holdtrip",
    "submission": "submission",
    "order": "order",
    "booking": "booking",
    "attempt": "paymentattempt",
    "notification": "gatewaynotification",
    "payment": "payment",
}
# A seat that is free all the way, and what else the statements name of the departure
_FACTS: Final = """
SELECT s.id AS schedule, a.id AS from_stop, z.id AS to_stop, a.position AS first, z.position AS last,
    s.departure_time + a.depart_min * interval '1 minute' AS boards_at,
    s.departure_time + z.arrive_min * interval '1 minute' AS alights_at,
    seat.id AS seat, (SELECT MIN(id) FROM bookings_fareclass) AS fare_class,
    (SELECT MIN(id) FROM bookings_passengertype) AS passenger_type
FROM bookings_schedule s
JOIN bookings_routestop a ON a.route_id = s.route_id JOIN bookings_stop ON bookings_stop.id = a.stop_id
JOIN bookings_city ON bookings_city.id = bookings_stop.city_id AND bookings_city.slug = %(from)s
JOIN bookings_routestop z ON z.route_id = s.route_id AND z.position > a.position
JOIN bookings_stop zs ON zs.id = z.stop_id
JOIN bookings_city zc ON zc.id = zs.city_id AND zc.slug = %(to)s
JOIN bookings_seat seat ON seat.layout_id = s.layout_id AND seat.kind <> 'crew' AND NOT EXISTS (
    SELECT 1 FROM bookings_seatclaim c
    WHERE c.schedule_id = s.id AND c.seat_id = seat.id AND c.leg >= a.position AND c.leg < z.position)
WHERE s.id = %(schedule)s ORDER BY a.position, z.position, seat.deck, seat.row, seat."column" LIMIT 1
"""


class FrozenSale:
    """One sale. Its statements are complete before they are measured.

    What a row will be numbered is known, as nobody else writes here.
    """

    def __init__(self, connection: psycopg.Connection[Any], values: dict[str, Any]) -> None:
        self._cursor, self._values = psycopg.ClientCursor(connection), values

    def statements(self, step: str) -> list[str]:
        lines = (line for line in SCRIPTS[step].splitlines() if not line.startswith("--"))
        parts = (part.strip() for part in "\n".join(lines).split(";\n"))
        return [self._cursor.mogrify(part.rstrip(";"), self._values) for part in parts if part]


def frozen_sales(
    connection: psycopg.Connection[Any], segments: Sequence[tuple[int, str, str]]
) -> list[FrozenSale]:
    """Sales of these departures, to be taken together: a step of all of them before the next step of any."""
    numbers = {name: _next_number(connection, f"bookings_{table}") for name, table in _NUMBERED.items()}
    return [
        FrozenSale(
            connection, _values(connection, segment, {name: first + index for name, first in numbers.items()})
        )
        for index, segment in enumerate(segments)
    ]


def run(connection: psycopg.Connection[Any], statements: Iterable[str]) -> None:
    with psycopg.ClientCursor(connection) as cursor:  # which prepares nothing
        for statement in statements:
            cursor.execute(statement.encode())
            if cursor.description:
                cursor.fetchall()


def _next_number(connection: psycopg.Connection[Any], table: str) -> int:
    (name,) = _one(connection.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table]))
    last, is_used = _one(connection.execute(f"SELECT last_value, is_called FROM {name}".encode()))
    return last + is_used


def _one(cursor: psycopg.Cursor[Any]) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = cursor.fetchone()
    if row is None:
        raise RuntimeError("The database is not the one that the benchmarks fill.")
    return row


def _values(
    connection: psycopg.Connection[Any], segment: tuple[int, str, str], ids: dict[str, int]
) -> dict[str, Any]:
    with connection.cursor(row_factory=dict_row) as cursor:
        given = dict(zip(("schedule", "from", "to"), segment, strict=True))
        facts: dict[str, Any] | None = cursor.execute(_FACTS, given).fetchone()
    if facts is None:
        raise RuntimeError(f"No seat is free for {segment}.")
    now, name = datetime.now(UTC), uuid.uuid4().hex
    until, legs = now + timedelta(minutes=20), list(range(facts["first"], facts["last"]))
    order, booking, attempt = ids["order"], ids["booking"], ids["attempt"]
    return {
        **facts,
        **ids,
        "now": now,
        "until": until,
        "nows": [now, now],
        **{
            key: [value] * len(legs)
            for key, value in {
                "schedules": facts["schedule"],
                "seats": facts["seat"],
                "trips": ids["trip"],
            }.items()
        },
        "legs": legs,
        "kinds": ["held"] * len(legs),
        "nobody": [None] * len(legs),
        "untils": [until] * len(legs),
        "orders": [order, order],
        "bookings": [booking, booking],
        "owner": f"owner-{name}",
        "network": f"net-{name}",
        "email": f"{name}@example.com",
        "hold_token": name[:22],
        "order_token": name[1:23],
        "attempt_token": name[2:24],
        "reference": name[:8].upper(),
        "spoken_code": name[:6].upper(),
        "code": f"FBL1.{name[:22]}",
        "sale_posting": [uuid.uuid4()] * 2,
        "payment_posting": [uuid.uuid4()] * 2,
        "sale_causes": [f"sale:{booking}"] * 2,
        "payment_causes": [f"payment:{ids['payment']}"] * 2,
        "order_subject": f"order:{order}",
        "attempt_subject": f"attempt:{name[2:24]}",
        "payment_name": f"demo-{attempt}",
        "notification_name": f"demo-{attempt}:COMPLETE",
        "body": (
            f"merchant=falcon-demo&attempt={name[2:24]}&payment=demo-{attempt}&amount=410.00"
            f"&status=COMPLETE&signature={name}{name}"
        ),
        "message_id": f"<{name}@127.0.0.1>",
        "notification_message": f"<{name[::-1]}@127.0.0.1>",
    }
