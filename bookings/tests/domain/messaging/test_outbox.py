import threading
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from bookings.domain.messaging.outbox import (
    LEASE,
    PAUSES,
    MailCarrier,
    SendReport,
    mail_room,
    send_batch,
    send_due,
)
from bookings.models import Booking, OutboxMessage, PaymentAttempt, SaleStatus, StaffTask
from bookings.tests.domain.messaging.sink import Sink, hanging_server, mail_server, use_server
from bookings.tests.make import NOW, make_booking
from bookings.tests.servers import free_port

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _open_mail_room() -> Iterator[None]:
    mail_room.closed_until = None
    yield
    mail_room.closed_until = None


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    with mail_server(settings) as server:
        yield server


def make_message(
    booking: Booking | None = None, *, email: str = "thandi@example.com", at: datetime = NOW
) -> OutboxMessage:
    booking = booking or make_booking(email=email)
    subject, message_id = f"order:{booking.order_id}", f"<{uuid.uuid4().hex}@falconbus.example>"
    return OutboxMessage.objects.create(
        kind="confirmation",
        order=booking.order,
        subject=subject,
        about_id=booking.order_id,
        created_at=at,
        next_try=at,
        message_id=message_id,
    )


@pytest.mark.django_db
def test_mail_arrives_with_ticket_and_is_marked_sent(sink: Sink) -> None:
    message = make_message()

    report = send_due(now=NOW)

    message.refresh_from_db()
    (mail,) = sink.mails
    assert report == SendReport(sent=1)
    assert (message.sent_at, message.lease_until, message.attempts) == (NOW, None, 1)
    assert (mail["To"], mail["Message-ID"]) == ("thandi@example.com", message.message_id)
    assert [part.get_content_type() for part in mail.iter_attachments()] == [
        "application/pdf",
        "text/calendar",
    ]
    assert send_due(now=NOW + 99 * MINUTE) == SendReport()


@pytest.mark.django_db
def test_message_without_address_is_done_without_a_mail(sink: Sink) -> None:
    booking = make_booking()
    booking.order.email = ""
    booking.order.save()
    message = make_message(booking)

    send_due(now=NOW)

    message.refresh_from_db()
    assert (message.sent_at, message.last_error) == (NOW, "no address")
    assert sink.mails == []


@pytest.mark.django_db
def test_what_is_not_due_any_more_is_done_and_not_called_sent(sink: Sink) -> None:
    booking = make_booking()
    message = make_message(booking)
    Booking.objects.update(status=SaleStatus.CANCELLED, cancelled_at=NOW)

    report = send_due(now=NOW)

    message.refresh_from_db()
    assert (message.sent_at, message.last_error, report.sent) == (NOW, "not due", 0)
    assert sink.mails == []


@pytest.mark.django_db
def test_refusing_server_costs_no_tries_and_all_goes_out_when_it_is_back(settings: Any) -> None:
    messages = [make_message() for _ in range(3)]
    use_server(settings, free_port())

    reports = [send_due(now=NOW + minute * MINUTE) for minute in range(30)]

    assert all(report == SendReport(server_away=True) for report in reports)
    assert set(OutboxMessage.objects.values_list("attempts", "failed_at")) == {(0, None)}
    assert [(task.subject, task.order) for task in StaffTask.objects.filter(done_at=None)] == [
        ("mail server", None)
    ]
    with mail_server(settings) as sink:
        send_due(now=NOW + 31 * MINUTE)
        send_due(now=NOW + 33 * MINUTE)
        assert {mail["Message-ID"] for mail in sink.mails} == {message.message_id for message in messages}
        assert len(sink.mails) == 3
    assert not StaffTask.objects.filter(done_at=None).exists()


@pytest.mark.django_db
def test_hanging_server_is_asked_once_and_then_left_alone(settings: Any) -> None:
    for _ in range(3):
        make_message()

    with hanging_server() as port:
        use_server(settings, port, timeout=0.4)
        started = time.monotonic()
        reports = [send_due(now=NOW), send_due(now=NOW), send_due(now=NOW + timedelta(seconds=5))]

    assert time.monotonic() - started < 2
    assert reports == [SendReport(server_away=True)] * 3
    assert not OutboxMessage.objects.exclude(lease_until=None).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["rcpt", "data"])
def test_mail_that_is_put_off_goes_out_within_ten_minutes_of_recovery(sink: Sink, where: str) -> None:
    message = make_message()
    setattr(sink, where, "451 try later")

    for minute in range(31):
        send_due(now=NOW + minute * MINUTE)
    setattr(sink, where, "")
    for minute in range(31, 41):
        send_due(now=NOW + minute * MINUTE)

    message.refresh_from_db()
    assert message.sent_at is not None
    assert len(sink.mails) == 1
    assert not StaffTask.objects.exists()


@pytest.mark.django_db
def test_hard_refusal_is_shown_at_once_and_settled_when_it_is_taken_after_all(sink: Sink) -> None:
    message = make_message()
    sink.data = "554 not from you"

    send_due(now=NOW)

    message.refresh_from_db()
    task = StaffTask.objects.get()
    assert (task.kind, task.subject, task.order, task.done_at) == (
        "mail_failed",
        f"message:{message.pk}",
        message.order,
        None,
    )
    assert message.last_error == "554 not from you"
    sink.data = ""
    send_due(now=NOW + 2 * MINUTE)
    task.refresh_from_db()
    assert (len(sink.mails), task.done_at) == (1, NOW + 2 * MINUTE)


@pytest.mark.django_db
def test_message_is_given_up_after_the_last_pause(sink: Sink) -> None:
    message = make_message()
    sink.rcpt = "550 no such user"
    now = NOW

    for _try in range(len(PAUSES) + 5):
        send_due(now=now)
        now += timedelta(minutes=75)

    message.refresh_from_db()
    assert message.attempts == len(PAUSES) + 1
    assert message.failed_at is not None
    assert StaffTask.objects.filter(done_at=None).count() == 1
    sink.rcpt = ""
    assert send_due(now=now + timedelta(days=9)) == SendReport()


@pytest.mark.django_db
def test_broken_message_does_not_stop_the_others(sink: Sink) -> None:
    unknown, header, refused, good = (make_message() for _ in range(4))
    OutboxMessage.objects.filter(pk=unknown.pk).update(kind="cancellation", about_id=0)
    type(header.order).objects.filter(pk=header.order_id).update(email="x@example.com\nBcc: y@example.com")
    type(refused.order).objects.filter(pk=refused.order_id).update(email="gone@example.com")
    sink.refuses = "gone@example.com"

    report = send_due(now=NOW)

    assert report == SendReport(sent=1, postponed=3)
    assert [mail["Message-ID"] for mail in sink.mails] == [good.message_id]


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_send_each_message_once(sink: Sink) -> None:
    messages = [make_message() for _ in range(4)]
    sink.pause = 0.05
    start = threading.Barrier(2)

    def send() -> None:
        start.wait()
        try:
            send_batch(MailCarrier(), lambda: NOW, SendReport())
        finally:
            connection.close()

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert sorted(mail["Message-ID"] for mail in sink.mails) == sorted(
        message.message_id for message in messages
    )
    assert not OutboxMessage.objects.filter(sent_at=None).exists()


class CrashingCarrier(MailCarrier):
    def deliver(self, message: OutboxMessage, now: datetime) -> None:
        super().deliver(message, now)
        raise SystemExit  # as a killed process: nothing after the send happens


@pytest.mark.django_db
def test_crash_after_sending_leads_to_one_equal_mail_after_the_lease(sink: Sink) -> None:
    message = make_message()
    with pytest.raises(SystemExit):
        send_batch(CrashingCarrier(), lambda: NOW, SendReport())

    early = send_due(now=NOW + LEASE - MINUTE)
    late = send_due(now=NOW + LEASE)

    assert (early.sent, late.sent) == (0, 1)
    assert [mail["Message-ID"] for mail in sink.mails] == [message.message_id] * 2
    texts = [mail.get_body(("plain",)).get_content() for mail in sink.mails]
    assert texts[0] == texts[1]  # even its link


@pytest.mark.django_db
def test_command_sends_without_a_queue(sink: Sink, capsys: pytest.CaptureFixture) -> None:
    make_message(at=datetime(2020, 1, 1, tzinfo=NOW.tzinfo))

    call_command("send_mail_queue")

    assert capsys.readouterr().out == "1 sent, 0 to be tried again, 0 given up\n"
    assert len(sink.mails) == 1


@pytest.mark.django_db
def test_demo_gateway_that_is_not_heard_is_repeated_and_holds_up_no_mail(sink: Sink, settings: Any) -> None:
    settings.SITE_URL = f"http://127.0.0.1:{free_port()}"
    booking = make_booking()
    attempt = PaymentAttempt.objects.create(
        order=booking.order, gateway="demo", token="t", amount=600, created_at=NOW
    )
    told = make_message(booking)
    OutboxMessage.objects.filter(pk=told.pk).update(
        kind="demo_payment", about_id=attempt.pk, version="COMPLETE"
    )
    mail = make_message(booking)

    report = send_due(now=NOW)

    told.refresh_from_db()
    assert report == SendReport(sent=1)
    assert [each["Message-ID"] for each in sink.mails] == [mail.message_id]
    assert (told.sent_at, told.attempts, told.lease_until) == (None, 0, None)
    assert told.next_try > NOW
