"""A voucher is given, pays for trips, and has again what they give back."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.test import override_settings

from bookings.base.encryption import decrypt
from bookings.base.errors import Conflict, Refusal
from bookings.base.voucher_codes import voucher_code_text
from bookings.domain.integrity.invariants import violations
from bookings.domain.messaging.outbox import send_due
from bookings.domain.sales.approvals import NeedsApproval
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.gateway_refunds import pay_waiting_refunds
from bookings.domain.sales.payments import ReceivedPayment, settle, start_payment
from bookings.domain.sales.voucher_changes import (
    VoucherStop,
    expire_goodwill,
    extend_voucher,
    forget_sent_codes,
    stop_voucher,
)
from bookings.domain.sales.voucher_payments import pay_with_voucher
from bookings.domain.sales.vouchers import (
    Goodwill,
    VoucherRefused,
    VoucherUnknown,
    find_voucher,
    give_voucher,
    goodwill_until,
    paid_for_until,
)
from bookings.models import (
    Account,
    LedgerEntry,
    Order,
    OutboxMessage,
    PaymentAttempt,
    Refund,
    Voucher,
    VoucherMovement,
)
from bookings.tests.domain.sales.buy import ordered
from bookings.tests.make import NOW, make_approval, make_schedule, make_user, make_voucher

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
YEAR = TODAY + timedelta(days=365)


def give(value: int | str = 300, *, actor: object = None, form: str = "form", **facts: object) -> object:
    goodwill = Goodwill(Decimal(value), **{"reason": "late coach", "valid_until": YEAR} | facts)
    return give_voucher(goodwill, actor=actor or make_user(), submission=form, content=str(value), now=NOW)


def pay(order: Order, code: str, *, form: str = "pay", now: object = NOW) -> object:
    return pay_with_voucher(order.pk, code, submission=form, now=now)


def cancel(order: Order, *, now: object = NOW) -> None:
    reference = order.bookings.get().booking_reference
    cancel_booking(CancellationRequest(reference), submission="cancel", content="", now=now)


def test_a_voucher_given_pays_an_order_and_has_it_back() -> None:
    issued = give(500, email="ann@example.com")
    order = ordered(make_schedule(), "1A", end="bloemfontein")

    paid = pay(order, issued.code)

    order.refresh_from_db()
    voucher = Voucher.objects.get()
    assert (paid.amount, paid.owed, order.status) == (order.total, 0, "confirmed")
    assert voucher.balance == 500 - order.total
    assert not PaymentAttempt.objects.exists()
    assert LedgerEntry.objects.balance(Account.VOUCHER_LIABILITY) == -voucher.balance
    assert violations(now=NOW) == []

    cancel(order)
    assert Refund.objects.get().status == "owed"
    pay_waiting_refunds(now=NOW)
    voucher.refresh_from_db()
    refund = Refund.objects.get()
    assert (refund.status, refund.method, voucher.balance) == ("paid", "voucher", 500)
    assert [row.kind for row in voucher.movements.all()] == ["issued", "redeemed", "restored"]
    assert violations(now=NOW) == []


def test_the_code_is_known_by_a_digest_and_read_as_people_write_it() -> None:
    voucher, code = make_voucher()

    written = voucher_code_text(code).lower().replace("0", "o").replace("1", "l")
    for typed in (code, written, f" {voucher_code_text(code)} ", f"Voucher code: {written}"):
        assert find_voucher(typed) == voucher
    assert find_voucher(code[:-1]) is find_voucher(code + "0") is find_voucher("") is None
    assert code not in str(Voucher.objects.values().get())


def test_a_code_is_found_under_a_former_key_too(settings: object) -> None:
    voucher, code = make_voucher()
    former = settings.VOUCHER_KEYS
    settings.VOUCHER_KEYS = ["bmV3IGtleSBvZiB2b3VjaGVycywgMzIgYnl0ZXMgbG8=", *former]
    newer, new_code = make_voucher()

    assert (find_voucher(code), find_voucher(new_code)) == (voucher, newer)
    settings.VOUCHER_KEYS = former
    assert find_voucher(new_code) is None


def test_a_voucher_pays_a_part_and_the_gateway_the_rest() -> None:
    order = ordered(make_schedule())
    start_payment(order.pk, now=NOW)
    _voucher, code = make_voucher(200)

    paid = pay(order, code)

    assert (paid.amount, paid.owed) == (200, order.total - 200)
    assert PaymentAttempt.objects.get().status == "superseded"
    start_payment(order.pk, now=NOW)
    attempt = PaymentAttempt.objects.latest("pk")
    assert attempt.amount == order.total - 200
    assert (
        settle(order.pk, ReceivedPayment("demo", "1", attempt.amount, attempt=attempt), now=NOW)
        == "confirmed"
    )
    assert violations(now=NOW) == []

    cancel(order)
    refunds = {refund.payment.method: refund.amount for refund in Refund.objects.all()}
    assert refunds == {"voucher": 200, "demo": order.total - 200}


def test_what_a_fee_keeps_is_not_the_vouchers_part() -> None:
    """Vouchers are restored first, then the newest payment."""
    order = ordered(make_schedule(departs=NOW + timedelta(hours=30)))
    _voucher, code = make_voucher(200)
    pay(order, code)
    settle(order.pk, ReceivedPayment("eft", "1", order.total - 200), now=NOW)

    cancel(order, now=NOW + timedelta(hours=2))

    back = {refund.payment.method: refund.amount for refund in Refund.objects.all()}
    assert back["voucher"] == 200
    assert sum(back.values()) < order.total


def test_a_voucher_is_kept_for_an_order_until_that_runs_out() -> None:
    order, other = ordered(make_schedule()), ordered(make_schedule(), owner="ben")
    voucher, code = make_voucher(300)
    pay(order, code)

    with pytest.raises(VoucherRefused, match="used up"):
        pay(other, code, form="other")

    order.refresh_from_db()
    later = order.pay_by + timedelta(seconds=1)
    expire_unpaid(now=later)
    pay_waiting_refunds(now=later)
    voucher.refresh_from_db()
    assert voucher.balance == 300
    assert violations(now=later) == []


def test_the_same_form_twice_pays_once() -> None:
    order = ordered(make_schedule())
    _voucher, code = make_voucher(200)

    assert pay(order, code) == pay(order, code)

    assert VoucherMovement.objects.filter(kind="redeemed").count() == 1


def test_a_pending_bank_is_waited_for() -> None:
    order = ordered(make_schedule())
    start_payment(order.pk, now=NOW)
    PaymentAttempt.objects.update(status="pending")
    voucher, code = make_voucher()

    with pytest.raises(Conflict, match="do not pay again"):
        pay(order, code)

    voucher.refresh_from_db()
    assert voucher.balance == 500


@pytest.mark.parametrize(
    ("facts", "error", "words"),
    [
        ({"valid_until": date(2026, 11, 30)}, VoucherRefused, "was valid until Mon 30 Nov 2026.$"),
        ({"valid_until": date(2026, 11, 30), "kind": "sold"}, VoucherRefused, "R500 on it are still yours"),
        ({"stopped": True}, VoucherRefused, "was stopped"),
        ({"code": "0000-0000-0000-0000"}, VoucherUnknown, "do not know"),
    ],
)
def test_what_cannot_pay_says_why(facts: dict, error: type[Exception], words: str) -> None:
    order = ordered(make_schedule())
    is_stopped, typed = facts.pop("stopped", False), facts.pop("code", "")
    voucher, code = make_voucher(**facts)
    if is_stopped:
        stop_voucher(
            VoucherStop(voucher.pk, "lost", replaces=False),
            actor=make_user(),
            submission="s",
            content="",
            now=NOW,
        )

    with pytest.raises(error, match=words):
        pay(order, typed or code)

    assert not order.payments.exists()


def test_a_voucher_is_valid_through_its_last_day() -> None:
    order = ordered(make_schedule())
    _voucher, code = make_voucher(valid_until=TODAY)

    assert pay(order, code).amount == 500


def test_goodwill_has_limits_and_a_reason() -> None:
    clerk = make_user()
    for wrong in (
        {"reason": " "},
        {"valid_until": TODAY - timedelta(days=1)},
        {"value": "0"},
        {"value": "5001"},
    ):
        with pytest.raises(Refusal):
            give(**wrong, actor=clerk)
    give(300, actor=clerk)

    with pytest.raises(NeedsApproval):
        give(201, actor=clerk, form="second")
    give(200, actor=clerk, form="second")
    signed = give(900, actor=clerk, form="third", approval=make_approval())

    assert signed.voucher.movements.get().approver is not None
    assert LedgerEntry.objects.balance(Account.GOODWILL) == 1400
    assert violations(now=NOW) == []


def test_the_same_form_gives_one_voucher_and_tells_its_code_once() -> None:
    clerk = make_user()
    first, again = give(actor=clerk), give(actor=clerk)

    assert (first.voucher, bool(first.code), again.code) == (again.voucher, True, "")


def test_the_mail_tells_the_code_which_is_then_forgotten() -> None:
    issued = give(300, email="ann@example.com")
    assert decrypt(Voucher.objects.get().sealed_code) == issued.code

    assert forget_sent_codes() == 0
    send_due(now=NOW)

    (letter,) = mail.outbox
    assert letter.to == ["ann@example.com"]
    for body in (letter.body, letter.alternatives[0].content):
        assert voucher_code_text(issued.code) in body
        assert "Wed 1 Dec 2027" in body
    assert forget_sent_codes() == 1
    assert Voucher.objects.get().sealed_code == ""
    assert OutboxMessage.objects.get().sent_at is not None


def test_what_comes_back_on_a_voucher_that_ran_out_has_more_time_and_says_so() -> None:
    order = ordered(make_schedule())
    voucher, code = make_voucher(200, valid_until=TODAY)
    pay(order, code)
    tomorrow = NOW + timedelta(days=1)
    order.refresh_from_db()
    expire_unpaid(now=tomorrow)
    mail.outbox.clear()

    pay_waiting_refunds(now=tomorrow)

    voucher.refresh_from_db()
    assert voucher.valid_until == TODAY + timedelta(days=91)
    send_due(now=tomorrow)
    letter = next(letter for letter in mail.outbox if "back on your voucher" in letter.subject)
    assert "it is now valid until Tue 2 Mar 2027" in " ".join(letter.body.split())
    assert violations(now=tomorrow) == []


def test_a_lost_code_is_replaced_and_what_comes_back_follows() -> None:
    order = ordered(make_schedule(), "1A")
    voucher, code = make_voucher(1000, kind="sold")
    pay(order, code)

    new = stop_voucher(
        VoucherStop(voucher.pk, "lost", email="ann@example.com"),
        actor=make_user(),
        submission="s",
        content="",
        now=NOW,
    )

    assert new.voucher.balance == 1000 - order.total
    assert find_voucher(new.code).replaces == voucher
    cancel(order)
    pay_waiting_refunds(now=NOW)
    new.voucher.refresh_from_db()
    assert new.voucher.balance == 1000
    assert violations(now=NOW) == []


def test_what_was_paid_for_is_never_taken() -> None:
    voucher, _code = make_voucher(kind="sold", valid_until=TODAY - timedelta(days=1))
    stop = VoucherStop(voucher.pk, "fraud", replaces=False)

    with pytest.raises(Refusal, match="paid for"):
        stop_voucher(stop, actor=make_user(), submission="s", content="", now=NOW)
    assert expire_goodwill(now=NOW) == 0

    extend_voucher(voucher.pk, YEAR, reason="asked for it", actor=make_user(), now=NOW)
    voucher.refresh_from_db()
    assert (voucher.valid_until, voucher.balance) == (YEAR, 500)
    assert violations(now=NOW) == []


def test_goodwill_is_worth_nothing_after_its_last_day() -> None:
    voucher, _code = make_voucher(valid_until=TODAY)

    assert expire_goodwill(now=NOW) == 0
    tomorrow = NOW + timedelta(days=1)
    assert expire_goodwill(now=tomorrow) == 1

    voucher.refresh_from_db()
    assert voucher.balance == LedgerEntry.objects.balance(Account.VOUCHER_LIABILITY) == 0
    assert LedgerEntry.objects.balance(Account.GOODWILL) == 0
    assert violations(now=tomorrow) == []


def test_goodwill_given_by_mistake_is_taken_back() -> None:
    voucher, _code = make_voucher()

    taken = stop_voucher(
        VoucherStop(voucher.pk, "wrong person", replaces=False),
        actor=make_user(),
        submission="s",
        content="",
        now=NOW,
    )

    assert taken is None
    assert LedgerEntry.objects.balance(Account.GOODWILL) == 0
    assert violations(now=NOW) == []


@override_settings(VOUCHER_YEARS=3, GOODWILL_MONTHS=18)
def test_the_last_days_are_counted_by_the_calendar() -> None:
    assert paid_for_until(NOW) == date(2029, 12, 1)
    assert goodwill_until(NOW) == date(2028, 6, 1)
    assert paid_for_until(NOW.replace(year=2028, month=2, day=29)) == date(2031, 2, 28)
