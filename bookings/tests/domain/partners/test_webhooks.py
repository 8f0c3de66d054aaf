"""What partners are told, signed, in its order, and again until it is taken."""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command

from bookings import tasks
from bookings.base.errors import Conflict, RuleBroken
from bookings.domain.counter.tender import Tender, pay_out_refund, take_payment
from bookings.domain.integrity.invariants import violations
from bookings.domain.messaging.outbox import LEASE, WEBHOOK_PAUSES, SendReport, send_batch, send_due
from bookings.domain.messaging.webhooks import delivery as delivering
from bookings.domain.messaging.webhooks.delivery import WebhookCarrier, send_webhooks
from bookings.domain.partners.webhooks import (
    DeliveryState,
    add_webhook,
    list_deliveries,
    list_webhooks,
    ping,
    resend_message,
    rotate_secret,
    secret_fingerprint,
    switch_webhook,
)
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.messages import queue_message
from bookings.domain.sales.ticket_changes import NameChange, change_name
from bookings.models import Booking, OutboxMessage, Partner, Refund, StaffTask, Ticket, Webhook
from bookings.tests.domain.partners.receiver import Receiver, receiver
from bookings.tests.domain.partners.sale import ALL, partner_order, sold_by
from bookings.tests.make import (
    NOW,
    make_approval,
    make_booking,
    make_partner,
    make_schedule,
    make_shift,
    make_user,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
HANDBOOK = Path(__file__).resolve().parents[3] / "api" / "README.md"


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


@pytest.fixture
def partner() -> Partner:
    return make_partner()


@pytest.fixture
def hook(partner: Partner, server: Receiver) -> Webhook:
    return add_webhook(partner, url=server.url, events=ALL, now=NOW)


def send(server: Receiver, now: datetime = NOW, **changes: Any) -> int:
    return send_webhooks(poster=server.poster(**changes), now=now).sent


def is_signed(got: Any, secret: str) -> bool:
    """As a partner would check it, in a few lines of its own."""
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.{got.text}"
    digest = hmac.new(base64.b64decode(secret[6:]), signed.encode(), hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(digest).decode()
    return any(hmac.compare_digest(expected, given) for given in got.headers["webhook-signature"].split(" "))


@pytest.mark.database
def test_a_sale_is_told_with_its_passengers_and_signed(
    server: Receiver, partner: Partner, hook: Webhook
) -> None:
    order = sold_by(partner, make_schedule())

    assert send(server) == 2

    assert server.events() == ["payment.received", "booking.confirmed"]
    paid, confirmed = server.got
    booking = order.bookings.get()
    assert paid.body["data"] == {
        "order": order.token,
        "amount_zar": "900.00",
        "method": "partner",
        "paid_at": "2026-12-01T08:00:00.000+00:00",
    }
    assert confirmed.body["data"] == {
        "order": order.token,
        "booking": booking.booking_reference,
        "status": "confirmed",
        "schedule_id": booking.schedule_id,
        "origin": {
            "ref": "johannesburg-main@0",
            "stop": "Johannesburg station",
            "city": "Johannesburg",
            "city_slug": "johannesburg",
            "time": "2026-12-04T10:00:00+02:00",
            "expected_time": "2026-12-04T10:00:00+02:00",
            "news_at": None,
            "is_skipped": False,
        },
        "destination": {
            "ref": "cape-town-main@2",
            "stop": "Cape Town station",
            "city": "Cape Town",
            "city_slug": "cape-town",
            "time": "2026-12-04T14:00:00+02:00",
            "expected_time": "2026-12-04T14:00:00+02:00",
            "news_at": None,
            "is_skipped": False,
        },
        "tickets": [
            {
                "id": ticket.pk,
                "first_name": name,
                "surname": "Mokoena",
                "seat": seat,
                "extra_luggage": 0,
                "status": "valid",
            }
            for ticket, name, seat in zip(
                booking.tickets.order_by("pk"), ("Ann", "Sipho"), ("1A", "1B"), strict=True
            )
        ],
    }
    assert all(is_signed(got, hook.secret) for got in server.got)
    assert not is_signed(paid, "whsec_" + base64.b64encode(b"x" * 32).decode())
    assert paid.headers["webhook-id"] == paid.body["id"] != confirmed.body["id"]
    assert paid.headers["webhook-timestamp"] == str(int(NOW.timestamp()))


def test_money_that_goes_back_over_a_counter_is_told_too(
    server: Receiver, partner: Partner, hook: Webhook
) -> None:
    shift, order = make_shift(make_user()), partner_order(partner, make_schedule())
    take_payment(order, Tender("cash"), shift=shift, submission="pay", content="", now=NOW)
    cancel_booking(
        CancellationRequest(order.bookings.get().booking_reference),
        submission="c",
        content="",
        now=NOW + MINUTE,
    )
    pay_out_refund(
        Refund.objects.get().pk,
        Tender("cash", approval=make_approval()),
        shift=shift,
        submission="back",
        content="",
        now=NOW + 2 * MINUTE,
    )

    send(server, NOW + 3 * MINUTE)

    assert server.events() == [
        "payment.received",
        "booking.confirmed",
        "booking.cancelled",
        "payment.refunded",
    ]
    assert server.got[-1].body["data"]["method"] == "cash"


def test_a_change_names_the_ticket_it_is_about_and_a_cancellation_those_that_ended(
    server: Receiver, partner: Partner, hook: Webhook
) -> None:
    order = sold_by(partner, make_schedule())
    ann, sipho = Ticket.objects.filter(booking__order=order).order_by("pk")
    change_name(NameChange(sipho.pk, "Sizwe", "Mokoena"), submission="n", content="", now=NOW + MINUTE)
    cancelled = cancel_booking(
        CancellationRequest(order.bookings.get().booking_reference, ticket_ids=[ann.pk]),
        submission="c",
        content="",
        now=NOW + 2 * MINUTE,
    )

    send(server, NOW + 3 * MINUTE)

    assert server.events() == [
        "payment.received",
        "booking.confirmed",
        "booking.changed",
        "payment.refunded",
        "booking.cancelled",
    ]
    changed, refunded, ended = (got.body["data"] for got in server.got[2:])
    assert [(ticket["id"], ticket["first_name"]) for ticket in changed["tickets"]] == [(sipho.pk, "Sizwe")]
    assert [(ticket["id"], ticket["status"]) for ticket in ended["tickets"]] == [(ann.pk, "cancelled")]
    assert (ended["booking"], ended["status"], refunded["booking"]) == (
        cancelled.booking_reference,
        "cancelled",
        cancelled.booking_reference,
    )
    assert violations(now=NOW + 3 * MINUTE) == []


def test_an_unpaid_order_that_runs_out_is_told(server: Receiver, partner: Partner, hook: Webhook) -> None:
    order = partner_order(partner, make_schedule())
    late = order.pay_by + MINUTE
    expire_unpaid(now=late)

    send(server, late)

    assert server.events() == ["booking.expired"]
    assert server.got[0].body["data"]["status"] == "expired"


def test_nobody_hears_of_what_others_sold_or_did_not_ask_for(server: Receiver, partner: Partner) -> None:
    add_webhook(partner, url=server.url, events=["booking.cancelled"], now=NOW)
    sold_by(partner, make_schedule())
    sold_by(make_partner("Other"), make_schedule())
    cancel_booking(CancellationRequest(make_booking().booking_reference), submission="c", content="", now=NOW)

    assert OutboxMessage.objects.filter(kind="webhook").count() == 0


@pytest.mark.database
def test_a_fact_that_is_taken_back_is_not_told(server: Receiver, partner: Partner, hook: Webhook) -> None:
    order = partner_order(partner, make_schedule())
    partner.credit_limit = 1
    partner.save()

    with pytest.raises(Conflict):
        sold_by(partner, make_schedule())

    assert not order.messages.filter(kind="webhook").exists()
    assert not OutboxMessage.objects.filter(kind="webhook").exists()


@pytest.mark.parametrize(
    "mood", [{"status": 500}, {"status": 302, "location": "https://elsewhere.example/"}, {"pause": 1.0}]
)
def test_what_is_not_taken_is_tried_again_with_growing_pauses(
    server: Receiver, hook: Webhook, mood: dict[str, Any]
) -> None:
    ping(hook, now=NOW)
    vars(server).update(mood)
    assert send(server, seconds=0.3) == 0
    message = OutboxMessage.objects.get(kind="webhook")
    assert (message.attempts, message.sent_at, message.failed_at) == (1, None, None)
    assert message.last_error
    assert NOW + 0.8 * WEBHOOK_PAUSES[0] <= message.next_try <= NOW + 1.2 * WEBHOOK_PAUSES[0]
    assert send(server, NOW + MINUTE / 2) == 0
    assert len(server.got) == 1  # not yet

    server.status, server.pause = 200, 0
    assert send(server, NOW + 2 * MINUTE) == 1

    first, second = server.got
    assert (first.text, first.headers["webhook-id"]) == (second.text, second.headers["webhook-id"])
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]  # each of its own time


@pytest.mark.database
def test_in_the_end_a_person_hears_of_it_and_may_send_it_again(server: Receiver, hook: Webhook) -> None:
    ping(hook, now=NOW)
    server.status, now = 500, NOW
    for _number in range(len(WEBHOOK_PAUSES) + 1):
        send(server, now)
        now += timedelta(hours=12)
    message = OutboxMessage.objects.get(kind="webhook")
    task = StaffTask.objects.get()
    assert (len(server.got), message.failed_at is not None) == (len(WEBHOOK_PAUSES) + 1, True)
    assert (task.kind, task.subject, task.done_at) == ("webhook_failed", f"message:{message.pk}", None)
    assert "answered 500" in task.detail
    assert list_deliveries(hook, now=now).rows[0].state is DeliveryState.FAILED

    server.status = 200
    resend_message(message.pk, hook, now=now)
    assert send(server, now) == 1

    task.refresh_from_db()
    assert task.done_at == now
    assert list_deliveries(hook, now=now).rows[0].state is DeliveryState.SENT


@pytest.mark.database
def test_what_happened_to_an_order_is_told_in_its_order(
    server: Receiver, partner: Partner, hook: Webhook
) -> None:
    """The first message is not taken for a while.

    What came after it waits, what belongs to another order does not.
    """
    first, second = sold_by(partner, make_schedule()), sold_by(partner, make_schedule(), now=NOW + MINUTE)
    server.status = 500
    send(server, NOW + MINUTE)
    cancel_booking(
        CancellationRequest(first.bookings.get().booking_reference),
        submission="c",
        content="",
        now=NOW + MINUTE,
    )
    server.status, now = 200, NOW + MINUTE
    for _minute in range(6):
        send(server, now)
        now += MINUTE

    taken = [(got.body["data"]["order"], got.body["type"]) for got in server.got[1:]]
    assert [event for order, event in taken if order == first.token] == [
        "payment.received",
        "booking.confirmed",
        "payment.refunded",
        "booking.cancelled",
    ]
    assert [event for order, event in taken if order == second.token] == [
        "payment.received",
        "booking.confirmed",
    ]
    assert taken.index((second.token, "booking.confirmed")) < taken.index((first.token, "payment.received"))


@pytest.mark.database
def test_a_sender_that_dies_between_sending_and_noting_it_leads_to_one_duplicate(
    server: Receiver, hook: Webhook
) -> None:
    ping(hook, now=NOW)

    class Dies(WebhookCarrier):
        def deliver(self, message: OutboxMessage, now: datetime) -> None:
            super().deliver(message, now)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send_batch(Dies(server.poster(), hook.pk), lambda: NOW, SendReport())
    for minutes in range(6):
        send(server, NOW + minutes * MINUTE)

    assert [got.headers["webhook-id"] for got in server.got] == [server.got[0].headers["webhook-id"]] * 2
    assert int(server.got[1].headers["webhook-timestamp"]) >= (NOW + LEASE).timestamp()


def test_a_partner_who_hangs_keeps_no_mail_and_no_other_partner_waiting(
    server: Receiver, partner: Partner, hook: Webhook
) -> None:
    other = add_webhook(make_partner("Quick"), url=server.url, events=ALL, now=NOW)
    with receiver() as slow:
        slow.pause = 10.0
        hanging = add_webhook(
            make_partner("Slow"), url=f"https://slow.partner.test:{slow.port}/", events=ALL, now=NOW
        )
        for _number in range(20):
            ping(hanging, now=NOW)
        ping(other, now=NOW)
        booking = make_booking()
        queue_message("link", booking.order, booking.order, now=NOW)
        started = time.monotonic()
        send_due(now=NOW)
        mailed = time.monotonic() - started
        slowly = server.poster(seconds=0.3)
        report = send_webhooks(poster=slowly, now=NOW)

    assert (len(mail.outbox), mailed < 5) == (1, True)
    assert (report.sent, report.postponed) == (1, 1)  # the other partner's; of the twenty one was tried
    assert time.monotonic() - started < 20 * 0.3


def test_a_second_sender_of_the_process_leaves_at_once(server: Receiver, hook: Webhook) -> None:
    ping(hook, now=NOW)
    with delivering._door:
        assert send(server) == 0

    assert send(server) == 1


def test_the_queue_sends_what_was_nudged(
    server: Receiver, hook: Webhook, monkeypatch: Any, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(delivering, "Poster", server.poster)

    with django_capture_on_commit_callbacks(execute=True):
        ping(hook)
    assert server.events() == ["ping"]

    ping(hook)
    tasks.sweep_webhooks.call_local()
    assert server.events() == ["ping", "ping"]


def test_the_command_for_cron_sends_them_too(
    server: Receiver, hook: Webhook, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.setattr(delivering, "Poster", server.poster)
    ping(hook, now=NOW - timedelta(days=365))

    call_command("send_mail_queue")

    assert (
        capsys.readouterr().out
        == "0 sent, 0 to be tried again, 0 given up\nwebhooks: 1 sent, 0 to be tried again, 0 given up\n"
    )


def test_a_secret_is_replaced_without_a_gap(server: Receiver, hook: Webhook) -> None:
    old = hook.secret
    fingerprint = secret_fingerprint(hook)
    new = rotate_secret(hook, fingerprint=fingerprint, now=NOW).secret
    hook.refresh_from_db()
    ping(hook, now=NOW)
    send(server, NOW)
    ping(hook, now=NOW + timedelta(hours=25))
    send(server, NOW + timedelta(hours=25))

    assert old != new
    assert [(is_signed(got, old), is_signed(got, new)) for got in server.got] == [(True, True), (False, True)]
    with pytest.raises(Conflict):
        rotate_secret(hook, fingerprint=fingerprint, now=NOW)


def test_switched_off_it_hears_nothing_and_what_waited_can_be_sent_by_hand(
    server: Receiver, partner: Partner, hook: Webhook
) -> None:
    ping(hook, now=NOW)
    switch_webhook(hook, is_on=False, now=NOW)
    sold_by(partner, make_schedule())
    assert send(server) == 0
    (row,) = list_deliveries(hook, now=NOW).rows
    assert (row.state, row.error, row.attempts) == (DeliveryState.FAILED, "the webhook was switched off", 0)
    assert not StaffTask.objects.exists()
    hook.refresh_from_db()
    with pytest.raises(Conflict):
        resend_message(row.id, hook, now=NOW)

    switch_webhook(hook, is_on=True, now=NOW)
    hook.refresh_from_db()
    resend_message(row.id, hook, now=NOW)
    assert send(server) == 1


def test_a_partner_who_is_switched_off_hears_nothing(
    server: Receiver, partner: Partner, hook: Webhook
) -> None:
    ping(hook, now=NOW)
    Partner.objects.filter(pk=partner.pk).update(is_active=False)

    assert send(server) == 0


@pytest.mark.parametrize(
    ("url", "events"),
    [
        ("http://partner.example/", ALL),
        ("https://partner.example/" + "x" * 300, ALL),
        ("https://partner.example/", []),
        ("https://partner.example/", ["all"]),
    ],
)
def test_a_webhook_that_makes_no_sense_is_refused(partner: Partner, url: str, events: list[str]) -> None:
    with pytest.raises(RuleBroken):
        add_webhook(partner, url=url, events=events)

    assert not Webhook.objects.exists()


@pytest.mark.database
def test_an_address_is_told_once(partner: Partner, hook: Webhook) -> None:
    with pytest.raises(Conflict):
        add_webhook(partner, url=hook.url, events=ALL)


@pytest.mark.database
def test_staff_see_what_waits_and_what_failed(
    partner: Partner, hook: Webhook, django_assert_num_queries: Any
) -> None:
    for number in range(3):
        ping(hook, now=NOW + number * MINUTE)
    OutboxMessage.objects.filter(pk=OutboxMessage.objects.earliest("pk").pk).update(failed_at=NOW)
    with django_assert_num_queries(1):
        (row,) = list_webhooks(partner)
    with django_assert_num_queries(1):  # and one more for the references of orders
        found = list_deliveries(hook, state=DeliveryState.WAITING, now=NOW)

    assert (row.waiting, row.failed, row.heard_at, len(found.rows)) == (2, 1, None, 2)
    assert Booking.objects.count() == 0


def test_the_lines_of_the_handbook_know_our_messages_from_others(server: Receiver, hook: Webhook) -> None:
    (lines,) = re.findall(r"```python\n(.*?)```", HANDBOOK.read_text(), re.DOTALL)
    handbook: dict[str, Any] = {}
    exec(lines, handbook)  # our own text, which partners copy
    ping(hook)
    send_webhooks(poster=server.poster())
    (got,) = server.got
    checks = handbook["is_from_falcon"]

    assert checks(hook.secret, got.headers, got.text.encode())
    assert not checks(hook.secret, got.headers, got.text.encode() + b" ")
    assert not checks("whsec_" + base64.b64encode(b"y" * 32).decode(), got.headers, got.text.encode())
    assert not checks(
        hook.secret, got.headers | {"webhook-timestamp": str(int(time.time()) - 400)}, got.text.encode()
    )
