from django.db import migrations, transaction
from django.utils import timezone

_ORDERS_AT_ONCE = 5_000
_EARNED = "('revenue', 'unearned_fares')"
_STANDS = "('pending', 'confirmed')"
_NO_LINES = "NOT EXISTS (SELECT 1 FROM bookings_orderline l WHERE l.order_id = {}.id)"

# Bookings that are not sold for the fares of their tickets, by the ledger
_WRONG_BOOKINGS = f"""
SELECT b.booking_reference FROM bookings_booking b
LEFT JOIN (
    SELECT booking_id, SUM(amount) AS amount FROM bookings_ledgerentry WHERE account IN {_EARNED} GROUP BY booking_id
) e ON e.booking_id = b.id
LEFT JOIN (
    SELECT booking_id, SUM(fare) AS fare FROM bookings_ticket
    WHERE status NOT IN ('cancelled', 'replaced') GROUP BY booking_id
) t ON t.booking_id = b.id
WHERE ROUND(COALESCE(e.amount, 0) + CASE WHEN b.status IN {_STANDS} THEN COALESCE(t.fare, 0) ELSE 0 END, 2) <> 0
ORDER BY b.id"""

# Orders whose total is not what the ledger says that they were placed for, by their first booking
_WRONG_ORDERS = f"""
SELECT COALESCE(MIN(b.booking_reference), 'order ' || o.id) FROM bookings_order o
LEFT JOIN (
    SELECT order_id, SUM(amount) AS amount FROM bookings_ledgerentry
    WHERE account = 'receivable' AND cause LIKE 'sale:%' GROUP BY order_id
) e ON e.order_id = o.id
LEFT JOIN bookings_booking b ON b.order_id = o.id
WHERE ROUND(o.total - COALESCE(e.amount, 0), 2) <> 0 AND {_NO_LINES.format("o")}
GROUP BY o.id ORDER BY o.id"""

_WRONG_FEES = "SELECT cause FROM bookings_ledgerentry WHERE account = 'fee' AND booking_id IS NULL ORDER BY id"

_TAX = "CASE WHEN f.country <> c.country AND f.country <> '' AND c.country <> '' THEN 'zero' ELSE 'exempt' END"
_BOOKINGS = """bookings_booking b
JOIN bookings_routestop fr ON fr.id = b.from_stop_id
JOIN bookings_stop fs ON fs.id = fr.stop_id
JOIN bookings_city f ON f.id = fs.city_id
JOIN bookings_routestop cr ON cr.id = b.to_stop_id
JOIN bookings_stop cs ON cs.id = cr.stop_id
JOIN bookings_city c ON c.id = cs.city_id"""
_AMONG = "b.order_id > {first} AND b.order_id <= {last} AND " + (
    "NOT EXISTS (SELECT 1 FROM bookings_orderline l WHERE l.order_id = b.order_id)"
)

# A line for each ticket, one that takes it back where it was given back, exchanged or ran out, and one for each
# fee: in one statement, so that an order has all of its lines or none
_LINES = f"""
INSERT INTO bookings_orderline
    (order_id, booking_id, ticket_id, kind, quantity, amount, tax_code, rule, cause, "at")
SELECT b.order_id, b.id, t.id, 'fare', 1, t.fare, {_TAX}, {{rule}}, 'sale:' || b.id, b.booking_date
FROM {_BOOKINGS} JOIN bookings_ticket t ON t.booking_id = b.id WHERE {_AMONG}
UNION ALL
SELECT b.order_id, b.id, t.id, 'fare', 1, -t.fare, {_TAX}, {{rule}},
    CASE WHEN t.status = 'replaced' THEN 'exchange:' || b.id
        ELSE COALESCE(e.cause, CASE b.status WHEN 'expired' THEN 'expired:' ELSE 'cancel:' END || b.id) END,
    COALESCE(
        CASE WHEN t.status = 'replaced' THEN (
            SELECT MAX(v."at") FROM bookings_bookingevent v WHERE v.ticket_id = t.id AND v.to_status = 'replaced'
        ) ELSE e."at" END,
        b.cancelled_at, b.booking_date
    )
FROM {_BOOKINGS} JOIN bookings_ticket t ON t.booking_id = b.id
LEFT JOIN bookings_ledgerentry e ON e.id = (
    SELECT MAX(back.id) FROM bookings_ledgerentry back
    WHERE back.booking_id = b.id AND back.account = 'revenue' AND back.amount > 0
        AND (back.cause LIKE 'cancel:%' OR back.cause LIKE 'void:%' OR back.cause LIKE 'expired:%')
)
WHERE t.fare <> 0 AND (t.status IN ('cancelled', 'replaced') OR b.status NOT IN {_STANDS}) AND {_AMONG}
UNION ALL
SELECT b.order_id, b.id, NULL,
    CASE WHEN e.cause LIKE 'cancel:%' THEN 'cancellation_fee' ELSE 'change_fee' END, 1, -e.amount, {_TAX}, {{rule}},
    e.cause, e."at"
FROM {_BOOKINGS} JOIN bookings_ledgerentry e ON e.booking_id = b.id AND e.account = 'fee' WHERE {_AMONG}"""

# What is sold of trips to come is not yet earned
_OPENING = f"""
INSERT INTO bookings_ledgerentry (posting, account, amount, order_id, booking_id, "at", cause)
SELECT {{posting}}, a.account, a.sign * s.amount, b.order_id, b.id, {{now}}, 'opening:' || b.id
FROM bookings_booking b
JOIN (
    SELECT booking_id, SUM(amount) AS amount FROM bookings_ledgerentry
    WHERE account = 'revenue' AND order_id > {{first}} AND order_id <= {{last}} GROUP BY booking_id
) s ON s.booking_id = b.id
CROSS JOIN (SELECT 'unearned_fares' AS account, 1 AS sign UNION ALL SELECT 'revenue', -1) a
WHERE b.status IN {_STANDS} AND b.boards_at > {{now}} AND s.amount <> 0
    AND b.order_id > {{first}} AND b.order_id <= {{last}}
    AND NOT EXISTS (SELECT 1 FROM bookings_ledgerentry o WHERE o.cause = 'opening:' || b.id)"""

_SUM = (
    "(SELECT COALESCE(CAST(ROUND(SUM(l.amount), 2) AS NUMERIC), 0) "
    "FROM bookings_orderline l WHERE l.order_id = bookings_order.id)"
)
_TOTALS = f"UPDATE bookings_order SET total = {_SUM} WHERE id > {{first}} AND id <= {{last}} AND total <> {_SUM}"


def write_lines(apps, schema_editor):
    """Lines from tickets and from the ledger, order by order in batches; each order once, should it be run again.

    It stops before anything is written where the ledger and the tickets do not agree.
    """
    connection = schema_editor.connection
    is_postgres = connection.vendor == "postgresql"
    number = "lpad(to_hex(b.id), 16, '0')" if is_postgres else "printf('%016x', b.id)"
    posting = f"'6f70656e696e6700' || {number}"
    values = {
        "rule": "CAST('{\"carried_over\": true}' AS jsonb)" if is_postgres else "'{\"carried_over\": true}'",
        "posting": f"CAST({posting} AS uuid)" if is_postgres else posting,
        "now": f"'{connection.ops.adapt_datetimefield_value(timezone.now())}'",
    }
    with connection.cursor() as cursor:
        for query in (_WRONG_BOOKINGS, _WRONG_ORDERS, _WRONG_FEES):
            cursor.execute(query)
            wrong = [str(row[0]) for row in cursor.fetchmany(20)]
            if wrong:
                raise ValueError(f"The ledger does not agree with what was sold: {', '.join(wrong)}")
        cursor.execute("SELECT COALESCE(MAX(id), 0) FROM bookings_order")
        (newest,) = cursor.fetchone()
        for first in range(0, newest, _ORDERS_AT_ONCE):
            with transaction.atomic(using=connection.alias):
                for statement in (_LINES, _OPENING, _TOTALS):
                    cursor.execute(statement.format(first=first, last=first + _ORDERS_AT_ONCE, **values))


def take_back(apps, schema_editor):
    """As the version before has it: all that is sold is revenue, and a total is what an order was placed for."""
    connection = schema_editor.connection
    on_table = " ON bookings_ledgerentry" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for trigger in ("ledger_no_update", "ledger_no_delete"):
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger}{on_table}")
        cursor.execute(
            "DELETE FROM bookings_ledgerentry "
            "WHERE booking_id IS NOT NULL AND (cause LIKE 'opening:%' OR cause LIKE 'earned:%')"
        )
        # An exchange may have taken from one and added to the other
        cursor.execute(
            "UPDATE bookings_ledgerentry SET amount = amount + (SELECT e.amount FROM bookings_ledgerentry e "
            "WHERE e.cause = bookings_ledgerentry.cause AND e.account = 'unearned_fares') "
            "WHERE account = 'revenue' AND EXISTS (SELECT 1 FROM bookings_ledgerentry e "
            "WHERE e.cause = bookings_ledgerentry.cause AND e.account = 'unearned_fares')"
        )
        cursor.execute(
            "DELETE FROM bookings_ledgerentry WHERE account = 'unearned_fares' AND EXISTS (SELECT 1 "
            "FROM bookings_ledgerentry e WHERE e.cause = bookings_ledgerentry.cause AND e.account = 'revenue')"
        )
        cursor.execute("UPDATE bookings_ledgerentry SET account = 'revenue' WHERE account = 'unearned_fares'")
        placed = (
            "(SELECT COALESCE(CAST(ROUND(SUM(e.amount), 2) AS NUMERIC), 0) FROM bookings_ledgerentry e WHERE "
            "e.order_id = bookings_order.id AND e.account = 'receivable' AND e.cause LIKE 'sale:%')"
        )
        cursor.execute(f"UPDATE bookings_order SET total = {placed} WHERE total <> {placed}")


class Migration(migrations.Migration):
    """Orders of before have lines, and fares of trips to come are not yet earned."""

    atomic = False

    dependencies = [("bookings", "0041_order_lines")]

    operations = [migrations.RunPython(write_lines, take_back)]
