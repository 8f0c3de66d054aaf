"""What is kept about a person is listed, shown, taken along, and erased without a trace."""

import json
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test import Client
from django.utils import timezone

from bookings.database.triggers import ERASED
from bookings.domain.counter.exchange import add_note
from bookings.domain.integrity.invariants import violations
from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.messaging.webhooks.payload import event_body
from bookings.domain.privacy.erasure import ErasureRequest, Obstacle, erase_orders, review_erasure
from bookings.domain.privacy.export import subject_export
from bookings.domain.privacy.personal_fields import (
    NOT_PERSONAL,
    PERSONAL_FIELDS,
    fields_of_orders,
    fields_to_erase,
    model_of,
)
from bookings.domain.privacy.requests import ask_for_data
from bookings.domain.privacy.retention import erase_old_data
from bookings.domain.privacy.subjects import orders_of, read_subject
from bookings.domain.tickets.contact_change import ContactChange, change_contact
from bookings.domain.tickets.invoices import Recipient, request_invoice
from bookings.models import (
    Booking,
    BookingEvent,
    BookingStep,
    DataRequest,
    Erasure,
    ExchangeRequest,
    GatewayNotification,
    Hold,
    Invoice,
    LedgerEntry,
    Order,
    OutboxMessage,
    Payment,
    PaymentAttempt,
    Refund,
    StaffTask,
    StatementMatch,
    Submission,
    TextMessage,
    Ticket,
    User,
    Voucher,
    VoucherMovement,
    VoucherSale,
    Webhook,
)
from bookings.tests.domain.messaging.texts.text_facts import give_contact
from bookings.tests.make import (
    NOW,
    make_booking,
    make_company,
    make_partner,
    make_statement_line,
    make_user,
    make_voucher,
)

pytestmark = [pytest.mark.django_db, pytest.mark.database]
EMAIL, PHONE, NAME = "zelda.canaryova@wombat.example", "+27829990177", "Zelda van Canaryova"
SIGNS = ("canaryova", "wombat", "829990177", "zelda")
AFTER = NOW + timedelta(days=90)  # any trip of these tests is over
OTHER_APPS = {
    "admin": "what staff edited",
    "auth": "rights",
    "axes": "sign-ins, deleted after SECURITY_LOG_DAYS",
    "contenttypes": "models",
    "otp_static": "second factors of staff",
    "otp_totp": "second factors of staff",
    "sessions": "deleted when they run out",
}
TEXTS = (
    models.CharField,
    models.TextField,
    models.JSONField,
    models.BinaryField,
    models.GenericIPAddressField,
)


@pytest.fixture
def booking(tmp_path: Path, settings: Any) -> Booking:
    """One whose buyer stands in every table that can hold words about a person."""
    settings.MEDIA_ROOT = tmp_path
    make_company()
    booking = make_booking(names=(NAME,))
    order, clerk = booking.order, make_user()
    hold = Hold.objects.create(
        token="t" * 22,
        owner="o",
        network="n",
        draft={"email": EMAIL, "names": [NAME]},
        expires_at=NOW,
        created_at=NOW,
    )
    Order.objects.filter(pk=order.pk).update(email="Zelda.Canaryova@Wombat.example", phone=PHONE, hold=hold)
    Booking.objects.filter(pk=booking.pk).update(passenger_email=EMAIL)
    ticket = Ticket.objects.get(booking=booking)
    Ticket.objects.filter(pk=ticket.pk).update(
        help_request="Zelda needs a hand", needs_wheelchair=True, plain_surname_end="canaryova"
    )
    add_note(order.pk, f"{NAME} rang from {PHONE}", author=clerk, now=NOW)
    BookingEvent.objects.record(
        BookingStep(booking, "confirmed", "confirmed", ticket=ticket, at=NOW, reason=f"name: {NAME}")
    )
    task = {"subject": f"order:{order.pk}", "detail": NAME, "done_note": f"called {PHONE}", "done_at": NOW}
    StaffTask.objects.create(kind="mail_failed", order=order, created_at=NOW, **task)
    names = f"{booking.booking_reference}: {NAME}"
    StaffTask.objects.create(
        kind="departure_withdrawn", subject="departure:1", detail=names, created_at=NOW, done_at=NOW
    )
    give_contact(booking, phone=PHONE, email=EMAIL)
    text = {"channel": "sms", "to": PHONE, "error": f"no such number: {PHONE}", "state": "failed"}
    TextMessage.objects.create(
        kind="times_changed", order=order, booking=booking, subject="booking:1", about_id=booking.pk,
        version="1", created_at=NOW, next_try=NOW, **text,
    )  # fmt: skip
    message = {"recipient": EMAIL, "body": f'{{"name": "{NAME}"}}', "last_error": f"550 {EMAIL}"}
    OutboxMessage.objects.create(
        kind="link",
        order=order,
        subject="order:1",
        created_at=NOW,
        next_try=NOW,
        message_id="<1@x>",
        **message,
    )
    ExchangeRequest.objects.create(
        token="e",
        booking=booking,
        kind="name",
        terms={"names": {str(ticket.pk): NAME.split()}},
        amount=100,
        status="lapsed",
        created_at=NOW,
        ended_at=NOW,
    )
    _fill_money(order)
    Submission.objects.create(
        scope="api", token="a", content_hash="b", answer=json.dumps({"name": names}), created_at=NOW
    )
    request_invoice(order.pk, Recipient(NAME, "1 Wombat Street"), submission="invoice", now=NOW)
    (tmp_path / "tickets").mkdir()
    (tmp_path / "tickets" / f"{booking.pk}-abc.pdf").write_text(NAME)
    return booking


def _arrive_yesterday() -> None:
    yesterday = timezone.now() - timedelta(days=1)
    Booking.objects.update(boards_at=yesterday, alights_at=yesterday)


def _fill_money(order: Order) -> None:
    attempt = PaymentAttempt.objects.create(
        order=order, gateway="demo", token="k", amount=1, status="failed", created_at=NOW, address=f"/{EMAIL}"
    )
    GatewayNotification.objects.create(
        gateway="demo", external_id="1", attempt=attempt, body=f"email={EMAIL}", headers={"X": NAME},
        peer="1.2.3.4", received_at=NOW, state="acted", acted_at=NOW,
    )  # fmt: skip
    payment = Payment.objects.get(order=order)
    line = make_statement_line("eft", payment.amount, text=f"EFT {NAME}")
    StatementMatch.objects.create(line=line, payment=payment, at=NOW)
    voucher, _code = make_voucher(order=order, email=EMAIL)
    VoucherSale.objects.create(order=order, value=500, recipient=EMAIL, message=f"For {NAME}")
    Voucher.objects.filter(pk=voucher.pk).update(balance=0)
    VoucherMovement.objects.create(voucher=voucher, kind="stopped", amount=-500, reason=f"for {NAME}", at=NOW)


def signs_left(*, but: tuple[str, ...] = ()) -> list[str]:
    """Every table and column of the whole database that still says something about the canary."""
    left = []
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for column, value in zip(columns, row, strict=True):
                    name = f"{table.removeprefix('bookings_')}.{column}"
                    if name not in but and any(sign in str(value).lower() for sign in SIGNS):
                        left.append(name)
    return sorted(set(left))


def test_every_text_of_the_database_is_personal_or_said_not_to_be() -> None:
    listed = {field.key for field in PERSONAL_FIELDS}
    listed |= {(model, name) for model, names in NOT_PERSONAL.items() for name in names.split()}
    unlisted = [
        f"{model.__name__}.{column.name}"
        for model in apps.get_models()
        if model._meta.app_label not in OTHER_APPS
        for column in model._meta.concrete_fields
        if isinstance(column, TEXTS) and not column.choices and (model.__name__, column.name) not in listed
    ]
    assert unlisted == []
    for model, name in listed:
        model_of(model)._meta.get_field(name)  # raises for one that is gone


def test_each_personal_field_of_an_order_is_found_by_it() -> None:
    for field in fields_of_orders():
        assert not field.rows.filter(**{f"{field.order}__in": [0]}).exists()


def test_after_an_erasure_the_whole_database_says_nothing_about_the_person(
    booking: Booking, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    before = signs_left()
    sums = {name: LedgerEntry.objects.balance(name) for name in ("receivable", "fares", "refunds_owed")}
    subject = read_subject(" Zelda.Canaryova@WOMBAT.example ")

    with django_capture_on_commit_callbacks(execute=True):
        reviews = erase_orders(orders_of(subject), ErasureRequest(subject, Erasure.Cause.ASKED), now=AFTER)

    assert [(review.obstacle, review.has_invoice) for review in reviews] == [(None, True)]
    kept = ("invoice.recipient_name", "invoice.recipient_address", "invoiceline.description")
    assert signs_left(but=kept) == []
    assert len(before) > 15
    assert list(tmp_path.glob("tickets/*")) == []
    assert sums == {name: LedgerEntry.objects.balance(name) for name in sums}
    ticket = Ticket.objects.get(booking=booking)
    assert (ticket.full_name, ticket.needs_wheelchair) == (ERASED, False)
    erasure = Erasure.objects.get()
    assert (erasure.cause, erasure.subject_digest) == ("asked", subject.digest)
    assert orders_of(subject) == []


def test_every_field_that_is_erased_is_filled_in_these_tests(booking: Booking) -> None:
    """Else the search for signs of a person proves nothing of it."""
    filled = {
        field.key for field in fields_to_erase() if field.rows.exclude(**{field.name: field.erased}).exists()
    }
    made_elsewhere = {("RefundAttempt", "last_error"), ("Refund", "reason"), ("DisruptionLine", "note")}
    assert {field.key for field in fields_to_erase()} - filled <= made_elsewhere


def test_invoices_lose_their_recipient_when_the_law_lets_them_go(booking: Booking, settings: Any) -> None:
    subject = read_subject(EMAIL)
    erase_orders([booking.order_id], ErasureRequest(subject, Erasure.Cause.ASKED), now=AFTER)

    assert erase_old_data(now=NOW + timedelta(days=5 * 365))["invoices"] == 0
    assert erase_old_data(now=NOW + timedelta(days=6 * 366))["invoices"] == 1
    assert Invoice.objects.get().recipient_name == ERASED
    assert signs_left() == []


@pytest.mark.parametrize("is_old", [False, True])
def test_what_was_kept_long_enough_is_erased_at_night_and_nothing_before(
    booking: Booking, is_old: bool
) -> None:
    months = 25 if is_old else 23

    erased = erase_old_data(now=booking.alights_at + timedelta(days=31 * months))

    assert erased["orders"] == is_old
    assert (Order.objects.get().email == "") is is_old
    assert [row.cause for row in Erasure.objects.all()] == ["retention"] * is_old


def test_a_trip_ahead_money_owed_and_an_open_task_are_in_the_way(booking: Booking) -> None:
    def obstacle() -> Obstacle | None:
        return review_erasure([booking.order_id], now=AFTER)[0].obstacle

    assert review_erasure([booking.order_id], now=NOW)[0].obstacle == Obstacle.TRIP
    refund = Refund.objects.create(order=booking.order, cause="x", amount=5, created_at=NOW)
    assert obstacle() == Obstacle.MONEY
    refund.delete()
    Voucher.objects.update(balance=5)
    assert obstacle() == Obstacle.VOUCHER
    Voucher.objects.update(balance=0)
    StaffTask.objects.update(done_at=None)
    assert obstacle() == Obstacle.TASK
    StaffTask.objects.update(done_at=NOW)
    assert obstacle() is None
    Order.objects.update(status="pending", pay_by=NOW)
    assert obstacle() == Obstacle.UNPAID
    request = ErasureRequest(read_subject(EMAIL), Erasure.Cause.ASKED)
    assert erase_orders([booking.order_id], request, now=AFTER)[0].obstacle == Obstacle.UNPAID
    assert Order.objects.get().email


def test_the_books_stay_whole_and_an_erasure_is_not_done_twice(booking: Booking) -> None:
    request = ErasureRequest(read_subject(EMAIL), Erasure.Cause.ASKED)
    before = violations(now=AFTER)

    for _again in range(2):
        erase_orders([booking.order_id], request, now=AFTER)

    assert violations(now=AFTER) == before
    assert Erasure.objects.count() == 1


def test_the_partner_that_sold_it_is_told(booking: Booking) -> None:
    partner = make_partner()
    Order.objects.update(channel="api", partner=partner)
    Webhook.objects.create(partner=partner, url="https://x.example/", secret="s", events=[], created_at=NOW)

    erase_orders([booking.order_id], ErasureRequest(read_subject(EMAIL), Erasure.Cause.ASKED), now=AFTER)

    message = OutboxMessage.objects.get(kind="webhook")
    body = json.loads(event_body(message))
    assert (body["type"], body["data"]["bookings"]) == ("subject.erased", [booking.booking_reference])


def test_an_export_has_every_registered_field_that_says_something(booking: Booking) -> None:
    subject = read_subject(PHONE)
    with ZipFile(BytesIO(subject_export(subject, orders_of(subject), now=AFTER))) as archive:
        content = json.loads(archive.read("data.json"))
        page = archive.read("data.html").decode()

    personal = content["orders"][0]["personal"]
    filled = {
        f"{field.model}.{field.name}"
        for field in fields_of_orders()
        if any(field.rows.values_list(field.name, flat=True))
    }
    assert set(personal) == filled
    assert personal["Order.phone"] == [PHONE]
    assert booking.booking_reference in content["orders"][0]["trips"][0]
    assert all(text in page for text in (NAME.split()[-1], PHONE, "Zelda needs a hand"))


def test_a_change_of_contact_moves_the_order_to_the_new_address(booking: Booking) -> None:
    change_contact(ContactChange(booking.order_id, "new@x.example", ""), submission="c", now=NOW)

    assert orders_of(read_subject(EMAIL)) == []
    assert orders_of(read_subject("new@x.example")) == [booking.order_id]


def test_the_mailed_link_shows_all_and_erases_it(client: Client, booking: Booking) -> None:
    _arrive_yesterday()
    sent = client.post("/privacy/data/", {"email": EMAIL.upper()}, follow=True)
    request = DataRequest.objects.get()
    mail = build_mail(OutboxMessage.objects.get(kind="data_link"), now=timezone.now())
    assert mail is not None
    address = mail.body.split("http://")[1].split()[0].partition("/")[2]
    page = client.get(f"/{address}")
    archive = client.get(f"/{address}data.zip")
    refused = client.post(f"/{address}", {})
    done = client.post(f"/{address}", {"is_sure": "on"}, follow=True)

    assert b"If there is a booking" in sent.content
    assert mail.to == [EMAIL]
    assert request.token_hash not in address
    assert NAME.split()[-1] in page.content.decode()
    assert ZipFile(BytesIO(archive.content)).namelist() == ["data.html", "data.json"]
    assert refused.status_code == 422
    assert {"no-store", "private"} == set(archive["Cache-Control"].split(", "))
    assert "We keep nothing about this address." in done.content.decode()
    assert Order.objects.get().erased_at is not None


def test_a_stranger_learns_nothing_and_an_old_link_opens_nothing(client: Client, booking: Booking) -> None:
    known = client.post("/privacy/data/", {"email": EMAIL})
    unknown = client.post("/privacy/data/", {"email": "nobody@x.example"})
    wrong = client.post("/privacy/data/", {"email": "nobody"})
    DataRequest.objects.update(expires_at=timezone.now())

    assert known.content == unknown.content
    assert (wrong.status_code, b"nobody" in wrong.content) == (422, True)
    assert client.get("/privacy/data/AAAAAAAAAAAAAAAAAAAAAA/").status_code == 404
    assert not ask_for_data(read_subject("nobody@x.example"), now=NOW)
    assert OutboxMessage.objects.filter(kind="data_link").count() == 1


def test_the_privacy_page_says_what_is_kept_from_the_list(client: Client) -> None:
    text = client.get("/privacy/").content.decode()

    assert "Help that was asked for" in text
    assert "24 months after the trip" in text
    assert "User name" not in text


def test_the_commands_show_first_and_erase_when_told(booking: Booking, tmp_path: Path) -> None:
    _arrive_yesterday()

    def run(name: str, *arguments: str) -> str:
        output = StringIO()
        call_command(name, *arguments, stdout=output)
        return output.getvalue()

    file = tmp_path / "data.zip"
    assert "1 orders" in run("subject_export", EMAIL, "--file", str(file))
    assert "would be erased" in run("subject_erase", EMAIL)
    assert Order.objects.get().email
    assert "erased" in run("subject_erase", PHONE, "--confirm")
    assert run("subject_erase", EMAIL) == "Nothing is kept about it.\n"
    with pytest.raises(CommandError, match="e-mail address or a telephone"):
        run("subject_erase", "12")


def test_a_manager_shows_hands_over_and_erases_for_who_asks_in_person(
    client: Client, booking: Booking
) -> None:
    _arrive_yesterday()
    client.force_login(make_user(role=User.Role.MANAGER))

    def post(**fields: str) -> Any:
        return client.post("/office/privacy/", fields)

    assert NAME.split()[-1] in post(contact="082 999 0177", action="show").content.decode()
    assert post(contact=PHONE, action="download")["Content-Type"] == "application/zip"
    assert post(contact=PHONE, action="erase").status_code == 422
    assert Order.objects.get().email
    assert post(contact="nobody", action="show").status_code == 422
    assert b"Nothing is kept about it." in post(contact=PHONE, action="erase", is_sure="on").content
    assert (Erasure.objects.get().cause, Erasure.objects.get().actor) == (
        "staff",
        User.objects.get(role="manager"),
    )
    assert client.get("/office/privacy/").status_code == 200
