"""Steps of the sequence test that are about money: what comes by which way, what a bank takes and gives
again, what goes back at the counter, what statements tell; and what must be true of it all at the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, multiple, rule

from bookings.base.encryption import decrypt
from bookings.domain.counter.tender import Tender, pay_out_refund
from bookings.domain.integrity.invariants import neglected
from bookings.domain.reconciliation.differences import open_difference_tasks
from bookings.domain.reconciliation.matching import match_lines
from bookings.domain.reconciliation.slips import match_slips
from bookings.domain.reconciliation.statements import keep_lines
from bookings.domain.reconciliation.transfers import book_transfers
from bookings.domain.reconciliation.write_offs import WriteOffRequest, take_back_write_off, write_off
from bookings.domain.sales.approvals import Approval
from bookings.domain.sales.breakage import lapsed_total, post_breakage
from bookings.domain.sales.exchange_payments import pay_change
from bookings.domain.sales.exchange_quotes import TripChange
from bookings.domain.sales.exchange_requests import confirm_change, give_up_change
from bookings.domain.sales.gateway_refunds import pay_waiting_refunds, watch_owed_refunds
from bookings.domain.sales.gateways import StatementEntry
from bookings.domain.sales.notifications import act_on_notification
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.domain.sales.voucher_changes import extend_voucher
from bookings.domain.sales.voucher_sales import VoucherOrder, VoucherReturn, order_voucher, return_voucher
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import (
    Booking,
    Chargeback,
    ExchangeRequest,
    Order,
    OutboxMessage,
    Payment,
    Refund,
    Schedule,
    Shift,
    StaffTask,
    StatementLine,
    Voucher,
)
from bookings.tests.domain.sales.buy import paid_notification

orders = Bundle("orders")
vouchers = Bundle("vouchers")
PART = st.sampled_from([Decimal("1"), Decimal("0.4"), Decimal("1.2")])
_Kind = StatementLine.Kind


class MoneySteps(RuleBasedStateMachine):
    """What its subclass gives: the clock, the till, a second person, and a number for each post."""

    now: datetime
    posts: int
    has_changed: bool
    shift: Shift
    schedule: Schedule
    dearer: Schedule
    approval: Approval
    tried: Callable[[Callable[[], object]], object]

    def number(self) -> int:
        self.posts += 1
        self.has_changed = True
        return self.posts

    @rule(order=orders, times=st.integers(1, 2))
    def pay_at_the_gateway(self, order: Order | None, times: int) -> None:
        """Its notification is acted upon once or twice; late, if the order has run out."""
        if order and order.total and not order.attempts.exists():
            notification = self.tried(lambda: paid_notification(order, now=self.now))
            for _time in range(times if notification else 0):
                self.number()
                act_on_notification(notification.pk, now=self.now)

    @rule(order=orders, share=PART)
    def pay_by_what_nobody_tried(self, order: Order | None, share: Decimal) -> None:
        """A second payment through the gateway: once too much."""
        if order and order.total:
            paid = ReceivedPayment(
                "demo", f"other {self.number()}", (order.total * share).quantize(Decimal("0.01"))
            )
            settle(order.pk, paid, now=self.now)

    @rule(order=orders, is_dearer=st.booleans())
    def the_passenger_changes_the_trip(self, order: Order | None, is_dearer: bool) -> None:
        """To another coach, there or back, as they would be asked."""
        booking = Booking.objects.filter(order=order).order_by("pk").first() if order else None
        if booking:
            to = self.dearer if is_dearer else self.schedule
            ends = (booking.from_stop.stop.city.slug, booking.to_stop.stop.city.slug)
            change = TripChange(booking.booking_reference, SegmentRef(to.pk, *ends), channel="web")
            form = {"submission": f"e{self.number()}", "content": "", "now": self.now}
            self.tried(lambda: confirm_change(change, **form))

    @rule(order=orders, share=PART)
    def the_change_is_paid(self, order: Order | None, share: Decimal) -> None:
        """In time, late, twice, too little, too much, after it was given up."""
        request = ExchangeRequest.objects.filter(booking__order=order, amount__gt=0).last() if order else None
        if request and request.expires_at:
            self.tried(lambda: pay_change(request.token, now=self.now))
            attempt = request.attempts.last()
            if attempt:
                amount = (request.amount * share).quantize(Decimal("0.01"))
                paid = ReceivedPayment("demo", f"change {self.number()}", amount, attempt=attempt)
                settle(request.booking.order_id, paid, now=self.now)

    @rule(order=orders)
    def the_change_is_given_up(self, order: Order | None) -> None:
        request = (
            ExchangeRequest.objects.filter(booking__order=order, status="open").first() if order else None
        )
        if request:
            self.number()
            self.tried(lambda: give_up_change(request.token, now=self.now))

    @rule(order=orders, again=st.booleans())
    def the_bank_takes_back(self, order: Order | None, again: bool) -> None:
        """What its customer paid through the gateway, and gives it to us again."""
        payment = Payment.objects.filter(order=order, method="demo").order_by("pk").first() if order else None
        if payment:
            for sign in (-1, 1) if again else (-1,):
                self.line("demo", sign * payment.amount, payment.external_id, _Kind.CHARGEBACK)
                match_lines(now=self.now)

    @rule(order=orders, way=st.sampled_from(["cash", "card", "eft"]), is_signed=st.booleans())
    def pay_out(self, order: Order | None, way: str, is_signed: bool) -> None:
        """One of the refunds of an order, at the counter, the way it came or another."""
        refund = Refund.objects.filter(order=order, status="owed").order_by("pk").first() if order else None
        if refund:
            tender = Tender(way, reference=f"R{self.number()}", approval=self.approval if is_signed else None)
            self.tried(
                lambda: pay_out_refund(
                    refund.pk, tender, shift=self.shift, submission=f"o{self.posts}", content="", now=self.now
                )
            )

    @rule(target=orders, value=st.sampled_from([50, 400]))
    def buy_a_voucher(self, value: int) -> Order:
        bought = VoucherOrder(Decimal(value), "ann@example.com")
        return order_voucher(bought, submission=f"buy {self.number()}", now=self.now)

    @rule(target=vouchers)
    def read_the_code_of_a_bought_voucher(self) -> str | object:
        voucher = Voucher.objects.filter(kind="sold").exclude(sealed_code="").order_by("-pk").first()
        return decrypt(voucher.sealed_code) if voucher else multiple()

    @rule(order=orders, is_signed=st.booleans())
    def give_a_voucher_back(self, order: Order | None, is_signed: bool) -> None:
        if order:
            request = VoucherReturn(order.pk, "not needed", self.approval if is_signed else None)
            submission = f"r{self.number()}"
            actor = self.shift.clerk
            self.tried(lambda: return_voucher(request, actor=actor, submission=submission, now=self.now))

    @rule()
    def post_what_lapsed(self) -> None:
        """Of vouchers that were paid for, three years later in the blink of an eye."""
        facts = {"actor": self.shift.clerk, "submission": f"b{self.number()}", "reason": "audit"}
        total = lapsed_total(now=self.now)
        self.tried(lambda: post_breakage(total=total, now=self.now, **facts))

    @rule(days=st.sampled_from([-1, 30]))
    def the_time_of_a_voucher_changes(self, days: int) -> None:
        """It has run out, as far as its row says; or staff extend it."""
        voucher = Voucher.objects.filter(kind="sold").order_by("pk").first()
        if voucher and days < 0:
            self.has_changed = True
            Voucher.objects.filter(pk=voucher.pk).update(valid_until=self.now.date() + timedelta(days=days))
        elif voucher:
            until = self.now.date() + timedelta(days=days)
            facts = {"reason": "asked", "actor": self.shift.clerk, "now": self.now}
            self.tried(lambda: extend_voucher(voucher.pk, until, **facts))

    @rule(takes_back=st.booleans())
    def write_off_what_differs(self, takes_back: bool) -> None:
        """The first line that nobody knows, and again not."""
        line = StatementLine.objects.filter(match=None, kind="payment").order_by("pk").first()
        if line is None:
            return
        subject, reason = f"statement:{line.pk}", "cannot be found"
        request = WriteOffRequest(line.gateway, line.day, subject, line.gross, reason, self.approval)
        facts = {"actor": self.shift.clerk, "now": self.now}
        written = self.tried(lambda: write_off(request, submission=f"wo{self.number()}", **facts))
        if written and takes_back:
            self.tried(lambda: take_back_write_off(written.pk, reason="found", **facts))

    @rule(way=st.sampled_from(["demo", "card", "eft"]), is_exact=st.booleans())
    def a_statement_comes(self, way: str, is_exact: bool) -> None:
        """With what came and went by one way; sometimes a line says another amount."""
        extra = Decimal(0) if is_exact else Decimal(1)
        for payment in Payment.objects.filter(method=way, matches=None).order_by("pk"):
            self.line(
                way, payment.amount + extra, payment.external_id if way == "demo" else payment.reference
            )
        for refund in Refund.objects.filter(method=way, status="paid", matches=None).order_by("pk"):
            paid = refund.payment.external_id if refund.payment and way == "demo" else refund.reference
            self.line(way, -refund.amount, paid, _Kind.REFUND)
        self.match()

    @rule(order=orders, share=PART)
    def the_banks_list_has_a_transfer(self, order: Order | None, share: Decimal) -> None:
        """By the booking's reference; it pays for what waits for it."""
        booking = Booking.objects.filter(order=order).first() if order else None
        if booking and order and order.total:
            self.line("eft", (order.total * share).quantize(Decimal("0.01")), booking.booking_reference)
            self.match()

    def line(self, way: str, gross: Decimal, external_id: str, kind: _Kind = _Kind.PAYMENT) -> None:
        entry = StatementEntry(
            f"l{self.number()}", kind, self.now, gross, Decimal(0), external_id=external_id or "none"
        )
        keep_lines(way, [entry], now=self.now)

    def match(self) -> None:
        match_lines(now=self.now)
        for tender in ("card", "eft"):
            match_slips(tender, now=self.now)
        book_transfers(now=self.now)

    def look_at_the_money(self) -> None:
        """Once nothing happens any more, and the sweeps have looked for more than a day."""
        later = self.now + timedelta(days=1, minutes=1)
        for sweep in (pay_waiting_refunds, watch_owed_refunds, open_difference_tasks):
            sweep(now=later)
        forgotten = {each.rule for each in neglected(now=later)}
        assert not forgotten & {
            "a refund owed for a day has a task",
            "a difference to a statement has a task",
        }
        self._no_payment_gives_back_more_than_it_brought()
        self._no_way_gives_back_more_than_came_by_it()
        self._whoever_is_owed_money_was_told()

    def _no_payment_gives_back_more_than_it_brought(self) -> None:
        """A refund that the bank's chargeback has settled is within it."""
        back: dict[int, Decimal] = defaultdict(Decimal)
        for refund in Refund.objects.filter(payment__isnull=False).exclude(method="chargebacks"):
            back[refund.payment_id] += refund.amount
        for chargeback in Chargeback.objects.filter(returned_at=None):
            later = Refund.objects.filter(payment=chargeback.payment_id, paid_at__gt=chargeback.noted_at)
            assert not later.exclude(method="chargebacks").exists()
        amounts = dict(Payment.objects.values_list("pk", "amount"))
        assert all(amount <= amounts[payment] for payment, amount in back.items())

    def _no_way_gives_back_more_than_came_by_it(self) -> None:
        """Unless a second person has signed that it goes another way."""
        came: dict[str, Decimal] = defaultdict(Decimal)
        for method, amount in Payment.objects.values_list("method", "amount"):
            came[method] += amount
        went = Refund.objects.filter(status="paid", approver=None).exclude(method="chargebacks")
        for method, amount in went.values_list("method", "amount"):
            came[method] -= amount
        assert all(left >= 0 for left in came.values()), came

    def _whoever_is_owed_money_was_told(self) -> None:
        """Each cent that is owed has its row, its task and a mail."""
        for refund in Refund.objects.exclude(status="paid"):
            tasks = StaffTask.objects.filter(kind="refund_due", subject=f"refund:{refund.pk}", done_at=None)
            assert tasks.exists(), f"nobody looks after refund {refund.pk}, {refund.cause}"
            assert OutboxMessage.objects.filter(order=refund.order).exclude(kind="demo_payment").exists()
