"""A filled database of the first version is carried over by the migrations that came after it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from bookings.cache.reference_data import reference_data_version
from bookings.domain.counter.booking_search import search_bookings
from bookings.domain.sales.messages import queue_message, write_webhook
from bookings.models import (
    Account,
    Booking,
    City,
    GatewayNotification,
    LedgerEntry,
    OutboxMessage,
    PassengerType,
    PaymentAttempt,
    Ticket,
    Webhook,
)
from bookings.tests.make import NOW, make_api_key, make_booking, make_partner

FIRST = [("bookings", "0001_foundation")]


def migrate(targets: list[tuple[str, str]]) -> None:
    """On the way back tickets have codes that fit the column of before."""
    for ticket in Ticket.objects.filter(code__startswith="FBLT").only("pk"):
        Ticket.objects.filter(pk=ticket.pk).update(code=f"FBL1.{ticket.pk}")
    executor = MigrationExecutor(connection)
    executor.migrate(targets)


@pytest.fixture
def newest() -> Iterator[list[tuple[str, str]]]:
    """The last migrations, which the database has again after the test, however that ends."""
    leaves = [key for key in MigrationExecutor(connection).loader.graph.leaf_nodes() if key[0] == "bookings"]
    yield leaves
    migrate(leaves)


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_what_the_outbox_tells_of_is_read_from_its_subjects(newest: list[tuple[str, str]]) -> None:
    booking = make_booking()
    attempt = PaymentAttempt.objects.create(
        order=booking.order, gateway="demo", token="attempt-token", amount=600, created_at=NOW
    )
    cancellation = queue_message("cancellation", booking.order, booking, now=NOW)
    assert cancellation
    OutboxMessage.objects.filter(pk=cancellation.pk).update(sent_at=None)
    notification = queue_message("demo_payment", booking.order, attempt, version="COMPLETE", now=NOW)
    assert notification
    OutboxMessage.objects.filter(pk=notification.pk).update(subject="attempt:attempt-token", sent_at=None)
    hook = Webhook.objects.create(
        partner=make_partner(),
        url="https://hooks.partner.example/",
        secret="whsec_x",
        events=["booking.cancelled"],
        created_at=NOW,
    )
    write_webhook(hook, Webhook.Event.CANCELLED, booking, version="1", at=NOW, order=booking.order)
    migrate(FIRST)
    version = reference_data_version()
    migrate([("bookings", "0003_outbox_names_its_subject")])
    assert reference_data_version() == version
    migrate(newest)

    by_kind = {row.kind: (row.event, row.about_id) for row in OutboxMessage.objects.all()}
    assert by_kind == {
        "cancellation": ("", booking.pk),
        "demo_payment": ("", attempt.pk),
        "webhook": ("booking.cancelled", booking.pk),
    }


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_keys_from_before_are_lenient_for_90_days(newest: list[tuple[str, str]]) -> None:
    key = make_api_key().key

    migrate(FIRST)
    before = timezone.now()
    migrate(newest)

    key.refresh_from_db()
    assert before <= key.lenient_until - timedelta(days=90) <= timezone.now()


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_names_and_addresses_of_before_are_compared_anew(newest: list[tuple[str, str]]) -> None:
    booking = make_booking(email="Piet@Example.com")
    ticket, city = booking.tickets.get(), booking.from_stop.stop.city
    Ticket.objects.filter(pk=ticket.pk).update(surname="van der Merwe", plain_surname="van der merwe")
    Booking.objects.filter(pk=booking.pk).update(passenger_email="Piet@Example.com")
    City.objects.filter(pk=city.pk).update(name="Łódź", plain_name="łodz")

    migrate([("bookings", "0012_find_people")])
    migrate(newest)

    assert list(search_bookings(Booking.objects.all(), "VanDerMerwe")) == [booking]
    assert list(search_bookings(Booking.objects.all(), "piet@example.com")) == [booking]
    assert City.objects.get(pk=city.pk).plain_name == "lodz"


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_children_of_before_travel_with_an_adult(newest: list[tuple[str, str]]) -> None:
    make_booking()

    migrate([("bookings", "0020_no_shows_expected_again")])
    migrate(newest)

    kinds = PassengerType.objects.values_list("slug", "is_adult", "alone_from_age")
    assert sorted(kinds) == [("adult", True, None), ("child", False, None), ("student", True, None)]


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_payments_that_were_declined_have_failed(newest: list[tuple[str, str]]) -> None:
    order = make_booking().order
    values = {"order": order, "gateway": "demo", "amount": 600, "created_at": NOW}
    for status in ("failed", "started", "paid"):
        attempt = PaymentAttempt.objects.create(**values, token=status, status=status)
        GatewayNotification.objects.create(
            gateway="demo",
            external_id=status,
            attempt=attempt,
            received_at=NOW,
            acted_at=None if status == "started" else NOW,
        )

    migrate([("bookings", "0028_infants_on_laps")])
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM bookings_paymentattempt WHERE token = 'failed'")
        assert cursor.fetchall() == [("declined",)]
    migrate(newest)

    assert dict(PaymentAttempt.objects.values_list("token", "status")) == {
        "failed": "failed",
        "started": "started",
        "paid": "paid",
    }
    assert dict(GatewayNotification.objects.values_list("external_id", "state")) == {
        "failed": "acted",
        "started": "received",
        "paid": "acted",
    }


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_what_lies_with_a_gateway_moves_to_its_own_account(newest: list[tuple[str, str]]) -> None:
    total = make_booking(is_online=True).order.total
    make_booking(paid_by="cash")
    migrate([("bookings", "0033_alarms_about_the_till")])
    migrate(newest)

    balance = LedgerEntry.objects.balance
    assert balance(Account.GATEWAY, gateway="demo") == total
    assert balance(Account.GATEWAY) == total
    assert LedgerEntry.objects.filter(account=Account.GATEWAY, cause__startswith="opening:").count() == 2
