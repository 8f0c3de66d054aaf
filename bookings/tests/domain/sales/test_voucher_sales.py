"""A voucher is bought: an order without a booking, from the form to the code, and back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail

from bookings.base.encryption import decrypt
from bookings.base.errors import Conflict, Refusal
from bookings.domain.integrity.invariants import violations
from bookings.domain.messaging.outbox import send_due
from bookings.domain.sales.approvals import NeedsApproval
from bookings.domain.sales.chargebacks import charge_back, return_chargeback
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.notifications import act_on_notification
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.domain.sales.voucher_changes import VoucherStop, forget_sent_codes, stop_voucher
from bookings.domain.sales.voucher_payments import pay_with_voucher
from bookings.domain.sales.voucher_sales import VoucherOrder, VoucherReturn, order_voucher, return_voucher
from bookings.domain.sales.vouchers import VoucherRefused, find_voucher, paid_for_until
from bookings.domain.tickets.receipt_text import receipt_text
from bookings.domain.tickets.receipts import receipt_of
from bookings.models import (
    Account,
    LedgerEntry,
    Order,
    OrderLine,
    OutboxMessage,
    Payment,
    Refund,
    StatementLine,
    Voucher,
)
from bookings.tests.domain.sales.buy import ordered, paid_notification
from bookings.tests.make import NOW, make_approval, make_schedule, make_user, make_voucher

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)
SOON = NOW + timedelta(days=2)
LATE = NOW + timedelta(days=30)


def order(value: int | str = 500, *, form: str = "buy", **facts: object) -> Order:
    wanted = VoucherOrder(Decimal(value), **{"email": "ann@example.com"} | facts)
    return order_voucher(wanted, submission=form, now=NOW)


def pay(sale: Order, *, now: object = NOW) -> Voucher:
    act_on_notification(paid_notification(sale, now=now).pk, now=now)
    sale.refresh_from_db()
    return Voucher.objects.get(order=sale)


def give_back(sale: Order, *, now: object = SOON, **facts: object) -> list[Refund]:
    staff = facts.pop("actor", None)
    request = VoucherReturn(sale.pk, "not needed", **facts)
    return return_voucher(request, actor=staff, submission="back", now=now)


def test_a_voucher_is_a_liability_from_its_sale_and_never_revenue() -> None:
    sale = order()
    assert violations(now=NOW) == []

    voucher = pay(sale)

    assert (sale.status, sale.total, sale.bookings.count()) == ("confirmed", 500, 0)
    assert (voucher.kind, voucher.value, voucher.balance) == ("sold", 500, 500)
    assert voucher.valid_until == paid_for_until(NOW)
    assert LedgerEntry.objects.balance(Account.VOUCHER_LIABILITY) == -500
    assert not LedgerEntry.objects.filter(account__in=("revenue", "unearned_fares", "fee")).exists()
    assert OrderLine.objects.get().tax_code == "exempt"
    assert violations(now=NOW) == []


def test_its_code_is_mailed_to_whom_it_is_for_and_forgotten() -> None:
    sale = order(recipient="bob@example.com", message="Come and see us!")
    voucher = pay(sale)
    assert voucher.sealed_code

    send_due(now=LATER)
    forget_sent_codes()

    code_mail, receipt = sorted(mail.outbox, key=lambda sent: sent.to != ["bob@example.com"])
    assert "Come and see us!" in code_mail.body
    assert "ann@example.com" in code_mail.body
    assert (receipt.to, "bob@example.com" in receipt.body) == (["ann@example.com"], True)
    code = next(line.split()[-1] for line in code_mail.body.splitlines() if line.startswith("Code:"))
    assert find_voucher(code) == voucher
    assert code not in receipt.body
    assert f"/orders/{sale.token}/status/" in receipt.body
    voucher.refresh_from_db()
    assert voucher.sealed_code == ""
    trip = ordered(make_schedule(), "1A", end="bloemfontein")
    pay_with_voucher(trip.pk, code, submission="pay", now=NOW)
    trip.refresh_from_db()
    assert trip.status == "confirmed"
    assert violations(now=NOW) == []


def test_the_form_posted_twice_is_one_order() -> None:
    assert order() == order()
    assert Order.objects.count() == 1


@pytest.mark.parametrize("value", ["0", "-5", "49.99", "5000.01", "100.001"])
def test_an_amount_outside_the_limits_is_refused(value: str) -> None:
    with pytest.raises(Refusal, match="Choose an amount"):
        order(value)
    assert not Order.objects.exists()


def test_unpaid_it_expires_and_late_money_buys_it_again() -> None:
    sale = order()
    notification = paid_notification(sale)

    assert expire_unpaid(now=SOON) == 1
    sale.refresh_from_db()
    assert (sale.status, sale.total) == ("expired", 0)
    assert LedgerEntry.objects.balance(Account.VOUCHER_LIABILITY) == 0
    assert violations(now=SOON) == []

    act_on_notification(notification.pk, now=SOON)

    sale.refresh_from_db()
    assert (sale.status, sale.total, Voucher.objects.get().balance) == ("confirmed", 500, 500)
    assert violations(now=SOON) == []


def test_too_little_money_that_comes_late_goes_back_and_the_customer_is_told() -> None:
    sale = order()
    expire_unpaid(now=SOON)

    settle(sale.pk, ReceivedPayment("demo", "half", Decimal(250)), now=SOON)

    assert not Voucher.objects.exists()
    assert Refund.objects.get().amount == 250
    send_due(now=SOON)
    assert "refund of R250" in mail.outbox[0].subject.replace("\xa0", " ")
    assert violations(now=SOON) == []


def test_paid_twice_it_is_issued_once_and_the_second_money_goes_back() -> None:
    sale = order()
    pay(sale)

    settle(sale.pk, ReceivedPayment("demo", "again", Decimal(500)), now=NOW)

    assert Voucher.objects.count() == 1
    assert Refund.objects.get().amount == 500
    assert violations(now=NOW) == []


def test_no_voucher_buys_a_voucher() -> None:
    _goodwill, code = make_voucher(800)
    with pytest.raises(VoucherRefused, match="cannot be bought with a voucher"):
        pay_with_voucher(order().pk, code, submission="pay", now=NOW)


def test_an_unused_voucher_is_given_back_once() -> None:
    sale = order()
    voucher = pay(sale)

    refunds = give_back(sale)
    give_back(sale)

    voucher.refresh_from_db()
    sale.refresh_from_db()
    assert [refund.amount for refund in refunds] == [500]
    assert (voucher.balance, bool(voucher.stopped_at), voucher.sealed_code) == (0, True, "")
    assert (sale.status, sale.total) == ("cancelled", 0)
    assert LedgerEntry.objects.balance(Account.VOUCHER_LIABILITY) == 0
    send_due(now=SOON)
    assert not any("Code:" in sent.body for sent in mail.outbox)
    assert violations(now=SOON) == []


def test_a_used_voucher_is_not_given_back() -> None:
    sale = order()
    voucher = pay(sale)
    trip = ordered(make_schedule(), "1A", end="bloemfontein")
    pay_with_voucher(trip.pk, decrypt(voucher.sealed_code), submission="pay", now=NOW)

    with pytest.raises(Conflict, match="was used"):
        give_back(sale)


def test_later_a_second_person_signs_that_it_is_given_back() -> None:
    sale, clerk = order(), make_user()
    pay(sale)

    with pytest.raises(Refusal, match="7 days"):
        give_back(sale, now=LATE)
    with pytest.raises(NeedsApproval):
        give_back(sale, now=LATE, actor=clerk)
    assert give_back(sale, now=LATE, actor=clerk, approval=make_approval())
    assert violations(now=LATE) == []


def test_a_replaced_voucher_is_given_back_by_its_new_code() -> None:
    sale = order()
    old = pay(sale)
    stop_voucher(VoucherStop(old.pk, "lost"), actor=make_user(), submission="stop", content="", now=NOW)

    give_back(sale)

    assert not Voucher.objects.exclude(balance=0).exists()
    assert violations(now=SOON) == []


def chargeback_line(sign: int, number: str) -> StatementLine:
    return StatementLine.objects.create(
        gateway="demo",
        line_id=number,
        day=NOW.date(),
        kind="chargeback",
        at=NOW,
        gross=500 * sign,
        fee=0,
        noted_at=NOW,
        external_id=Payment.objects.get().external_id,
    )


def test_a_chargeback_blocks_it_until_the_money_comes_again() -> None:
    sale = order()
    voucher = pay(sale)
    charged = charge_back(Payment.objects.get(), chargeback_line(-1, "1"), now=NOW)

    voucher.refresh_from_db()
    assert (bool(voucher.stopped_at), voucher.balance) == (True, 500)
    with pytest.raises(Conflict, match="given back"):
        give_back(sale)
    stop = VoucherStop(voucher.pk, "please")
    with pytest.raises(Conflict, match="bank"):
        stop_voucher(stop, actor=make_user(), submission="stop", content="", now=NOW)
    send_due(now=LATER)
    assert any(f"V{sale.pk:06d}" in sent.subject for sent in mail.outbox)
    assert violations(now=NOW) == []

    return_chargeback(charged, chargeback_line(1, "2"), now=NOW)

    voucher.refresh_from_db()
    assert voucher.stopped_at is None
    assert violations(now=NOW) == []


def test_its_receipt_has_a_number_and_shows_no_tax() -> None:
    sale = order()
    pay(sale)

    texts = " ".join(receipt_text(receipt_of(sale.pk)).texts()).replace("\xa0", " ")

    assert f"V{sale.pk:06d}" in texts
    assert "Voucher R500" in texts
    assert "VAT R" not in texts
    assert OutboxMessage.objects.filter(order=sale, kind="confirmation").count() == 1
