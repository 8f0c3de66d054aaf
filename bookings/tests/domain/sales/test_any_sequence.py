"""Whatever people do, in whatever order and at whatever time: what must always be true stays true."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test import override_settings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bookings.base.errors import RuleBroken
from bookings.domain.counter.reservations import reserve
from bookings.domain.counter.sale import Sale
from bookings.domain.counter.tender import Tender, TenderPart, take_payment
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.checkout import CheckoutRequest, place_order, save_draft
from bookings.domain.sales.earning import earn_fares
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.gateway_refunds import pay_waiting_refunds
from bookings.domain.sales.hold_renewal import rehold, release_hold, renew_hold
from bookings.domain.sales.holds import HoldRequest, SeatRequest, hold_any, hold_seats
from bookings.domain.sales.luggage import keep_luggage
from bookings.domain.sales.pay_later import confirm_mailbox
from bookings.domain.sales.payments import ReceivedPayment, settle, start_payment
from bookings.domain.sales.promo_codes import keep_promo_code
from bookings.domain.sales.transfers import SeenTransfer, confirm_transfer
from bookings.domain.sales.voucher_changes import VoucherStop, expire_goodwill, stop_voucher
from bookings.domain.sales.voucher_payments import pay_with_voucher
from bookings.domain.sales.vouchers import find_voucher
from bookings.domain.tickets.receipts import receipt_of, refund_receipt_of
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import Booking, Hold, Order, Payment, Refund, Ticket
from bookings.tests.domain.sales.buy import ANN
from bookings.tests.domain.sales.money_steps import MoneySteps, orders, vouchers
from bookings.tests.make import (
    NOW,
    make_approval,
    make_luggage_rule,
    make_promo_code,
    make_route,
    make_schedule,
    make_shift,
    make_user,
    make_voucher,
)
from bookings.tests.races.crowd import SCALE, figure, many

CITIES = ("johannesburg", "bloemfontein", "cape-town")
RIDES = st.sampled_from([(0, 1), (1, 2), (0, 2)])
SEATS = st.lists(st.sampled_from(["1A", "1B", "1C", "1D"]), min_size=1, max_size=3, unique=True)
CODES = st.sampled_from(["", "SAVE10", "FEW"])
OWNERS = st.sampled_from(["ann", "ben", "zola"])
# The suite takes the same sequences on both databases, so the other looks at the end of each only
LOOKS_AT_EACH_STEP = bool(SCALE) or connection.vendor == "sqlite"


class Sales(MoneySteps):
    """Three customers, a clerk, a coach of four seats over two legs, a clock that only goes forward."""

    holds = Bundle("holds")
    orders = orders
    vouchers = vouchers

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.now: datetime = NOW
        self.posts = 0
        self.has_changed = True  # something, since the invariants were looked at
        self.is_over = False
        self.schedule = make_schedule(route=make_route(), seats=4, departs=NOW + timedelta(days=2))
        self.dearer = make_schedule(
            route=self.schedule.route, seats=2, departs=NOW + timedelta(days=3), price=900
        )
        make_luggage_rule(schedule=self.schedule, space=2)
        self.shift = make_shift(make_user())
        self.approval = make_approval()
        make_promo_code()
        make_promo_code("FEW", kind="rand", value=250, max_uses=2)

    def teardown(self) -> None:
        try:
            self.has_changed = self.is_over = True  # by a refused step, which must leave nothing behind
            self.everything_is_true()
            self.look_at_the_money()
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    @initialize(target=orders, code=CODES, way=st.sampled_from(["gateway", "till", "later"]))
    def somebody_has_bought(self, code: str, way: str) -> Order | None:
        """So that a sequence begins where the others would get after many steps."""
        order = self.place(self.hold_any((0, 2), 2, "ben"), way == "later", code, 1)
        if way == "gateway":
            self.pay_at_the_gateway(order, 1)
        elif way == "till":
            self.pay_in_parts(order, 200, True)
        return order

    @rule(target=holds, ride=RIDES, seats=SEATS, owner=OWNERS)
    def hold(self, ride: tuple[int, int], seats: list[str], owner: str) -> Hold | None:
        segment = get_segment(SegmentRef(self.schedule.pk, CITIES[ride[0]], CITIES[ride[1]]))
        return self.tried(lambda: hold_seats(segment, seats, HoldRequest(owner), now=self.now))

    @rule(target=holds, ride=RIDES, count=st.integers(1, 3), owner=OWNERS)
    def hold_any(self, ride: tuple[int, int], count: int, owner: str) -> Hold | None:
        segment = get_segment(SegmentRef(self.schedule.pk, CITIES[ride[0]], CITIES[ride[1]]))
        return self.tried(lambda: hold_any(segment, count, HoldRequest(owner), now=self.now))

    @rule(hold=holds)
    def renew(self, hold: Hold | None) -> None:
        if hold:
            self.tried(lambda: renew_hold(hold.token, owner=hold.owner, now=self.now))

    @rule(hold=holds)
    def take_again(self, hold: Hold | None) -> None:
        if hold:
            self.tried(lambda: rehold(hold.token, owner=hold.owner, now=self.now))

    @rule(hold=consumes(holds))
    def release(self, hold: Hold | None) -> None:
        if hold and not Order.objects.filter(hold=hold).exists():
            self.tried(lambda: release_hold(hold.token, owner=hold.owner))

    @rule(target=orders, hold=holds, later=st.booleans(), code=CODES, pieces=st.integers(0, 2))
    def place(self, hold: Hold | None, later: bool, code: str, pieces: int) -> Order | None:
        if not hold:
            return None
        keep_promo_code(hold.token, code, owner=hold.owner)
        seats = hold.trips.get().seats.count()
        self.tried(
            lambda: save_draft(
                hold.token,
                owner=hold.owner,
                passengers=[ANN | {"luggage": str(pieces)}] * seats,
                email="a@example.com",
                phone="",
            )
        )
        if pieces:
            self.tried(lambda: keep_luggage(hold.token, owner=hold.owner, now=self.now))
        self.posts += 1
        return self.tried(
            lambda: place_order(
                CheckoutRequest(hold.token, hold.owner, pay_later=later),
                submission=f"p{self.posts}",
                content="",
                now=self.now,
            )
        )

    @rule(order=orders)
    def start_to_pay(self, order: Order | None) -> None:
        if order:
            self.tried(lambda: start_payment(order.pk, now=self.now))

    @rule(order=orders, share=st.sampled_from([Decimal("1"), Decimal("1"), Decimal("0.5"), Decimal("1.1")]))
    def pay(self, order: Order | None, share: Decimal) -> None:
        """In time, late, twice, too little, too much: as it comes."""
        if order:
            self.posts += 1
            self.has_changed = True
            settle(
                order.pk,
                ReceivedPayment("eft", f"slip {self.posts}", (order.total * share).quantize(Decimal("0.01"))),
                now=self.now,
            )

    @rule(order=orders)
    def mailbox_answers(self, order: Order | None) -> None:
        if order:
            self.tried(lambda: confirm_mailbox(order.pk, now=self.now))

    @rule(target=orders, ride=RIDES, seats=SEATS, deposit=st.sampled_from([0, 200]), code=CODES)
    def reserve(self, ride: tuple[int, int], seats: list[str], deposit: int, code: str) -> Order | None:
        """At the counter, for a caller; a part of it may be paid at once."""
        self.posts += 1
        wanted = SeatRequest(
            SegmentRef(self.schedule.pk, CITIES[ride[0]], CITIES[ride[1]]), tuple(sorted(seats))
        )
        parts = (TenderPart("cash", Decimal(deposit)),) if deposit else ()
        tender = Tender("eft", parts=parts)
        people = (ANN,) * len(seats)
        sale = Sale(people, tender, seats=(wanted,), phone="+27821234567", promo_code=code)
        return self.tried(lambda: reserve(sale, shift=self.shift, submission=f"v{self.posts}", now=self.now))

    @rule(order=orders, part=st.sampled_from([100, 200, 300]), card_last=st.booleans())
    def pay_in_parts(self, order: Order | None, part: int, card_last: bool) -> None:
        if order:
            self.posts += 1
            amount = Decimal(part)
            tender = (
                Tender("card", reference="T1", parts=(TenderPart("cash", amount),))
                if card_last
                else Tender("cash", parts=(TenderPart("card", amount, "T2"),))
            )
            self.tried(
                lambda: take_payment(
                    order,
                    tender,
                    shift=self.shift,
                    submission=f"t{self.posts}",
                    content="",
                    now=self.now,
                )
            )

    @rule(order=orders, share=st.sampled_from([Decimal("1"), Decimal("0.4"), Decimal("1.2")]))
    def bank_shows_a_transfer(self, order: Order | None, share: Decimal) -> None:
        if order and order.total:
            self.posts += 1
            self.has_changed = True
            amount = (order.total * share).quantize(Decimal("0.01"))
            confirm_transfer(order.pk, SeenTransfer(f"b{self.posts}", amount), now=self.now)

    @rule(target=vouchers, value=st.sampled_from([100, 500, 2000]), days=st.sampled_from([0, 1, 365]))
    def give_voucher(self, value: int, days: int) -> str:
        self.has_changed = True
        until = (self.now + timedelta(days=days)).date()
        return make_voucher(value, now=self.now, valid_until=until)[1]

    @rule(order=orders, code=vouchers)
    def pay_by_voucher(self, order: Order | None, code: str) -> None:
        if order:
            self.posts += 1
            submission = f"w{self.posts}"
            self.tried(lambda: pay_with_voucher(order.pk, code, submission=submission, now=self.now))

    @rule(target=vouchers, code=consumes(vouchers), replaces=st.booleans())
    def stop_voucher(self, code: str, replaces: bool) -> str:
        self.posts += 1
        stop = VoucherStop(find_voucher(code).pk, "lost", replaces=replaces)
        facts = {"actor": self.shift.clerk, "submission": f"x{self.posts}", "content": "", "now": self.now}
        issued = self.tried(lambda: stop_voucher(stop, **facts))
        return issued.code if issued else code

    @rule(order=orders, part=st.booleans())
    def cancel(self, order: Order | None, part: bool) -> None:
        booking = Booking.objects.filter(order=order).order_by("-pk").first() if order else None
        if booking:
            self.posts += 1
            tickets = list(booking.tickets.values_list("pk", flat=True)[:1]) if part else None
            self.tried(
                lambda: cancel_booking(
                    CancellationRequest(booking.booking_reference, ticket_ids=tickets),
                    submission=f"c{self.posts}",
                    content="",
                    now=self.now,
                )
            )

    @rule(minutes=st.sampled_from([1, 5, 11, 21, 60, 60 * 25]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.has_changed = True

    @rule()
    def sweep(self) -> None:
        self.has_changed = True
        expire_unpaid(now=self.now)
        pay_waiting_refunds(now=self.now)
        earn_fares(now=self.now)
        expire_goodwill(now=self.now)

    def tried(self, act: Callable[[], object]) -> object:
        try:
            result = act()
        except RuleBroken:
            return None
        self.has_changed = True
        return result

    @invariant()
    def everything_is_true(self) -> None:
        """Looked at after each step that changed something, and at the end: it costs more than the steps."""
        if self.has_changed and (LOOKS_AT_EACH_STEP or self.is_over):
            assert violations(now=self.now) == []
            self._no_money_is_lost()
            self._receipts_say_what_the_ledger_says()
            self._every_confirmed_passenger_has_an_own_seat()
            self.has_changed = False

    def _no_money_is_lost(self) -> None:
        """What came in is either sold, kept as a fee or owed back: never more goes back than came."""
        received = sum((payment.amount for payment in Payment.objects.all()), Decimal(0))
        returned = sum((refund.amount for refund in Refund.objects.all()), Decimal(0))
        assert returned <= received

    def _receipts_say_what_the_ledger_says(self) -> None:
        for order in Order.objects.filter(payments__isnull=False).distinct():
            order.refresh_from_db()
            sold = -order.total
            view = receipt_of(order.pk)
            assert view.total == int(-sold * 100)
            for refund in view.refunds:
                assert refund_receipt_of(order.pk, refund.id).total == refund.cents

    def _every_confirmed_passenger_has_an_own_seat(self) -> None:
        tickets = Ticket.objects.filter(booking__status="confirmed", status="valid")
        legs = [
            (ticket.seat_id, leg)
            for ticket in tickets.select_related("booking__from_stop", "booking__to_stop")
            for leg in range(ticket.booking.from_stop.position, ticket.booking.to_stop.position)
        ]
        assert len(legs) == len(set(legs))


@pytest.mark.database
@pytest.mark.django_db
@override_settings(PAY_LATER_COACH_SHARE=1, RESERVATION_COACH_SHARE=1)  # it is a small coach
def test_any_sequence_of_what_people_do_keeps_everything_true() -> None:
    # The rules are held on SQLite already: PostgreSQL is asked whether it is of one mind
    examples, steps = many(6 if connection.vendor == "postgresql" else 15, 60), many(20, 30)
    run_state_machine_as_test(
        Sales,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    figure("any sequence of what people do", sequences=examples, steps_each=steps, violations=0)
