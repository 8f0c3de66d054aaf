"""The statements that write a data set.

Everything is computed from running numbers, so that each run writes the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, models
from django.utils import timezone

from bookings.benchmarks.sizes import BOOKINGS_EACH, TIMES, Size
from bookings.domain.fares.refund_rules import RefundTerms
from bookings.models import (
    Booking,
    BookingEvent,
    FareClass,
    LedgerEntry,
    Order,
    OrderLine,
    OutboxMessage,
    PassengerType,
    Payment,
    Schedule,
    SeatClaim,
    Ticket,
)

Step = tuple[str, str]  # what is written ("" for a helper), the statement
HELPERS: Final = ("bench_departure", "bench_sale", "bench_person", "bench_seat", "bench_name")
_OPEN_EVERY: Final = 100  # each so manieth booking is still to be paid
_DAY: Final = 86_400
_STATE: Final = "CASE WHEN is_open THEN 'pending' ELSE 'confirmed' END"


class Dialect:
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

    def literal(self, value: Any) -> str:
        if isinstance(value, dict | list):
            text = json.dumps(value).replace("'", "''")
            return f"CAST('{text}' AS jsonb)" if self.is_postgres else f"'{text}'"
        if isinstance(value, bool):
            return str(value).upper()
        return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def insert(model: type[models.Model], values: dict[str, str], source: str) -> str:
    """INSERT … SELECT of these columns.

    The others get the model's defaults, as if `save` had written the row.
    """
    sql = Dialect(connection.vendor)
    for field in model._meta.concrete_fields:
        if field.column not in values and not field.primary_key and not field.null:
            values[str(field.column)] = sql.literal(field.get_default())
    return (
        f"INSERT INTO {model._meta.db_table} ({', '.join(values)}) "
        f"SELECT {', '.join(values.values())} {source}"
    )


class Script:
    def __init__(self, size: Size, today: date, layouts: Sequence[int], names: int) -> None:
        self.sql = Dialect(connection.vendor)
        self.size, self.layouts, self.names = size, layouts, names
        self.first_booked = size.first_booked(today)
        opens = datetime.combine(size.first_day(today), time(4), ZoneInfo(settings.TIME_ZONE))
        self.start, self.now = int(opens.astimezone(UTC).timestamp()), int(timezone.now().timestamp())
        self.far = self.sql.moment(str(self.now + 300 * _DAY))

    def steps(self) -> Iterator[Step]:
        yield from self._drawn()
        yield "departures", self._departures()
        if self.size.bookings:
            yield from self._travellers()
            yield from self._money()
            yield from self._records()

    def _drawn(self) -> Iterator[Step]:
        size = self.size
        layout_of = " ".join(f"WHEN {number} THEN {pk}" for number, pk in enumerate(self.layouts))
        route = f"(i % {size.a_day}) / {TIMES}"
        yield (
            "",
            f"""CREATE TEMPORARY TABLE bench_departure AS WITH RECURSIVE {_numbers(size.schedules)}
            SELECT i + 1 AS id, {route} + 1 AS route_id,
                CASE ({route}) % {len(self.layouts)} {layout_of} END AS layout_id,
                {self.start} + (i / {size.a_day}) * {_DAY} + (i % {TIMES}) * 6600
                    + ({route} * 7 % 60) * 60 AS departs
            FROM number""",
        )
        yield (
            "",
            """CREATE TEMPORARY TABLE bench_seat AS SELECT id AS seat_id, layout_id,
                ROW_NUMBER() OVER (PARTITION BY layout_id ORDER BY id) - 1 AS number
            FROM bookings_seat WHERE kind = 'standard'""",
        )
        yield (
            "",
            self._sales()
            if size.bookings
            else "CREATE TEMPORARY TABLE bench_sale AS SELECT 1 AS schedule_id, 1 AS people WHERE 1 = 0",
        )

    def _sales(self) -> str:
        """Rides of `length` legs from a position that fits.

        What differs from sale to sale is drawn by a number h that jumps about.
        """
        return f"""CREATE TEMPORARY TABLE bench_sale AS WITH RECURSIVE {_numbers(self.size.bookings)},
            legs AS (SELECT route_id, COUNT(*) - 1 AS legs FROM bookings_routestop GROUP BY route_id),
            drawn AS (
                SELECT i, d.id AS schedule_id, d.route_id, d.layout_id, d.departs, legs,
                    (i * 7919 + 13) % 10007 AS h FROM number
                JOIN bench_departure d ON d.id = {self.first_booked} + i / {BOOKINGS_EACH} + 1
                JOIN legs ON legs.route_id = d.route_id
            ),
            sized AS (
                SELECT drawn.*, CASE WHEN legs < 2 + h % 4 THEN legs ELSE 2 + h % 4 END AS length FROM drawn
            )
            SELECT i + 1 AS id, schedule_id, layout_id, a.id AS board_id, z.id AS alight_id,
                a.position AS board, z.position AS alight,
                departs + a.depart_min * 60 AS boards, departs + z.arrive_min * 60 AS alights,
                {self.now} - 60 - h * 37 - (i % 300) * {_DAY} AS placed,
                CASE WHEN h % 5 < 2 THEN 2 ELSE 1 END AS people, 95 * length AS fare,
                i % {_OPEN_EVERY} = 0 AS is_open
            FROM sized
            JOIN bookings_routestop a
                ON a.route_id = sized.route_id AND a.position = (h / 4) % (legs - length + 1)
            JOIN bookings_routestop z ON z.route_id = sized.route_id AND z.position = a.position + length"""

    def _departures(self) -> str:
        values = {
            "id": "d.id",
            "route_id": "d.route_id",
            "layout_id": "d.layout_id",
            "departure_time": self.sql.moment("departs"),
            "price_zar": "900",
            "available_seats": "seats - COALESCE(people, 0)",
        }
        return insert(
            Schedule,
            values,
            """FROM bench_departure d
            JOIN (SELECT layout_id, COUNT(*) AS seats FROM bookings_seat WHERE kind <> 'crew'
                GROUP BY layout_id) s
                ON s.layout_id = d.layout_id
            LEFT JOIN (SELECT schedule_id, SUM(people) AS people FROM bench_sale GROUP BY schedule_id) sold
                ON sold.schedule_id = d.id
            ORDER BY d.id""",
        )

    def _travellers(self) -> Iterator[Step]:
        yield (
            "",
            f"""CREATE TEMPORARY TABLE bench_person AS
                SELECT s.id * 2 + extra AS id, s.id AS booking_id, s.schedule_id, seat.seat_id,
                s.board, s.alight, s.fare, s.is_open, extra
            FROM bench_sale s JOIN (SELECT 0 AS extra UNION ALL SELECT 1) e ON extra < people
            JOIN bench_seat seat ON seat.layout_id = s.layout_id
                AND seat.number = (s.id % {BOOKINGS_EACH}) * 2 + extra""",
        )
        email, placed = "'buyer' || id || '@example.com'", self.sql.moment("placed")
        order = {
            "id": "id",
            "token": "'bench-' || id",
            "email": email,
            "phone": "'+27' || (820000000 + id)",
            "status": _STATE,
        }
        order |= {"total": "fare * people", "pay_by": self.far, "placed_at": placed}
        yield "orders", insert(Order, order, "FROM bench_sale ORDER BY id")
        booking = {
            "id": "id",
            "order_id": "id",
            "booking_reference": self.sql.hex(
                "(id * 2654435761) % 4294967296", 8
            ),  # an odd factor: each number once, in no order
            "status": _STATE,
            "passenger_email": email,
            "booking_date": placed,
            "schedule_id": "schedule_id",
            "from_stop_id": "board_id",
            "to_stop_id": "alight_id",
            "boards_at": self.sql.moment("boards"),
            "alights_at": self.sql.moment("alights"),
        }
        yield "bookings", insert(Booking, booking, "FROM bench_sale ORDER BY id")
        yield "tickets", self._tickets()
        yield "order lines", self._lines()
        claim = {"schedule_id": "schedule_id", "seat_id": "seat_id", "leg": "leg", "ticket_id": "p.id"}
        claim |= {
            "kind": "CASE WHEN is_open THEN 'held' ELSE 'sold' END",
            "expires_at": f"CASE WHEN is_open THEN {self.far} END",
        }
        legs = (
            "(WITH RECURSIVE number(leg) AS (SELECT 0 UNION ALL SELECT leg + 1 FROM number WHERE leg < 11) "
            "SELECT leg FROM number) l"
        )
        source = (
            f"FROM bench_person p JOIN {legs} ON leg >= board AND leg < alight "
            "ORDER BY schedule_id, seat_id, leg"
        )
        yield "claims", insert(SeatClaim, claim, source)

    def _tickets(self) -> str:
        standard = FareClass.objects.get(code="standard")
        terms = RefundTerms.of_policy(standard.refund_policy).as_json()
        values = {
            column: column
            for column in (
                "booking_id",
                "schedule_id",
                "seat_id",
                "first_name",
                "surname",
                "plain_surname",
                "fare",
            )
        }
        values |= {
            "id": "p.id",
            "passenger_type_id": str(PassengerType.objects.get(is_default=True).pk),
            "fare_class_id": str(standard.pk),
            "refund_terms": self.sql.literal(terms),
            "code": "'FBL1.bench-' || p.id",
            "spoken_code": f"'SP' || (booking_id % {BOOKINGS_EACH}) || extra",
        }
        return insert(
            Ticket,
            values,
            f"FROM bench_person p JOIN bench_name n ON n.number = booking_id % {self.names} ORDER BY p.id",
        )

    def _lines(self) -> str:
        line = {
            "order_id": "s.id",
            "booking_id": "s.id",
            "ticket_id": "p.id",
            "kind": "'fare'",
            "amount": "s.fare",
            "tax_code": "'exempt'",
            "cause": "'sale:' || s.id",
            "at": self.sql.moment("placed"),
        }
        return insert(
            OrderLine, line, "FROM bench_person p JOIN bench_sale s ON s.id = p.booking_id ORDER BY p.id"
        )

    def _money(self) -> Iterator[Step]:
        paid = self.sql.moment("placed + 30")
        payment = {
            "id": "id",
            "order_id": "id",
            "method": "'demo'",
            "external_id": "'bench-' || id",
            "amount": "fare * people",
        }
        yield (
            "payments",
            insert(Payment, payment | {"paid_at": paid}, "FROM bench_sale WHERE NOT is_open ORDER BY id"),
        )
        entry = {"account": "account", "amount": "sign * fare * people", "order_id": "id"}
        both = (
            "FROM bench_sale "
            "CROSS JOIN (SELECT '{}' AS account, 1 AS sign UNION ALL SELECT '{}', -1) accounts"
        )
        sale = {
            "posting": self.sql.uuid("id * 2"),
            "booking_id": "id",
            "at": self.sql.moment("placed"),
            "cause": "'sale:' || id",
        }
        # What has boarded by now is earned
        fares = f"CASE WHEN boards > {self.now} THEN 'unearned_fares' ELSE 'revenue' END"
        sold = {"account": f"CASE account WHEN 'sold' THEN {fares} ELSE account END"}
        yield (
            "sales in the ledger",
            insert(LedgerEntry, entry | sale | sold, f"{both.format('receivable', 'sold')} ORDER BY id"),
        )
        money = {"posting": self.sql.uuid("id * 2 + 1"), "at": paid, "cause": "'payment:' || id"}
        source = f"{both.format('gateway', 'receivable')} WHERE NOT is_open ORDER BY id"
        yield "payments in the ledger", insert(LedgerEntry, entry | money, source)

    def _records(self) -> Iterator[Step]:
        event = {"booking_id": "id", "to_status": _STATE, "at": self.sql.moment("placed")}
        yield "events", insert(BookingEvent, event, "FROM bench_sale ORDER BY id")
        written = self.sql.moment("placed + 30")
        mail = {
            "kind": "'confirmation'",
            "order_id": "id",
            "subject": "'order:' || id",
            "created_at": written,
            "next_try": written,
            "attempts": "1",
            "sent_at": self.sql.moment("placed + 32"),
            "message_id": "'<bench-' || id || '@example.com>'",
        }
        yield "mails", insert(OutboxMessage, mail, "FROM bench_sale WHERE NOT is_open ORDER BY id")


def _numbers(end: int) -> str:
    return f"number(i) AS (SELECT CAST(0 AS bigint) UNION ALL SELECT i + 1 FROM number WHERE i + 1 < {end})"
