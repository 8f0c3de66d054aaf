"""What the database itself refuses and keeps, read from and tried on the real one."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.db.models.signals import post_migrate

from bookings.database.reference_triggers import (
    REFERENCE_TABLES,
    create_reference_triggers,
    missing_reference_triggers,
)
from bookings.database.triggers import TRIGGERS, create_triggers, missing_triggers
from bookings.models import (
    Booking,
    BookingEvent,
    BookingStep,
    Fare,
    GatewayNotification,
    LedgerEntry,
    Order,
    OutboxMessage,
    Payment,
    PaymentAttempt,
    Posting,
    Refund,
    Route,
    RouteStop,
    Schedule,
    SeatClaim,
    Submission,
    Ticket,
)
from bookings.tests.make import NOW, make_booking, make_order, make_route, make_schedule
from bookings.tests.tampering import drop_trigger

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def indexes_of(model: type[models.Model]) -> set[str]:
    with connection.cursor() as cursor:
        return set(connection.introspection.get_constraints(cursor, model._meta.db_table))


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (
            Schedule,
            [
                "schedule_departure_idx",
                "schedule_route_time_idx",
                "schedule_active_time_idx",
                "schedule_seats_idx",
            ],
        ),
        (
            Booking,
            [
                "booking_ref_idx",
                "booking_status_idx",
                "booking_email_idx",
                "booking_schedule_status_idx",
                "booking_date_idx",
            ],
        ),
        (Route, ["route_origin_idx", "route_dest_idx", "route_origin_dest_idx", "route_active_idx"]),
        (Route, ["positive_distance", "positive_duration"]),
        (Schedule, ["unique_route_time"]),
        (SeatClaim, ["one_claim_per_seat_and_leg"]),
    ],
)
def test_indexes_and_constraints_have_the_names_of_the_design(
    model: type[models.Model], names: list[str]
) -> None:
    assert set(names) <= indexes_of(model)


@pytest.fixture
def booking() -> Booking:
    return make_booking()


def copy(row: models.Model, **changes: Any) -> None:
    """The same row again, apart from what is said."""
    row = type(row).objects.get(pk=row.pk)
    row.pk, row._state.adding = None, True
    for name, value in changes.items():
        setattr(row, name, value)
    row.save()


def change(row: models.Model, **values: Any) -> None:
    type(row).objects.filter(pk=row.pk).update(**values)


Break = Callable[[Booking], object]
REFUSED: dict[str, Break] = {
    "positive_distance": lambda b: change(b.schedule.route, distance_km=0),
    "positive_duration": lambda b: change(b.schedule.route, duration_hours=0),
    "unique_route_time": lambda b: copy(b.schedule, service=None, source_id="", source=""),
    "schedule_price_not_negative": lambda b: change(b.schedule, price_zar=-1),
    "schedule_coach_from_one": lambda b: change(b.schedule, coach=0),
    "schedule_status_known": lambda b: change(b.schedule, status="lost"),
    "available seats not negative": lambda b: change(b.schedule, available_seats=-1),
    "one position of a route": lambda b: copy(RouteStop.objects.first()),
    "booking_ref_idx": lambda b: copy(b),
    "booking_status_known": lambda b: change(b, status="lost"),
    "cancelled_booking_has_time": lambda b: change(b, status="cancelled", cancelled_at=None),
    "booking_alights_after_boarding": lambda b: change(b, alights_at=b.boards_at - timedelta(minutes=1)),
    "order_total_not_negative": lambda b: change(b.order, total=-1),
    "order_status_known": lambda b: change(b.order, status="lost"),
    "pending_order_has_pay_by": lambda b: change(b.order, status="pending", pay_by=None),
    "web_order_has_contact": lambda b: change(b.order, email="", phone=""),
    "one token for one order": lambda b: copy(b.order),
    "ticket_fare_not_negative": lambda b: change(b.tickets.get(), fare=-1),
    "ticket_place: a seat": lambda b: change(b.tickets.get(), seat=None),
    "ticket_place: a lap": lambda b: change(b.tickets.get(), place="lap"),
    "ticket_status_known": lambda b: change(b.tickets.get(), status="lost"),
    "unique_spoken_code": lambda b: copy(b.tickets.get(), code="another"),
    "one code for one ticket": lambda b: copy(b.tickets.get(), spoken_code="ANOTHR"),
    "one_claim_per_seat_and_leg": lambda b: copy(SeatClaim.objects.first()),
    "claim_has_one_owner: none": lambda b: change(SeatClaim.objects.first(), ticket=None),
    "claim_expires_unless_sold: sold": lambda b: change(SeatClaim.objects.first(), expires_at=NOW),
    "claim_expires_unless_sold: held": lambda b: change(SeatClaim.objects.first(), kind="held"),
    "claim of a known kind": lambda b: change(SeatClaim.objects.first(), kind="lost"),
    "booking_event_step_known": lambda b: BookingEvent.objects.record(
        BookingStep(b, "cancelled", "confirmed", at=NOW)
    ),
    "booking_event_step_known: ticket": lambda b: BookingEvent.objects.record(
        BookingStep(b, "pending", "confirmed", at=NOW, ticket=b.tickets.get())
    ),
    "attempt_amount_positive": lambda b: PaymentAttempt.objects.create(
        order=b.order, gateway="x", token="t", amount=0, created_at=NOW
    ),
    "payment_positive": lambda b: copy(Payment.objects.get(), external_id="another", amount=0),
    "unique_payment": lambda b: copy(Payment.objects.get()),
    "refund_positive": lambda b: Refund.objects.create(order=b.order, cause="x", amount=0, created_at=NOW),
    "paid_refund_has_time": lambda b: Refund.objects.create(
        order=b.order, cause="x", amount=1, status="paid", created_at=NOW
    ),
    "one_entry_per_cause_account_gateway": lambda b: copy(LedgerEntry.objects.first()),
    "ledger_entry_not_zero": lambda b: copy(LedgerEntry.objects.first(), cause="x", amount=0),
    "ledger_account_known": lambda b: copy(LedgerEntry.objects.first(), cause="x", account="lost"),
    "unique_submission": lambda b: [
        Submission.objects.create(scope="s", token="t", content_hash="h", created_at=NOW) for _ in range(2)
    ],
    "unique_notification": lambda b: [_notification(b) for _ in range(2)],
    "unique_outbox_message": lambda b: [_message(b, number) for number in range(2)],
    "fare not negative": lambda b: Fare.objects.create(
        route=b.schedule.route,
        from_stop=b.from_stop,
        to_stop=b.to_stop,
        fare_class=b.tickets.get().fare_class,
        amount=-1,
    ),
}


def _notification(booking: Booking) -> None:
    attempt = PaymentAttempt.objects.get_or_create(
        order=booking.order, gateway="demo", token="t", defaults={"amount": 1, "created_at": NOW}
    )[0]
    GatewayNotification.objects.create(
        gateway="demo", external_id="1", attempt=attempt, body="", received_at=NOW
    )


def _message(booking: Booking, number: int) -> None:
    OutboxMessage.objects.create(
        kind="link",
        order=booking.order,
        subject="order:1",
        created_at=NOW,
        next_try=NOW,
        message_id=f"<{number}@x>",
    )


@pytest.mark.parametrize("rule", REFUSED)
def test_the_database_refuses_what_no_row_may_show(booking: Booking, rule: str) -> None:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        REFUSED[rule](booking)

    if connection.vendor == "postgresql" and rule in {
        name for model in (Route, Schedule, Booking) for name in indexes_of(model)
    }:
        assert rule in str(refusal.value)


def test_one_route_may_have_two_coaches_at_a_time_and_two_routes_one() -> None:
    schedule = make_schedule()

    make_schedule(route=schedule.route, departs=schedule.departure_time, coach=2)
    make_schedule(departs=schedule.departure_time)

    assert Schedule.objects.count() == 3


@pytest.mark.parametrize(
    "statement", ["UPDATE bookings_ledgerentry SET amount = 1", "DELETE FROM bookings_ledgerentry"]
)
def test_the_ledger_is_never_rewritten(booking: Booking, statement: str) -> None:
    before = sorted(LedgerEntry.objects.values_list("cause", "amount"))

    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert sorted(LedgerEntry.objects.values_list("cause", "amount")) == before


def test_a_posting_that_does_not_balance_is_not_written() -> None:
    with pytest.raises(ValueError, match="balance"):
        LedgerEntry.objects.post(
            Posting("x", {"cash": Decimal(1), "revenue": Decimal(-2)}, at=NOW, order=make_order())
        )

    assert LedgerEntry.objects.count() == 0


def test_the_triggers_of_the_books_come_back_after_their_tables_were_remade() -> None:
    for trigger in TRIGGERS:
        drop_trigger(trigger)
    assert missing_triggers() == list(TRIGGERS)

    assert create_triggers in [receiver() for _key, receiver, *_rest in post_migrate.receivers]
    create_triggers()

    assert missing_triggers() == []


def test_a_trigger_works_in_its_own_schema_whatever_the_session_looks_at(booking: Booking) -> None:
    """The functions of a database that an older version made are made again at its next migrate."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        schema = cursor.fetchone()[0]
        cursor.execute(
            "SELECT DISTINCT tgfoid::regprocedure::text FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid "
            "JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = current_schema() "
            "AND NOT tgisinternal"
        )
        for (function,) in cursor.fetchall():
            cursor.execute(f"ALTER FUNCTION {function} RESET ALL")  # as that version had them
        statement = f'UPDATE "{schema}".bookings_city SET name = name'
        with pytest.raises(DatabaseError, match="does not exist"), transaction.atomic():
            execute_elsewhere(cursor, statement)

        create_triggers()
        create_reference_triggers()

        execute_elsewhere(cursor, statement)
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            execute_elsewhere(cursor, f'DELETE FROM "{schema}".bookings_ledgerentry')


def execute_elsewhere(cursor: Any, statement: str) -> None:
    """As somebody whose search_path does not name our schema."""
    cursor.execute("SET LOCAL search_path TO pg_catalog")
    cursor.execute(statement)


def test_a_trigger_in_another_schema_is_not_ours() -> None:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA another_company")
        cursor.execute("SET LOCAL search_path TO another_company")

    assert missing_triggers() == list(TRIGGERS)
    assert len(missing_reference_triggers()) == len(REFERENCE_TABLES)


def test_the_longest_values_fit_their_columns() -> None:
    """SQLite takes any length, so only the other database shows what is too long.

    A name and a code of full length go in.
    """
    route = make_route()
    booking = make_booking(schedule=make_schedule(route=route), names=("x" * 80 + " " + "y" * 80,))

    assert len(Ticket.objects.get(booking=booking).code) <= 40
    assert len(Order.objects.get(pk=booking.order_id).token) <= 32
