"""Query plans on a data set of some size, of the very statements that pages, sales and sweeps send.

PostgreSQL only.
"""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from bookings.benchmarks.data import build
from bookings.benchmarks.plans import BIG, GROWING, Plan, Statement, plan_of, statements_of
from bookings.benchmarks.prepare import facts, sellable_segments
from bookings.benchmarks.sizes import Size
from bookings.benchmarks.transactions import MeasuredSale
from bookings.domain.maintenance.cleanup import clean_old_rows
from bookings.domain.messaging.outbox import send_due
from bookings.domain.partners.documents import OrderFilter, orders_of
from bookings.domain.partners.monthly_commission import credit_monthly_commission
from bookings.domain.reconciliation.matching import match_lines
from bookings.domain.sales.bank_details import remind_of_bank_details
from bookings.domain.sales.commission import take_back_commission
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.gateway_refunds import note_refund, pay_waiting_refunds
from bookings.domain.sales.gateways import PaymentState, VerifiedNotification
from bookings.domain.sales.notifications import act_on_waiting, ask_after_attempts
from bookings.domain.sales.refunds import owe_refund
from bookings.domain.sales.reminders import queue_pay_reminders
from bookings.models import Booking, Partner, PaymentAttempt, Route, Schedule, StatementDay, User
from bookings.tests.make import make_partner, make_statement_line, make_user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL explains its plans"),
]
SIZE: Final = Size.read("4k:100k", routes=40)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """Four thousand departures and twenty thousand bookings, gone after this file."""
    with django_db_blocker.unblock(), transaction.atomic():
        build(SIZE)
        yield facts(SIZE) | _known()
        transaction.set_rollback(True)


def _known() -> dict[str, Any]:
    booking = Booking.objects.select_related("order").filter(status="confirmed")[500]
    ride = sellable_segments()[0]
    return {
        "reference": booking.booking_reference,
        "order": booking.order_id,
        "email": booking.passenger_email,
        "phone": booking.order.phone.replace("+", "%2B"),
        "surname": booking.tickets.first().surname,
        "schedule": booking.schedule_id,
        "start": ride[1],
        "end": ride[2],
        "partner": make_partner().slug,
        "member": make_user(username="clerk").pk,
        "late": timezone.localdate() + timedelta(days=60),
    }


TABLE: Final = re.compile(r'"(bookings_\w+)"')
Visit = Callable[[Client, dict[str, Any]], Any]


def page(address: str) -> Visit:
    """An address, with what it needs of the world in braces."""

    def visit(client: Client, world: dict[str, Any]) -> None:
        response = client.get(address.format_map(world), follow=False)
        assert response.status_code == 200, (response.status_code, response.headers)
        if response.streaming:
            list(response)

    return visit


def sale(client: Client, world: dict[str, Any]) -> None:
    customer = MeasuredSale(sellable_segments()[0], 1)
    for step in ("hold", "type", "order", "tell", "pay"):
        getattr(customer, step)()


def told_of_refund(client: Client, world: dict[str, Any]) -> None:
    told = VerifiedNotification("", "unknown", Decimal(100), PaymentState.REFUNDED)
    note_refund(PaymentAttempt(pk=1, order_id=world["order"]), told, timezone.now())


def refund(client: Client, world: dict[str, Any]) -> None:
    booking = Booking.objects.filter(order=world["order"]).first()
    assert booking
    owed = owe_refund(booking, "plans", Decimal(1), now=timezone.now())
    take_back_commission(owed[0], now=timezone.now())


def statement(client: Client, world: dict[str, Any]) -> None:
    make_statement_line("payfast", -100, kind="refund", external_id="unknown")
    match_lines(now=timezone.now())


def reconciliation(client: Client, world: dict[str, Any]) -> None:
    day, now = timezone.localdate(), timezone.now()
    StatementDay.objects.create(gateway="payfast", day=day, read_at=now)
    for address in ("", f"payfast/{day.isoformat()}/"):
        page(f"/office/reconciliation/{address}")(client, world)


def sweeps(client: Client, world: dict[str, Any]) -> None:
    for sweep in (
        expire_unpaid,
        queue_pay_reminders,
        act_on_waiting,
        ask_after_attempts,
        pay_waiting_refunds,
        remind_of_bank_details,
        credit_monthly_commission,
        send_due,
    ):
        sweep()


def changed_orders(client: Client, world: dict[str, Any]) -> None:
    """What a partner's program asks for every few minutes."""
    wanted = OrderFilter(updated_since=timezone.now() - timedelta(hours=1))
    list(orders_of(Partner.objects.get(slug=world["partner"]), wanted)[:21])


VISITS: Final[dict[str, Visit]] = {
    "home": page("/"),
    "results": page("/search/{search[0]}"),
    "results, cheapest first": page("/search/{search[1]}&sort=cheapest"),
    "nothing that day": page("/search/?from={start}&to={end}&date={late}&passengers=2"),
    "departure": page("{departures[0]}"),
    "board": page("{boards[0]}"),
    "find": lambda client, world: client.post(
        "/bookings/", {"reference": world["reference"], "proof": world["surname"]}
    ),
    "lines": page("/routes/"),
    "pair": page("/routes/{start}-to-{end}/"),
    "sitemap": page("/sitemap.xml"),
    "office": page("/office/"),
    "bookings": page("/office/bookings/"),
    "bookings, deep": page("/office/bookings/?after={deep}"),
    "bookings, by travel": page("/office/bookings/?sort=departure"),
    "bookings, cancelled": page("/office/bookings/?status=cancelled"),
    "bookings, waiting": page("/office/bookings/?status=pending"),
    "bookings, name": page("/office/bookings/?q={surname}"),
    "bookings, rare name": page("/office/bookings/?q=qqq"),
    "bookings, e-mail": page("/office/bookings/?q={email}"),
    "bookings, phone": page("/office/bookings/?q={phone}"),
    "bookings, reference": page("/office/bookings/?q={reference}"),
    "bookings, slip": page("/office/bookings/?q=slip%204711"),
    "command box": page("/office/find/?q=today"),
    "bookings of a departure": page("/office/bookings/?departure={schedule}"),
    "booking": page("/office/bookings/{reference}/"),
    "departures": page("/office/departures/"),
    "seats of a departure": page("/office/departures/{schedule}/seats/"),
    "manifest": page("/office/departures/{schedule}/manifest/"),
    "manifest as a file": page("/office/departures/{schedule}/manifest.csv"),
    "sell": page("/office/sell/"),
    "shift": page("/office/shift/"),
    "shifts": page("/office/shifts/"),
    "tasks": page("/office/tasks/"),
    "partners": page("/office/partners/"),
    "partner": page("/office/partners/{partner}/"),
    "partner statement": page("/office/partners/{partner}/statement/"),
    "webhooks": page("/office/partners/{partner}/webhooks/"),
    "staff": page("/office/staff/"),
    "staff member": page("/office/staff/{member}/"),
    "own sessions": page("/office/account/"),
    "report of sales": page("/office/reports/sales/?by=route"),
    "report of load": page("/office/reports/load/"),
    "accounts": page("/office/reports/accounts/"),
    "not yet travelled": page("/office/reports/unearned/"),
    "audit": page("/office/audit/"),
    "reconciliation of a day": page("/office/reconciliation/card/{late}/"),
    "API: departures": page("/api/v1/schedules/"),
    "API: search": page("/api/v1/search/{search[0]}"),
    "API: changed orders": changed_orders,
    "refund that a gateway tells of": told_of_refund,
    "refund": refund,
    "statement": statement,
    "reconciliation": reconciliation,
    "sale": sale,
    "sweeps": sweeps,
    "cleaning": lambda client, world: clean_old_rows(),
}


# Reading a table through once a night costs less than an index that every sale has to keep.
ONCE_A_NIGHT: Final = {"cleaning": {"bookings_accesslink"}}
# What the source document wants each index for
SOURCE_DOCUMENT: Final[dict[str, QuerySet]] = {
    "schedule_departure_idx": Schedule.objects.order_by("departure_time")[:20],
    "schedule_route_time_idx": Schedule.objects.filter(route=7, departure_time__gt=timezone.now()).order_by(
        "departure_time"
    )[:20],
    "schedule_active_time_idx": Schedule.objects.filter(is_active=False, departure_time__gt=timezone.now()),
    "schedule_seats_idx": Schedule.objects.filter(available_seats__lt=2),
    "booking_ref_idx": Booking.objects.filter(booking_reference="7K3M9Q2X"),
    "booking_status_idx": Booking.objects.filter(status="cancelled"),
    "booking_email_idx": Booking.objects.filter(passenger_email="ann@example.com"),
    "booking_schedule_status_idx": Booking.objects.filter(schedule=5, status="confirmed"),
    "booking_date_idx": Booking.objects.order_by("-booking_date")[:20],
    "route_origin_idx": Route.objects.filter(origin=3).order_by(),
    "route_dest_idx": Route.objects.filter(destination=3).order_by(),
    "route_origin_dest_idx": Route.objects.filter(origin=3, destination=5).order_by(),
    "route_active_idx": Route.objects.filter(is_active=False).order_by(),
}
_DELETED: Final = "before a row that it points to is deleted, it is looked for here"
_TILL: Final = "a till's own sales, of which this world has none"
_CASE: Final = "the cases of a departure, order or ticket, of which this world has none"
_ACTS: Final = "who did what on a day, once there are many days"
_DJANGO: Final = "Django's own"
# Used by nothing above and yet there, by their first column. Django's second index of a text in a small table
# is left alone, too.
KEPT: Final = {
    "bookings_outofservice.bus_id": "the days on which the coaches of a list or of the board do not run",
    "bookings_outboxmessage.provider_id": "which mail an event of the provider is about",
    "bookings_providercallback.next_try": "what providers told and nobody has acted upon",
    "bookings_textmessage.next_try": "the text messages that are due",
    "bookings_textmessage.fall_back_at": "those that the next channel follows",
    "bookings_textmessage.booking_id": "what the passengers of a booking were told",
    "bookings_textmessage.order_id": "what an order was told, and its erasure",
    "bookings_textmessage.ticket_id": "what one passenger was told",
    "bookings_ticketcontact.ticket_id": "whom to tell of a ticket",
    "bookings_waitlisttrip.schedule_id": "who waits for the seats that a cancellation frees",
    "bookings_exchangerequest.booking_id": "whether a change of a booking waits for its payment",
    "bookings_exchangerequest.expires_at": "the sweep of changes that were not paid in time",
    "bookings_paymentattempt.exchange_request_id": "how often somebody tried to pay for a change",
    "bookings_accesslink.order_id": "a new address takes away the links that went to the old one",
    "bookings_apikey.created_by_id": _DELETED,
    "bookings_apikey.revoked_by_id": _DELETED,
    "bookings_auditentry.at": _ACTS,
    "bookings_auditentry.subject": "who changed a stop, city or line, once there are many entries",
    "bookings_booking.to_stop_id": _DELETED,
    "bookings_bus.layout_id": _DELETED,
    "bookings_choicelink.disruption_id": _CASE,
    "bookings_choicelink.order_id": _CASE,
    "bookings_choicelink.ticket_id": _CASE,
    "bookings_city.plain_name": "a place that is named in full",
    "bookings_commission.at": "what a partner earned in a month, once there are many months",
    "bookings_disruptedschedule.disruption_id": _CASE,
    "bookings_disruptedschedule.schedule_id": _CASE,
    "bookings_disruptionline.disruption_id": _CASE,
    "bookings_disruptionline.ticket_id": _CASE,
    "bookings_fare.fare_class_id": _DELETED,
    "bookings_partnerevent.partner_id": "what was changed about a partner, once there are many",
    "bookings_hold.expires_at": "the nightly cleaning, once there are many",
    "bookings_holdtrip.schedule_id": (
        "what a visitor holds on a departure already; by the hold itself while there are few"
    ),
    "bookings_invoice.order_id": "the invoices of an order, of which this world has none",
    "bookings_invoiceline.invoice_id": "the lines of an invoice, of which this world has none",
    "bookings_ledgerentry.booking_id": "what a booking was sold for, when it is cancelled",
    "bookings_ledgerentry.partner_id": "what a partner owes, once there are many entries",
    "bookings_ledgerentry.shift_id": _TILL,
    "bookings_order.promo_code_id": "how often a promo code was used, of which this world has none",
    "bookings_order.shift_id": _TILL,
    "bookings_luggagerule.fare_class_id": _DELETED,
    "bookings_luggagerule.line_id": _DELETED,
    "bookings_orderline.booking_id": "what is sold of a booking, when it is cancelled or moved",
    "bookings_orderline.order_id": "the receipt of an order, and its total after a change",
    "bookings_partnerevent.actor_id": _DELETED,
    "bookings_payment.shift_id": _TILL,
    **dict.fromkeys(
        (
            "bookings_promocode_classes.fareclass_id",
            "bookings_promocode_classes.promocode_id",
            "bookings_promocode_lines.line_id",
            "bookings_promocode_lines.promocode_id",
        ),
        _DJANGO,
    ),
    "bookings_refund.booking_id": "what came back on a booking",
    "bookings_refund.paid_at": "what was given back on a day, once there are many days",
    "bookings_refund.shift_id": _TILL,
    "bookings_refundattempt.external_id": (
        "the refund that a statement names by its number; by the refunds while there are few"
    ),
    "bookings_schedule.bus_id": _DELETED,
    "bookings_schedule.layout_id": _DELETED,
    "bookings_schedulechange.schedule_id": "what was told of a departure, of which this world has nothing",
    "bookings_scheduleevent.schedule_id": "who closed the doors of a departure",
    "bookings_seatblock.released_by_id": _DELETED,
    "bookings_seatblock.schedule_id": "the seats kept off sale on a departure",
    "bookings_seatblock.seat_id": _DELETED,
    "bookings_seatclaim.block_id": "a block that is taken back",
    "bookings_service.layout_id": _DELETED,
    "bookings_service.route_id": _DELETED,
    "bookings_staffevent.actor_id": _DELETED,
    "bookings_staffevent.user_id": _DELETED,
    "bookings_stafftask.done_at": "what is still to be done",
    "bookings_stafftask.order_id": "the tasks about an order, once there are many",
    "bookings_statementline.gateway": "the lines of a day, once there are many days",
    "bookings_stop.plain_name": "a place that is named in full",
    "bookings_writeoff.gateway": "what was written off of a day, of which this world has none",
    "bookings_voucher.id": "the codes that wait for their mail, each minute",
    "bookings_voucher.order_id": _DELETED,
    "bookings_voucher.valid_until": "what was given and is over, each night, once there are many",
    "bookings_vouchermovement.voucher_id": "the history of a voucher, of which this world has none",
    "bookings_tillmovement.shift_id": _TILL,
    "bookings_user.branch_id": _DELETED,
    "bookings_user_groups.group_id": _DJANGO,
    "bookings_user_groups.user_id": _DJANGO,
    "bookings_user_user_permissions.permission_id": _DJANGO,
    "bookings_user_user_permissions.user_id": _DJANGO,
    "bookings_officeevent.at": _ACTS,
    "bookings_schedulechange.at": _ACTS,
    "bookings_scheduleevent.at": _ACTS,
    "bookings_staffevent.at": _ACTS,
    "bookings_tillmovement.at": _ACTS,
    "bookings_vouchermovement.at": _ACTS,
    "bookings_bookingevent.at": _ACTS,
    "bookings_webhook.created_by_id": _DELETED,
    "bookings_webhook.partner_id": "a partner's addresses; all of them while there are few",
}
Plans = Callable[[str], list[Plan]]


@pytest.fixture(scope="module")
def explained() -> dict[str, list[Plan]]:
    return {}


@pytest.fixture
def plans(world: dict[str, Any], explained: dict[str, list[Plan]], db: None) -> Plans:
    """Of a visit: the plans of what it asked, with nothing in the cache. It is undone at once."""

    def plans_of(name: str) -> list[Plan]:
        if name not in explained:
            cache.clear()
            client = Client()
            with transaction.atomic():
                client.force_login(User.objects.get(username="benchmark"))
                with statements_of() as statements:
                    VISITS[name](client, world)
                explained[name] = [plan for statement in statements if (plan := plan_of(statement))]
                transaction.set_rollback(True)
        return explained[name]

    return plans_of


def _read_whole(plan: Plan) -> set[str]:
    """What is read from end to end.

    Beside tables that are empty here the planner's choice says nothing, so only what it must do counts.
    """
    touches = set(TABLE.findall(plan.statement.sql))
    return (plan.unaided if touches & GROWING - BIG else plan.whole | plan.sixth_whole) & GROWING


@pytest.mark.parametrize("name", VISITS)
def test_nothing_reads_a_big_table_from_end_to_end(plans: Plans, name: str) -> None:
    wrong = [
        f"{sorted(read)}: {plan.statement.sql}"
        for plan in plans(name)
        if (read := _read_whole(plan) - ONCE_A_NIGHT.get(name, set()))
    ]

    assert wrong == []
    assert plans(name)


@pytest.fixture(scope="module")
def partial_indexes(world: dict[str, Any]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE indpred IS NOT NULL")
        return {name.strip('"') for (name,) in cursor.fetchall()}


def test_prepared_statements_still_use_partial_indexes(plans: Plans, partial_indexes: set[str]) -> None:
    """A plan that knows no values cannot know either that they are those of the index."""
    used = [(name, plan.indexes & partial_indexes, plan) for name in VISITS for plan in plans(name)]

    assert [
        f"{name}, {sorted(lost)}: {plan.statement.sql}"
        for name, indexes, plan in used
        if (lost := indexes - plan.sixth)
    ] == []
    assert {index for _name, indexes, _plan in used for index in indexes} >= {
        "outbox_due_idx",
        "claim_expires_idx",
    }


def test_nothing_counts_a_big_table(plans: Plans) -> None:
    counts = [
        plan.statement.sql
        for name in VISITS
        for plan in plans(name)
        if "COUNT(" in plan.statement.sql.upper()
    ]

    assert [sql for sql in counts if " WHERE " not in sql and set(TABLE.findall(sql)) & GROWING] == []


def test_the_indexes_of_the_source_document_are_used(plans: Plans) -> None:
    """On a table of two hundred routes reading all is the cheapest.

    There it is enough that the index would do.
    """
    used = {name for visit in VISITS for plan in plans(visit) for name in plan.indexes}
    for rows in SOURCE_DOCUMENT.values():
        sql, params = rows.query.sql_with_params()
        plan = plan_of(Statement(sql, params))
        used |= plan.possible if plan.whole == {"bookings_route"} else plan.indexes

    # They begin alike, so either of them is taken, by the order in which they were made.
    missing = set(SOURCE_DOCUMENT) - used
    assert missing < {"route_origin_idx", "route_origin_dest_idx"}


def test_every_index_earns_its_place(plans: Plans) -> None:
    """Used by a plan, named by the source document, part of a constraint, or there for a given reason."""
    used = {name for visit in VISITS for plan in plans(visit) for name in plan.indexes | plan.possible}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, attname, indexrelid::regclass::text FROM pg_index "
            "JOIN pg_attribute ON attrelid = indrelid "
            "AND attnum = indkey[0] JOIN pg_class ON pg_class.oid = indrelid "
            "JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE nspname = current_schema() AND relname LIKE 'bookings%' AND NOT indisunique"
        )
        indexes = [(f"{table}.{column}", name.strip('"')) for table, column, name in cursor.fetchall()]
    idle = [
        (column, name)
        for column, name in indexes
        if name not in used | set(SOURCE_DOCUMENT) and column not in KEPT
    ]

    left = [
        (column, name)
        for column, name in idle
        if not (name.endswith("_like") and column.partition(".")[0] not in GROWING)
    ]
    assert left == [], "\n".join(map(str, left))
    assert set(KEPT) <= {column for column, _name in indexes}
