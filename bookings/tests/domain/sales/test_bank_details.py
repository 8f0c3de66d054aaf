"""Bank details of refunds that go to an account only: asked for, reminded of, encrypted, deleted."""

from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from bookings.base.banks import Bank, BankAccount, universal_code
from bookings.base.errors import Conflict, Refusal
from bookings.domain.counter.tender import Tender, pay_out_refund
from bookings.domain.integrity.invariants import violations
from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.sales.approvals import Approval, NeedsApproval
from bookings.domain.sales.bank_details import (
    EnteredByStaff,
    account_of,
    ask_for_bank_details,
    details_request,
    give_bank_details,
    remind_of_bank_details,
    show_account,
    waits_for_details,
)
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.gateway_refunds import pay_refund, pay_waiting_refunds
from bookings.domain.tickets.contact_change import ContactChange, change_contact
from bookings.models import (
    BankDetails,
    BookingEvent,
    Order,
    OutboxMessage,
    Refund,
    RefundAttempt,
    StaffTask,
    User,
)
from bookings.tests.make import NOW, make_booking, make_schedule, make_shift, make_user

pytestmark = pytest.mark.django_db
NUMBER = "62001234567"
ACCOUNT = BankAccount("Thandi Nkosi", "FNB", "250655", NUMBER, "savings")
DAY = timedelta(days=1)


@pytest.fixture
def refund() -> Refund:
    """Of a booking that was paid by EFT at the counter, R600, cancelled in time; the customer was asked."""
    booking = make_booking(schedule=make_schedule(departs=NOW + 30 * DAY), paid_by="eft")
    cancel_booking(CancellationRequest(booking.booking_reference), submission="c", content="", now=NOW)
    row = Refund.objects.get()
    assert not pay_refund(row.pk, now=NOW)
    return row


def dump() -> str:
    """All that stands in the database."""
    rows = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += [str(row) for row in cursor.fetchall()]
    return "\n".join(rows)


def mails(kind: str = "bank_details") -> list[str]:
    return list(OutboxMessage.objects.filter(kind=kind).order_by("pk").values_list("version", flat=True))


@pytest.mark.database
def test_no_account_number_stands_anywhere_in_the_database_or_a_log(refund: Refund, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    clerk = make_user(role=User.Role.SUPERVISOR)
    give_bank_details(refund.order_id, ACCOUNT, now=NOW)
    give_bank_details(
        refund.order_id,
        BankAccount("Thandi Nkosi", "FNB", "250655", "62009999999", "current"),
        by=EnteredByStaff(clerk, "knew the date of travel", Approval(make_user(role="manager"), "seen")),
        now=NOW,
    )
    give_bank_details(refund.order_id, ACCOUNT, now=NOW)

    everything = dump() + caplog.text + repr(ACCOUNT)
    assert refund.cause in everything
    assert [word for word in (NUMBER, "62009999999", "250655") if word in everything] == []
    assert account_of(refund, now=NOW) == ACCOUNT
    assert mails("bank_details_given") == [f"{NOW:%Y%m%d%H%M%S%f}"]


def taken_over(refund: Refund) -> None:
    """Somebody with the link has put in their own address."""
    Order.objects.update(email="owner@example.com")
    change = ContactChange(refund.order_id, "thief@example.com", "+27821112222")
    change_contact(change, submission="contact", now=NOW)


def test_after_a_takeover_of_the_contact_the_money_waits_and_the_owner_is_told(refund: Refund) -> None:
    taken_over(refund)

    give_bank_details(refund.order_id, ACCOUNT, now=NOW + timedelta(hours=1))

    told = OutboxMessage.objects.filter(kind="bank_details_given").order_by("pk")
    assert [message.recipient for message in told] == ["", "owner@example.com"]
    waits_until = NOW + timedelta(hours=72)
    assert all("waits until Fri 4 Dec" in build_mail(message, now=NOW).body for message in told)
    assert waits_for_details(refund, now=waits_until - DAY / 100)
    with pytest.raises(Conflict, match="changed shortly before"):
        show_account(refund, to=make_user(), now=waits_until - DAY / 100)
    assert not waits_for_details(refund, now=waits_until)
    assert show_account(refund, to=make_user(), now=waits_until) == ACCOUNT


def test_a_refund_is_not_sent_to_an_account_that_waits(refund: Refund) -> None:
    booking = make_booking(schedule=make_schedule(departs=NOW + 30 * DAY), paid_by="demo")
    cancel_booking(CancellationRequest(booking.booking_reference), submission="d", content="", now=NOW)
    online = Refund.objects.latest("pk")
    ask_for_bank_details(online, now=NOW)
    change_contact(ContactChange(booking.order_id, "new@example.com", ""), submission="e", now=NOW)
    give_bank_details(booking.order_id, ACCOUNT, now=NOW)

    pay_waiting_refunds(now=NOW + timedelta(hours=71))

    assert not pay_refund(online.pk, now=NOW + timedelta(hours=71))
    assert not RefundAttempt.objects.filter(refund=online).exists()


def test_a_second_person_ends_the_wait(refund: Refund) -> None:
    taken_over(refund)
    alone, approval = EnteredByStaff(make_user(), "called back"), Approval(make_user(role="manager"), "known")
    Refund.objects.update(amount=400)  # a clerk may enter it alone

    give_bank_details(refund.order_id, ACCOUNT, by=alone, now=NOW)
    assert waits_for_details(refund, now=NOW)
    other = replace(ACCOUNT, number="62009999999")
    give_bank_details(refund.order_id, other, by=replace(alone, approval=approval), now=NOW)

    assert show_account(refund, to=make_user(), now=NOW) == other


def test_a_customer_is_asked_once_and_reminded_and_then_a_person_calls(refund: Refund) -> None:
    assert not pay_refund(refund.pk, now=NOW)
    assert mails() == ["1"]
    for hours in range(0, 24 * 9, 6):
        remind_of_bank_details(now=NOW + timedelta(hours=hours))

    assert mails() == ["1", "reminder 2", "reminder 5"]
    task = StaffTask.objects.get(kind="bank_details_missing")
    assert task.detail.endswith("for 7 days: call the customer")

    give_bank_details(refund.order_id, ACCOUNT, now=NOW + 9 * DAY)
    task.refresh_from_db()
    assert task.done_at == NOW + 9 * DAY
    assert remind_of_bank_details(now=NOW + 30 * DAY) == 0


@pytest.mark.database
def test_they_are_deleted_when_the_refund_is_paid_by_hand(refund: Refund) -> None:
    clerk = make_user()
    give_bank_details(refund.order_id, ACCOUNT, now=NOW)
    shift = make_shift(clerk, opened_at=NOW)

    assert show_account(refund, to=clerk, now=NOW) == ACCOUNT
    pay_out_refund(
        refund.pk, Tender("eft", reference="FNB 771"), shift=shift, submission="p", content="", now=NOW
    )

    assert not BankDetails.objects.exists()
    assert violations(now=NOW) == []
    reasons = BookingEvent.objects.filter(reason__contains="bank details").order_by("pk")
    assert [(event.actor, event.reason) for event in reasons] == [
        (None, "bank details entered by the customer, R600"),
        (clerk, "bank details looked at"),
    ]
    with pytest.raises(Conflict, match="waits for bank details any more"):
        give_bank_details(refund.order_id, ACCOUNT, now=NOW)
    assert details_request(refund.order_id).amount == 0


def test_staff_alone_direct_no_more_than_the_limit_and_say_how_they_knew(
    refund: Refund, settings: Any
) -> None:
    clerk, boss = make_user(), make_user(role=User.Role.SUPERVISOR)

    def enter(reason: str, approval: Approval | None = None) -> Decimal:
        return give_bank_details(
            refund.order_id, ACCOUNT, by=EnteredByStaff(clerk, reason, approval), now=NOW
        )

    with pytest.raises(Refusal, match="how you know"):
        enter(" ")
    settings.CASH_REFUND_APPROVAL_OVER = Decimal(599)
    with pytest.raises(NeedsApproval):
        enter("knew the seats")
    with pytest.raises(Refusal, match="other than yourself"):
        enter("knew the seats", Approval(clerk, "knew the seats"))
    assert not BankDetails.objects.exclude(sealed="").exists()

    assert enter("knew the seats", Approval(boss, "knew the seats")) == 600
    event = BookingEvent.objects.latest("pk")
    assert (event.actor, event.approver) == (clerk, boss)
    assert event.reason == "bank details entered for the customer, R600: knew the seats"


@pytest.mark.database
def test_the_keys_are_rotated_and_the_former_one_can_go(
    refund: Refund, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    former, new = settings.FIELD_KEYS[0], urlsafe_b64encode(b"n" * 32).decode()
    give_bank_details(refund.order_id, ACCOUNT, now=NOW)

    settings.FIELD_KEYS = [new, former]
    assert account_of(refund, now=NOW) == ACCOUNT
    call_command("rotate_field_keys")
    settings.FIELD_KEYS = [new]

    assert account_of(refund, now=NOW) == ACCOUNT
    assert "1 rows are encrypted by the first key." in capsys.readouterr().out


def test_what_no_key_opens_is_asked_for_again(refund: Refund, settings: Any) -> None:
    give_bank_details(refund.order_id, ACCOUNT, now=NOW)
    settings.FIELD_KEYS = [urlsafe_b64encode(b"x" * 32).decode()]

    assert account_of(refund, now=NOW) is None

    assert mails() == ["1", f"again {NOW:%Y%m%d%H%M}"]
    assert not details_request(refund.order_id).is_given
    give_bank_details(refund.order_id, ACCOUNT, now=NOW)
    assert account_of(refund, now=NOW) == ACCOUNT


def test_cash_and_card_at_the_counter_ask_for_no_account() -> None:
    for method in ("cash", "card"):
        booking = make_booking(schedule=make_schedule(departs=NOW + 30 * DAY), paid_by=method)
        cancel_booking(CancellationRequest(booking.booking_reference), submission=method, content="", now=NOW)
        pay_refund(Refund.objects.latest("pk").pk, now=NOW)

    assert not BankDetails.objects.exists()


def test_the_bank_of_a_gateway_has_its_universal_branch_code() -> None:
    known = [Bank("absa", "ABSA"), Bank("fnb", "First National Bank"), Bank("std", "Standard Bank")]
    assert [universal_code(bank) for bank in known] == ["632005", "250655", "051001"]
    assert universal_code(Bank("x", "A credit union")) == ""
