"""Days of sales, delays, cancelled departures, swaps, other times, choices, undoing, in any order: nobody is
lost, nor a cent.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test import override_settings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bookings.base.errors import RuleBroken
from bookings.domain.disruptions.cases import CaseRequest, close_case, confirm_case, open_case
from bookings.domain.disruptions.choice_page import choice_page
from bookings.domain.disruptions.choices import PartyChoice, answer_by_link
from bookings.domain.disruptions.times import Delay
from bookings.domain.operations.time_changes import report_delay
from bookings.domain.sales.holds import HoldRequest, hold_any
from bookings.domain.tickets.choice_links import choice_token
from bookings.domain.timetable.call_times import call_times
from bookings.domain.timetable.segments import SegmentRef, get_segment, route_calls
from bookings.models import (
    Account,
    Booking,
    ChoiceLink,
    Disruption,
    FareClass,
    LedgerEntry,
    Order,
    Payment,
    Refund,
    Schedule,
    SeatClaim,
    Ticket,
    User,
)
from bookings.tests.domain.disruptions.cancelled_coach import wrong
from bookings.tests.make import NOW, make_booking, make_layout, make_route, make_schedule, make_user
from bookings.tests.races.crowd import SCALE, figure, many

KINDS = ["cancel", "swap_coach", "reinstate", "retime", "skip_stop", "short_turn"]
WHICH = st.integers(0, 2)
PARTY = st.integers(1, 3)
LOOKS_AT_EACH_STEP = bool(SCALE) or connection.vendor == "sqlite"


class Cases(RuleBasedStateMachine):
    """Three departures of a route, small coaches, a dispatcher and a manager."""

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.now: datetime = NOW
        self.posts = 0
        self.has_changed = True
        self.is_over = False
        route = make_route()
        times = (72, 76, 96)
        self.schedules = [
            make_schedule(route=route, seats=8, departs=NOW + timedelta(hours=hours)) for hours in times
        ]
        self.layouts = [make_layout(seats=5, premium=2), make_layout(seats=8, premium=4)]
        self.dispatcher = make_user(role=User.Role.DISPATCHER)
        self.manager = make_user(role=User.Role.MANAGER)

    def teardown(self) -> None:
        try:
            self.has_changed = self.is_over = True
            self.everything_is_true()
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    @rule(which=WHICH, count=PARTY, ride=st.sampled_from([(0, 1), (1, 2), (0, 2)]), is_premium=st.booleans())
    def sell(self, which: int, count: int, ride: tuple[int, int], is_premium: bool) -> None:
        schedule = Schedule.objects.get(pk=self.schedules[which].pk)
        taken = SeatClaim.objects.filter(schedule=schedule, leg__gte=ride[0], leg__lt=ride[1]).values("seat")
        free = schedule.layout.seats.exclude(pk__in=taken).count()
        if schedule.status != Schedule.Status.ON_SALE or free < count:
            return
        names = tuple(f"P{number} Lee" for number in range(count))
        first, last = ride
        booking = make_booking(schedule=schedule, names=names, first=first, last=last, is_online=True)
        Schedule.objects.filter(pk=schedule.pk).update(revision=schedule.revision + 1)
        if is_premium:
            booking.tickets.update(fare_class=FareClass.objects.get(code="premium"))
        self.has_changed = True

    @rule(which=WHICH, count=PARTY)
    def hold(self, which: int, count: int) -> None:
        ref = SegmentRef(self.schedules[which].pk, "johannesburg", "cape-town")
        owner = f"owner {self.posts}"
        self.tried(lambda: hold_any(get_segment(ref), count, HoldRequest(owner), now=self.now))

    @rule(which=WHICH, kind=st.sampled_from(KINDS), detail=st.integers(0, 1))
    def open(self, which: int, kind: str, detail: int) -> None:
        layout_id = self.layouts[detail].pk if kind == "swap_coach" else None
        schedule = Schedule.objects.get(pk=self.schedules[which].pk)
        at = schedule.departure_time + timedelta(hours=1 + detail) if kind == "retime" else None
        request = CaseRequest(
            kind, (schedule.pk,), "no_coach", layout_id=layout_id, departs_at=at, position=1 + detail
        )
        token = self.token()
        self.tried(lambda: open_case(request, by=self.dispatcher, submission=token, content="", now=self.now))

    @rule(which=WHICH, position=st.integers(0, 2), late=st.sampled_from([0, 20, 150, 400]))
    def delay(self, which: int, position: int, late: int) -> None:
        token, change = self.token(), Delay(position, late)
        self.tried(
            lambda: report_delay(
                self.schedules[which].pk, change, actor=self.dispatcher, submission=token, now=self.now
            )
        )

    @rule(by_manager=st.booleans())
    def confirm(self, by_manager: bool) -> None:
        case = Disruption.objects.filter(status__in=("draft", "proposed")).first()
        if case:
            actor = self.manager if by_manager else self.dispatcher
            form = {"version": case.version, "actor": actor, "submission": self.token(), "now": self.now}
            self.tried(lambda: confirm_case(case.pk, **form))

    @rule(
        number=st.integers(0, 9),
        choice=st.sampled_from(["accepted", "other", "refund"]),
        twice=st.booleans(),
    )
    def choose(self, number: int, choice: str, twice: bool) -> None:
        links = list(ChoiceLink.objects.select_related("disruption", "order", "ticket").order_by("-pk"))
        if not links:
            return
        link = links[number % len(links)]
        for party in choice_page(link, now=self.now).parties[:1]:
            to = SegmentRef.read(party.others[0].ref) if party.others else None
            answer, token = (
                PartyChoice(party.reference, choice, to if choice == "other" else None),
                self.token(),
            )
            for _press in range(2 if twice else 1):
                self.tried(
                    lambda answer=answer, token=token: answer_by_link(
                        choice_token(link), answer, submission=token, now=self.now
                    )
                )

    @rule()
    def close(self) -> None:
        case = Disruption.objects.filter(status="confirmed").first()
        if case:
            self.tried(lambda: close_case(case.pk, now=self.now))

    @rule(hours=st.sampled_from([1, 5, 30]))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    def token(self) -> str:
        self.posts += 1
        return f"post {self.posts}"

    def tried(self, act: Callable[[], object]) -> object:
        try:
            result = act()
        except RuleBroken:
            return None
        self.has_changed = True
        return result

    @invariant()
    def everything_is_true(self) -> None:
        if self.has_changed and (LOOKS_AT_EACH_STEP or self.is_over):
            assert wrong(now=self.now) == []
            self._no_cent_is_lost()
            self._each_ticket_is_seated_waiting_or_refunded()
            self._times_never_decrease()
            self.has_changed = False

    def _no_cent_is_lost(self) -> None:
        """What was paid is what is sold now, or goes back, besides interest: a case never takes a fee."""
        paid = sum((payment.amount for payment in Payment.objects.all()), Decimal(0))
        refunds = Refund.objects.exclude(cause__startswith="interest:")
        back = sum((refund.amount for refund in refunds), Decimal(0))
        sold = sum((order.total for order in Order.objects.all()), Decimal(0))
        assert paid == sold + back
        assert LedgerEntry.objects.balance(Account.FEE) == 0

    def _each_ticket_is_seated_waiting_or_refunded(self) -> None:
        for ticket in Ticket.objects.select_related("booking", "schedule"):
            if ticket.status == "cancelled":
                assert ticket.booking.status == Booking.Status.CANCELLED
            elif ticket.place == "waiting":
                assert ticket.seat_id is None
            else:
                assert ticket.seat_id
                assert ticket.schedule.status != Schedule.Status.CANCELLED

    def _times_never_decrease(self) -> None:
        for schedule in Schedule.objects.all():
            moments = [
                moment
                for call in call_times(schedule, route_calls(schedule.route_id))
                for moment in (call.expected_arrival, call.expected_departure)
            ]
            assert moments == sorted(moments)


@pytest.mark.database
@pytest.mark.django_db
@override_settings(DISRUPTION_APPROVAL_OVER=Decimal(2000), DISRUPTION_APPROVAL_PEOPLE_OVER=4)
def test_any_sequence_of_cases_loses_nobody_and_no_cent() -> None:
    examples, steps = many(3 if connection.vendor == "postgresql" else 6, 60), many(20, 40)
    run_state_machine_as_test(
        Cases,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    figure("any sequence of cases", sequences=examples, steps_each=steps, violations=0)
