"""Large data sets, written by the database itself in a few statements, consistent enough that the site runs on them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from django.apps import apps
from django.conf import settings
from django.core.management.color import no_style
from django.db import connection, transaction
from django.utils import timezone

from bookings.base.codes import plain_name, sha256
from bookings.benchmarks.network import make_network
from bookings.benchmarks.sizes import BOOKINGS_EACH, TIMES, Size
from bookings.domain.demo.timetable import read_table
from bookings.domain.fares.refunds import RefundTerms
from bookings.models import FareClass, PassengerType

Progress = Callable[[str], None]

_OPEN_EVERY: Final = 100  # each so manieth booking is still to be paid
_HELPERS: Final = ("bench_departure", "bench_sale", "bench_person", "bench_seat", "bench_name")


class _Dialect:
    """What the two databases write differently."""

    def __init__(self, vendor: str) -> None:
        self.is_postgres = vendor == "postgresql"

    def moment(self, seconds: str) -> str:
        return f"to_timestamp({seconds})" if self.is_postgres else f"datetime({seconds}, 'unixepoch')"

    def hex(self, number: str, width: int) -> str:
        if self.is_postgres:
            return f"lpad(upper(to_hex({number})), {width}, '0')"
        return f"printf('%0{width}X', {number})"

    def uuid(self, number: str) -> str:
        text = self.hex(number, 32)
        return f"CAST({text} AS uuid)" if self.is_postgres else f"lower({text})"

    def json(self, text: str) -> str:
        return f"CAST('{text}' AS jsonb)" if self.is_postgres else f"'{text}'"


def _steps(size: Size, today: date, layouts: list[int]) -> Iterator[tuple[str, str]]:
    """(what is written, the statement), in order. Everything is computed from running numbers, so each run writes the same."""
    sql = _Dialect(connection.vendor)
    start = int(datetime.combine(size.first_day(today), time(4), ZoneInfo(settings.TIME_ZONE)).astimezone(UTC).timestamp())
    now = int(timezone.now().timestamp())
    layout_of = " ".join(f"WHEN {number} THEN {pk}" for number, pk in enumerate(layouts))
    standard = FareClass.objects.get(code="standard")
    adult = PassengerType.objects.get(is_default=True).pk
    terms = sql.json(json.dumps(RefundTerms.of_policy(standard.refund_policy).as_json()))
    far, first = now + 300 * 86_400, size.first_booked(today)

    yield (
        "",
        (
            "CREATE TEMPORARY TABLE bench_departure AS WITH RECURSIVE number(i) AS "
            f"(SELECT 0 UNION ALL SELECT i + 1 FROM number WHERE i + 1 < {size.schedules}) "
            f"SELECT i + 1 AS id, (i % {size.a_day}) / {TIMES} + 1 AS route_id, "
            f"CASE ((i % {size.a_day}) / {TIMES}) % {len(layouts)} {layout_of} END AS layout_id, "
            f"{start} + (i / {size.a_day}) * 86400 + (i % {TIMES}) * 6600 + ((i % {size.a_day}) / {TIMES} * 7 % 60) * 60 AS departs FROM number"
        ),
    )
    yield (
        "",
        (
            "CREATE TEMPORARY TABLE bench_seat AS SELECT id AS seat_id, layout_id, "
            "ROW_NUMBER() OVER (PARTITION BY layout_id ORDER BY id) - 1 AS number FROM bookings_seat WHERE kind = 'standard'"
        ),
    )
    # Ride of `length` legs from position `a`; who buys is drawn by a number h that jumps about
    yield (
        "",
        (
            "CREATE TEMPORARY TABLE bench_sale AS WITH RECURSIVE number(i) AS "
            f"(SELECT 0 UNION ALL SELECT i + 1 FROM number WHERE i + 1 < {size.bookings}), "
            "legs AS (SELECT route_id, COUNT(*) - 1 AS legs FROM bookings_routestop GROUP BY route_id), "
            "drawn AS (SELECT i, d.id AS schedule_id, d.route_id, d.layout_id, d.departs, legs, (i * 7919 + 13) % 10007 AS h "
            f"FROM number JOIN bench_departure d ON d.id = {first} + i / {BOOKINGS_EACH} + 1 JOIN legs ON legs.route_id = d.route_id), "
            "sized AS (SELECT drawn.*, CASE WHEN legs < 2 + h % 4 THEN legs ELSE 2 + h % 4 END AS length FROM drawn) "
            "SELECT i + 1 AS id, schedule_id, sized.route_id, layout_id, a.id AS board_id, z.id AS alight_id, a.position AS board, z.position AS alight, "
            f"departs + a.depart_min * 60 AS boards, departs + z.arrive_min * 60 AS alights, {now} - 60 - h * 37 - (i % 300) * 86400 AS placed, "
            f"CASE WHEN h % 5 < 2 THEN 2 ELSE 1 END AS people, 95 * length AS fare, i % {_OPEN_EVERY} = 0 AS is_open "
            "FROM sized JOIN bookings_routestop a ON a.route_id = sized.route_id AND a.position = (h / 4) % (legs - length + 1) "
            "JOIN bookings_routestop z ON z.route_id = sized.route_id AND z.position = a.position + length"
        )
        if size.bookings
        else ("CREATE TEMPORARY TABLE bench_sale AS SELECT 1 AS id, 1 AS schedule_id, 1 AS people WHERE 1 = 0"),
    )
    yield (
        "departures",
        (
            "INSERT INTO bookings_schedule (id, route_id, departure_time, coach, layout_id, price_zar, available_seats, is_active, status, "
            "revision, source, source_id) "
            f"SELECT d.id, d.route_id, {sql.moment('departs')}, 1, d.layout_id, 900, s.seats - COALESCE(sold.people, 0), TRUE, 'on_sale', 0, '', '' "
            "FROM bench_departure d JOIN (SELECT layout_id, COUNT(*) AS seats FROM bookings_seat WHERE kind <> 'crew' GROUP BY layout_id) s "
            "ON s.layout_id = d.layout_id LEFT JOIN (SELECT schedule_id, SUM(people) AS people FROM bench_sale GROUP BY schedule_id) sold "
            "ON sold.schedule_id = d.id ORDER BY d.id"
        ),
    )
    if not size.bookings:
        return
    yield (
        "",
        (
            "CREATE TEMPORARY TABLE bench_person AS SELECT s.id * 2 + extra AS id, s.id AS booking_id, s.schedule_id, seat.seat_id, s.board, "
            "s.alight, s.fare, s.is_open, extra FROM bench_sale s JOIN (SELECT 0 AS extra UNION ALL SELECT 1) e ON extra < people "
            f"JOIN bench_seat seat ON seat.layout_id = s.layout_id AND seat.number = (s.id % {BOOKINGS_EACH}) * 2 + extra"
        ),
    )
    yield (
        "orders",
        (
            "INSERT INTO bookings_order (id, token, email, phone, channel, status, total, pays_later, pay_by, placed_at, language) "
            "SELECT id, 'bench-' || id, 'buyer' || id || '@example.com', '+27' || (820000000 + id), 'web', "
            f"CASE WHEN is_open THEN 'pending' ELSE 'confirmed' END, fare * people, FALSE, {sql.moment(str(far))}, {sql.moment('placed')}, 'en-za' "
            "FROM bench_sale ORDER BY id"
        ),
    )
    yield (
        "bookings",
        (
            "INSERT INTO bookings_booking (id, order_id, booking_reference, status, passenger_email, booking_date, schedule_id, from_stop_id, "
            "to_stop_id, boards_at, alights_at) "
            # Times an odd number modulo 2^32: each number once, in no order
            f"SELECT id, id, {sql.hex('(id * 2654435761) % 4294967296', 8)}, CASE WHEN is_open THEN 'pending' ELSE 'confirmed' END, "
            f"'buyer' || id || '@example.com', {sql.moment('placed')}, schedule_id, board_id, alight_id, {sql.moment('boards')}, "
            f"{sql.moment('alights')} FROM bench_sale ORDER BY id"
        ),
    )
    yield (
        "tickets",
        (
            "INSERT INTO bookings_ticket (id, booking_id, schedule_id, place, seat_id, first_name, surname, plain_surname, passenger_type_id, "
            "fare_class_id, fare, refund_terms, status, code, spoken_code, version) "
            f"SELECT p.id, booking_id, schedule_id, 'seat', seat_id, first_name, surname, plain_surname, {adult}, {standard.pk}, fare, {terms}, "
            f"'valid', 'FBL1.bench-' || p.id, 'SP' || (booking_id % {BOOKINGS_EACH}) || extra, 1 "
            f"FROM bench_person p JOIN bench_name n ON n.number = booking_id % {len(names())} ORDER BY p.id"
        ),
    )
    yield (
        "claims",
        (
            "INSERT INTO bookings_seatclaim (schedule_id, seat_id, leg, kind, ticket_id, expires_at) "
            "WITH RECURSIVE number(leg) AS (SELECT 0 UNION ALL SELECT leg + 1 FROM number WHERE leg < 11) "
            f"SELECT schedule_id, seat_id, leg, CASE WHEN is_open THEN 'held' ELSE 'sold' END, p.id, "
            f"CASE WHEN is_open THEN {sql.moment(str(far))} END "
            "FROM bench_person p JOIN number ON leg >= board AND leg < alight ORDER BY schedule_id, seat_id, leg"
        ),
    )
    yield (
        "payments",
        (
            "INSERT INTO bookings_payment (id, order_id, method, external_id, amount, paid_at, reference) "
            f"SELECT id, id, 'demo', 'bench-' || id, fare * people, {sql.moment('placed + 30')}, '' FROM bench_sale WHERE NOT is_open ORDER BY id"
        ),
    )
    entries = "INSERT INTO bookings_ledgerentry (posting, account, amount, order_id, booking_id, at, cause) "
    accounts = "(SELECT '{}' AS account, 1 AS sign UNION ALL SELECT '{}', -1) accounts"
    yield (
        "sales in the ledger",
        (
            f"{entries} SELECT {sql.uuid('id * 2')}, account, sign * fare * people, id, id, {sql.moment('placed')}, 'sale:' || id "
            f"FROM bench_sale, {accounts.format('receivable', 'revenue')} ORDER BY id"
        ),
    )
    yield (
        "payments in the ledger",
        (
            f"{entries} SELECT {sql.uuid('id * 2 + 1')}, account, sign * fare * people, id, NULL, {sql.moment('placed + 30')}, 'payment:' || id "
            f"FROM bench_sale, {accounts.format('gateway', 'receivable')} WHERE NOT is_open ORDER BY id"
        ),
    )
    yield (
        "events",
        (
            "INSERT INTO bookings_bookingevent (booking_id, from_status, to_status, reason, at) "
            f"SELECT id, '', CASE WHEN is_open THEN 'pending' ELSE 'confirmed' END, '', {sql.moment('placed')} FROM bench_sale ORDER BY id"
        ),
    )
    yield (
        "mails",
        (
            "INSERT INTO bookings_outboxmessage (kind, order_id, subject, version, created_at, next_try, attempts, sent_at, last_error, message_id) "
            f"SELECT 'confirmation', id, 'order:' || id, '1', {sql.moment('placed + 30')}, {sql.moment('placed + 30')}, 1, "
            f"{sql.moment('placed + 32')}, '', '<bench-' || id || '@example.com>' FROM bench_sale WHERE NOT is_open ORDER BY id"
        ),
    )


def names() -> list[tuple[str, str]]:
    """First names and surnames of the demo's passengers, each with each of its group."""
    pairs = [
        (first_name, surname)
        for row in read_table("names")
        for first_name in row["first_names"].split(";")
        for surname in row["surnames"].split(";")
    ]
    return sorted(pairs, key=lambda pair: sha256(pair[0] + pair[1]))


def build(size: Size, *, today: date | None = None, progress: Progress = lambda step: None) -> None:
    """Fill an empty, migrated database."""
    today = today or timezone.localdate()
    with transaction.atomic(), _without_indexes(progress), connection.cursor() as cursor:
        progress("network")
        layouts = make_network(size, size.first_day(today))
        cursor.execute("CREATE TEMPORARY TABLE bench_name (number integer, first_name text, surname text, plain_surname text)")
        cursor.executemany(
            "INSERT INTO bench_name VALUES (%s, %s, %s, %s)",
            [(number, first_name, surname, plain_name(surname)) for number, (first_name, surname) in enumerate(names())],
        )
        for step, statement in _steps(size, today, layouts):
            progress(step)
            cursor.execute(statement)
        for helper in _HELPERS:
            cursor.execute(f"DROP TABLE IF EXISTS {helper}")
        progress("indexes")
    _reset_sequences()
    analyze()


@contextmanager
def _without_indexes(progress: Progress) -> Iterator[None]:
    """On PostgreSQL it is several times faster to make indexes and check references once than row by row.

    What is written here is right by construction, and the checks of a restored dump are left out in the same way.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = ANY(%s) "
            "AND indexname NOT IN (SELECT conname FROM pg_constraint)",
            [[model._meta.db_table for model in apps.get_app_config("bookings").get_models()]],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _name, definition in indexes:
            cursor.execute(definition)
        cursor.execute("SET LOCAL session_replication_role = origin")


def _reset_sequences() -> None:
    models = list(apps.get_app_config("bookings").get_models())
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


def analyze() -> None:
    """As autovacuum does it in the course of time. SQLite is left as the site leaves it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM ANALYZE")
