"""A filled database of the first version is carried over by the migrations that came after it."""

from collections.abc import Callable, Iterator
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
    Payment,
    PaymentAttempt,
    Ticket,
    Webhook,
)
from bookings.tests.make import NOW, make_api_key, make_booking, make_partner

FIRST, NEWEST = "0001_foundation", "~"
Story = Iterator[str]
_STORIES: list[Callable[[], Story]] = []


def story(tell: Callable[[], Story]) -> Callable[[], Story]:
    """What is filled in today, taken back to an older version, and found when it has been carried over.

    `tell` yields the migrations at which it goes on: one on the way back, then those on the way here, at last
    NEWEST. All stories go one way together, as each of its migrations takes long.
    """
    _STORIES.append(tell)
    return tell


def migrate(names: list[tuple[str, str]]) -> None:
    """On the way back tickets have codes that fit the column of before."""
    for ticket in Ticket.objects.filter(code__startswith="FBLT").only("pk"):
        Ticket.objects.filter(pk=ticket.pk).update(code=f"FBL1.{ticket.pk}")
    MigrationExecutor(connection).migrate(names)


@pytest.fixture
def newest() -> Iterator[list[tuple[str, str]]]:
    """The last migrations, which the database has again after the test, however that ends."""
    leaves = [key for key in MigrationExecutor(connection).loader.graph.leaf_nodes() if key[0] == "bookings"]
    yield leaves
    migrate(leaves)


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_what_was_there_before_is_carried_over(newest: list[tuple[str, str]]) -> None:
    waiting = [(next(told), told) for told in (tell() for tell in _STORIES)]

    def go_to(name: str) -> list[tuple[str, Story]]:
        migrate(newest if name == NEWEST else [("bookings", name)])
        here = [told for stop, told in waiting if stop == name]
        later = [each for each in waiting if each[0] != name]
        return later + [(stop, told) for told in here if (stop := next(told, ""))]

    for name in sorted({stop for stop, _told in waiting}, reverse=True):
        waiting = go_to(name)
    while waiting:
        waiting = go_to(min(stop for stop, _told in waiting))


@story
def what_the_outbox_tells_of_is_read_from_its_subjects() -> Story:
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
        partner=make_partner("Hooks Travel"),
        url="https://hooks.partner.example/",
        secret="whsec_x",
        events=["booking.cancelled"],
        created_at=NOW,
    )
    write_webhook(hook, Webhook.Event.CANCELLED, booking, version="1", at=NOW, order=booking.order)
    yield FIRST
    version = reference_data_version()
    yield "0003_outbox_names_its_subject"
    assert reference_data_version() == version
    yield NEWEST

    by_kind = {row.kind: (row.event, row.about_id) for row in OutboxMessage.objects.all()}
    assert by_kind == {
        "cancellation": ("", booking.pk),
        "demo_payment": ("", attempt.pk),
        "webhook": ("booking.cancelled", booking.pk),
    }


@story
def keys_from_before_are_lenient_for_90_days() -> Story:
    key = make_api_key().key

    yield FIRST
    before = timezone.now()
    yield NEWEST

    key.refresh_from_db()
    assert before <= key.lenient_until - timedelta(days=90) <= timezone.now()


@story
def names_and_addresses_of_before_are_compared_anew() -> Story:
    booking = make_booking(email="Piet@Example.com")
    ticket, city = booking.tickets.get(), booking.from_stop.stop.city
    Ticket.objects.filter(pk=ticket.pk).update(surname="van der Merwe", plain_surname="van der merwe")
    Booking.objects.filter(pk=booking.pk).update(passenger_email="Piet@Example.com")
    City.objects.filter(pk=city.pk).update(name="Łódź", plain_name="łodz")

    yield "0012_find_people"
    yield NEWEST

    assert list(search_bookings(Booking.objects.all(), "VanDerMerwe")) == [booking]
    assert list(search_bookings(Booking.objects.all(), "piet@example.com")) == [booking]
    assert City.objects.get(pk=city.pk).plain_name == "lodz"


@story
def children_of_before_travel_with_an_adult() -> Story:
    make_booking()

    yield "0020_no_shows_expected_again"
    yield NEWEST

    kinds = PassengerType.objects.values_list("slug", "is_adult", "alone_from_age")
    assert sorted(kinds) == [("adult", True, None), ("child", False, None), ("student", True, None)]


@story
def payments_that_were_declined_have_failed() -> Story:
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

    yield "0028_infants_on_laps"
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM bookings_paymentattempt WHERE token = 'failed'")
        assert cursor.fetchall() == [("declined",)]
    yield NEWEST

    assert dict(PaymentAttempt.objects.filter(order=order).values_list("token", "status")) == {
        "failed": "failed",
        "started": "started",
        "paid": "paid",
    }
    assert dict(GatewayNotification.objects.values_list("external_id", "state")) == {
        "failed": "acted",
        "started": "received",
        "paid": "acted",
    }


@story
def what_lies_with_a_gateway_moves_to_its_own_account() -> Story:
    own = make_booking(is_online=True).order.total
    make_booking(paid_by="cash")
    yield "0033_alarms_about_the_till"
    yield NEWEST

    total = sum(payment.amount for payment in Payment.objects.filter(method="demo"))
    assert total >= own
    balance = LedgerEntry.objects.balance
    assert balance(Account.GATEWAY, gateway="demo") == total
    assert balance(Account.GATEWAY) == total
    assert LedgerEntry.objects.filter(account=Account.GATEWAY, cause__startswith="opening:").count() == 2
