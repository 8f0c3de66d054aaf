"""Eight clerks sell, refund, void and exchange at random.

What each drawer holds is added up beside the program, and must agree to the cent.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

import pytest

from bookings.base.errors import RuleBroken
from bookings.domain.counter.exchange import Till, cancel_at_till, exchange_at_till
from bookings.domain.counter.sale import Sale, SeatRequest, Tender, sell_now, take_over
from bookings.domain.counter.shifts import BlindCount, CashMovement, close_shift, move_cash, open_shift
from bookings.domain.counter.void import VoidRequest, void_sale
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.approvals import Approval
from bookings.domain.sales.cancellations import CancellationRequest, cancellation_quote
from bookings.domain.sales.exchange_quotes import TripChange, quote_exchange
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import Booking, Order, Schedule, Shift, Ticket, User
from bookings.tests.make import NOW, make_booking, make_layout, make_route, make_schedule, make_user
from bookings.tests.races.crowd import many

STOPS: Final = ("johannesburg", "bloemfontein", "cape-town")
KINDS: Final = {"sale": 50, "taken over": 12, "refund": 13, "void": 8, "exchange": 12, "movement": 5}
pytestmark = [pytest.mark.django_db, pytest.mark.database]


def coins(amount: Decimal) -> Decimal:
    """To the nearest 10 cents, five down; with whole numbers, other than the program does it."""
    cents = int(amount * 100)
    rest = cents % 10
    return Decimal(cents - rest + (10 if rest > 5 else 0)) / 100


class Counter8:
    """The clerks with their drawers, as somebody with pencil and paper would keep them."""

    def __init__(self, rng: Random, schedules: list[Schedule]) -> None:
        self.rng, self.schedules = rng, schedules
        self.now: datetime = NOW
        self.number = 0
        self.boss = make_user(role=User.Role.SUPERVISOR)
        self.done: Counter[str] = Counter()
        self.fresh: list[tuple[Shift, str, Decimal, Order]] = []  # unchanged sales: who, tender, money, order
        self.drawers: dict[int, dict[str, Decimal]] = {}
        self.shifts = [self._open(float_) for float_ in (500, 500, 800, 1000, 1000, 350, 0, 1200)]

    def _open(self, amount: int) -> Shift:
        clerk = make_user()
        shift = open_shift(
            clerk, counted_float=Decimal(amount), submission=f"open {clerk.pk}", content="", now=NOW
        )
        self.drawers[shift.pk] = {"cash": Decimal(amount), "card": Decimal(0), "eft": Decimal(0)}
        return shift

    def act(self) -> None:
        self.number += 1
        self.now += timedelta(seconds=self.rng.randint(1, 40))
        kind = self.rng.choices(list(KINDS), weights=list(KINDS.values()))[0]
        action: Callable[[Shift], bool] = getattr(self, kind.replace(" ", "_"))
        try:
            if action(self.rng.choice(self.shifts)):
                self.done[kind] += 1
        except RuleBroken as refusal:
            self.done[f"refused: {type(refusal).__name__}"] += 1

    def sale(self, shift: Shift) -> bool:
        tender, count = self._tender(), self.rng.randint(1, 3)
        passengers = tuple(
            {
                "first_name": "Ann",
                "surname": f"No{self.number}",
                "passenger_type": self.rng.choice(("adult", "child", "student")),
            }
            for _seat in range(count)
        )
        schedule, board, alight = self._some_segment()
        sale = Sale(
            passengers,
            Tender(tender, reference="T4 1", approval=Approval(self.boss, "seen")),
            seats=(SeatRequest(SegmentRef(schedule.pk, board, alight), count=count),),
        )
        order = sell_now(sale, shift=shift, submission=f"sale {self.number}", now=self.now)
        self._book_sale(shift, tender, order)
        return True

    def taken_over(self, shift: Shift) -> bool:
        """A pay-later order, with odd cents so that cash is rounded."""
        fare = Decimal(self.rng.randint(10_001, 99_999)) / 100
        booking = make_booking(
            schedule=self.rng.choice(self.schedules), status="pending", fare=fare, now=self.now
        )
        tender = self._tender()
        order = take_over(
            booking.booking_reference,
            Tender(tender, reference="EFT 7", approval=Approval(self.boss, "seen")),
            shift=shift,
            submission=f"t {self.number}",
            now=self.now,
        )
        self._book_sale(shift, tender, order)
        return True

    def refund(self, shift: Shift) -> bool:
        booking = self._some_booking()
        valid = [ticket.pk for ticket in booking.tickets.filter(status=Ticket.Status.VALID)]
        some = self.rng.sample(valid, self.rng.randint(1, len(valid)))
        back = cancellation_quote(booking, some, now=self.now).refund
        tender = self._tender_for(shift, back)
        till = Till(shift.clerk, Tender(tender, reference="T4 2", approval=Approval(self.boss, "ill")))
        cancel_at_till(
            CancellationRequest(booking.booking_reference, ticket_ids=some, quoted=back, reason="ill"),
            till=till,
            submission=f"r {self.number}",
            content="",
            now=self.now,
        )
        self._move(shift, tender, -back)
        self._touched(booking)
        return True

    def void(self, _shift: Shift) -> bool:
        if not self.fresh:
            return False
        shift, tender, money, order = self.fresh.pop(self.rng.randrange(len(self.fresh)))
        if tender == "cash" and self.drawers[shift.pk]["cash"] < coins(money):
            return False
        reference = order.bookings.get().booking_reference
        void_sale(
            VoidRequest(reference, "wrong", self.boss),
            shift=shift,
            submission=f"v {self.number}",
            content="",
            now=self.now,
        )
        self._move(shift, tender, -money)
        return True

    def exchange(self, shift: Shift) -> bool:
        booking = self._some_booking()
        schedule, board, alight = self._some_segment()
        valid = [ticket.pk for ticket in booking.tickets.filter(status=Ticket.Status.VALID)]
        some = self.rng.sample(valid, self.rng.randint(1, len(valid)))
        quote = quote_exchange(
            booking.booking_reference,
            get_segment(SegmentRef(schedule.pk, board, alight)),
            ticket_ids=some,
            now=self.now,
        )
        balance = quote.difference.balance
        tender = self._tender() if balance > 0 else self._tender_for(shift, -balance)
        exchange_at_till(
            TripChange(
                booking.booking_reference,
                SegmentRef(schedule.pk, board, alight),
                ticket_ids=some,
                labels=[line.seat.label for line in quote.lines],
                quoted=balance,
            ),
            till=Till(shift.clerk, Tender(tender, reference="T4 3", approval=Approval(self.boss, "moved"))),
            submission=f"x {self.number}",
            content="",
            now=self.now,
        )
        self._move(shift, tender, balance)
        self._touched(booking)
        return True

    def movement(self, shift: Shift) -> bool:
        amount = Decimal(self.rng.randint(-20_000, 20_000)) / 100
        if not amount or self.drawers[shift.pk]["cash"] + amount < 0:
            return False
        move_cash(
            shift,
            CashMovement(amount, "change", self.boss),
            submission=f"m {self.number}",
            content="",
            now=self.now,
        )
        self.drawers[shift.pk]["cash"] += amount
        return True

    def _tender(self) -> str:
        return self.rng.choice(("cash", "cash", "card", "eft"))

    def _tender_for(self, shift: Shift, amount: Decimal) -> str:
        return (
            "cash" if self.drawers[shift.pk]["cash"] >= coins(amount) and self.rng.random() < 0.7 else "card"
        )

    def _some_segment(self) -> tuple[Schedule, str, str]:
        first, last = self.rng.choice(((0, 1), (0, 2), (1, 2)))
        return self.rng.choice(self.schedules), STOPS[first], STOPS[last]

    def _some_booking(self) -> Booking:
        paid = Booking.objects.filter(status="confirmed").order_by("pk")
        return paid[self.rng.randrange(paid.count())]

    def _book_sale(self, shift: Shift, tender: str, order: Order) -> None:
        fares = sum(ticket.fare for ticket in Ticket.objects.filter(booking__order=order))
        self._move(shift, tender, fares)
        self.fresh.append((shift, tender, fares, order))

    def _move(self, shift: Shift, tender: str, amount: Decimal) -> None:
        rounded = coins(abs(amount)) * (1 if amount > 0 else -1) if tender == "cash" else amount
        self.drawers[shift.pk][tender] += rounded

    def _touched(self, booking: Booking) -> None:
        self.fresh = [each for each in self.fresh if each[3].pk != booking.order_id]


@pytest.mark.parametrize("seed", [1])
def test_each_cash_up_agrees_with_an_independent_sum_to_the_cent(seed: int) -> None:
    route, layout = make_route(), make_layout(seats=60)
    days = range(1, many(7, 30))
    schedules = [
        make_schedule(route=route, layout=layout, departs=NOW + timedelta(days=day), price=455 + 7 * day)
        for day in days
    ]
    counter = Counter8(Random(seed), schedules)
    for shift in counter.shifts:
        counter.number += 1
        counter.sale(shift)

    for _action in range(many(80, 1000)):
        counter.act()

    evening = counter.now + timedelta(hours=1)
    for shift in counter.shifts:
        outcome = close_shift(
            shift,
            BlindCount(counter.drawers[shift.pk]),
            submission=f"close {shift.pk}",
            content="",
            now=evening,
        )
        assert outcome.is_closed
        assert set(outcome.differences.values()) == {0}
    assert violations(now=evening) == []
    assert all(counter.done[kind] for kind in KINDS), counter.done
    assert sum(counter.done[kind] for kind in KINDS) > 0.8 * counter.number, counter.done
