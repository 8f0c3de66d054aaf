"""What a supervisor hears of, and what one clerk alone cannot do (issue 10, first paragraph)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.base.errors import Conflict, Refusal
from bookings.domain.counter.exchange import Till, cancel_at_till
from bookings.domain.counter.shifts import BlindCount, CashMovement, close_shift, expected, move_cash
from bookings.domain.counter.tender import Tender, pay_out_refund, take_payment
from bookings.domain.counter.void import VoidRequest, void_sale
from bookings.domain.integrity.invariants import violations
from bookings.domain.operations.tasks import finish_task
from bookings.domain.reconciliation.files import read_file
from bookings.domain.reconciliation.uploads import keep_file
from bookings.domain.sales.alarms import report_refusal
from bookings.domain.sales.approvals import Approval, NeedsApproval
from bookings.domain.sales.cancellations import CancellationRequest
from bookings.models import (
    Booking,
    BookingEvent,
    BookingStep,
    Refund,
    Shift,
    StaffEvent,
    StaffTask,
    Ticket,
    User,
)
from bookings.office.policy import may
from bookings.tests.domain.sales.buy import ordered
from bookings.tests.make import NOW, make_approval, make_booking, make_schedule, make_shift, make_user

pytestmark = pytest.mark.django_db
FORM: Any = {"content": "", "now": NOW}


@pytest.fixture
def shift() -> Shift:
    return make_shift(make_user(first_name="Nomsa", last_name="Dlamini"), opening_float=5000)


def sold(shift: Shift, tender: Tender, fare: int = 600) -> Booking:
    booking = make_booking(status="pending", fare=fare, schedule=make_schedule())
    take_payment(booking.order, tender, shift=shift, submission=f"sale {booking.pk}", **FORM)
    booking.refresh_from_db()
    return booking


def cancel(booking: Booking, shift: Shift, tender: Tender | None = None) -> Booking:
    return cancel_at_till(
        CancellationRequest(booking.booking_reference, reason="ill"),
        till=Till(shift.clerk, tender),
        submission=f"cancel {booking.pk} {tender}"[:80],
        **FORM,
    )


def alarms() -> list[tuple[str, str]]:
    return [(task.kind, task.detail.replace("\u00a0", " ")) for task in StaffTask.objects.order_by("pk")]


@pytest.mark.database
def test_the_sixth_cancellation_of_a_day_is_one_task_and_the_seventh_none(shift: Shift) -> None:
    for number in range(7):
        cancel(sold(shift, Tender("cash"), fare=100), shift)
        assert len(alarms()) == int(number >= 5)
        if number == 5:
            StaffTask.objects.update(done_at=NOW)

    assert alarms() == [("many_cancellations", "Nomsa Dlamini: 6 bookings cancelled on 2026-12-01")]


def test_money_that_goes_back_another_way_is_told_with_who_signed(shift: Shift) -> None:
    booking = sold(shift, Tender("card", reference="S1"), fare=300)
    boss = make_user(role=User.Role.SUPERVISOR, first_name="Pieter", last_name="Visagie")

    cancel(booking, shift, Tender("cash", approval=Approval(boss, "card lost")))

    assert alarms() == [
        ("other_tender", "Nomsa Dlamini: R300 went back by cash, approved by Pieter Visagie (card lost)")
    ]


def test_what_was_refused_is_told_until_somebody_signs_for_it(shift: Shift) -> None:
    booking = sold(shift, Tender("cash"))

    for _again in range(2):
        with pytest.raises(NeedsApproval) as refused:
            cancel(booking, shift, Tender("cash"))
        report_refusal(refused.value, now=NOW)
    assert [kind for kind, _detail in alarms()] == ["limit_refused"]

    approval = make_approval()
    cancel(booking, shift, Tender("cash", approval=approval))
    assert StaffTask.objects.get().done_by == approval.approver
    assert violations(now=NOW) == []


def test_a_refused_pay_out_of_the_till_and_a_void_are_told(shift: Shift) -> None:
    booking = sold(shift, Tender("cash"))
    for verb in (
        lambda: move_cash(shift, CashMovement(Decimal(-300), "Taxi"), submission="m", **FORM),
        lambda: void_sale(VoidRequest(booking.booking_reference, "x"), shift=shift, submission="v", **FORM),
    ):
        with pytest.raises(NeedsApproval) as refused:
            verb()
        report_refusal(refused.value, now=NOW)

    assert [detail.split(": ")[1] for _kind, detail in alarms()] == ["R300, Taxi", "R600"]


def test_a_void_after_boarding_is_told_and_its_clerk_cannot_close_the_task(shift: Shift) -> None:
    User.objects.filter(pk=shift.clerk.pk).update(role=User.Role.SUPERVISOR)
    shift.clerk.refresh_from_db()
    booking = sold(shift, Tender("cash"))
    ticket = booking.tickets.get()
    BookingEvent.objects.record(BookingStep(booking, "valid", "boarded", at=NOW, ticket=ticket))

    with pytest.raises(Conflict) as refused:
        void_sale(VoidRequest(booking.booking_reference, "x"), shift=shift, submission="v", **FORM)
    report_refusal(refused.value, now=NOW)

    task = StaffTask.objects.get()
    assert task.kind == "void_after_boarding"
    form: Any = {"note": "seen", "submission": "t", **FORM}
    with pytest.raises(Refusal, match="Somebody else"):
        finish_task(task.pk, user=shift.clerk, **form)
    finish_task(task.pk, user=make_user(role=User.Role.SUPERVISOR), **form)


@pytest.mark.database
def test_pieces_of_a_sum_over_the_limit_need_the_second_person_too(shift: Shift, settings: Any) -> None:
    """One passenger after the other, and one pay-out after the other, whatever till it is."""
    order = ordered(make_schedule())
    take_payment(order, Tender("cash"), shift=shift, submission="sale", **FORM)
    first, second = Ticket.objects.filter(booking__order=order).order_by("pk")
    settings.CASH_REFUND_APPROVAL_OVER = first.fare + second.fare - 1
    reference = order.bookings.get().booking_reference

    def cancel_one(ticket: Ticket, approval: Approval | None = None) -> None:
        request = CancellationRequest(reference, [ticket.pk], reason="ill")
        till = Till(shift.clerk, Tender("cash", approval=approval))
        cancel_at_till(request, till=till, submission=f"{ticket.pk}"[:80], **FORM)

    cancel_one(first)
    with pytest.raises(NeedsApproval, match="of one sale"):
        cancel_one(second)
    cancel_one(second, make_approval())

    for number, amount in enumerate((-150, -50)):
        move_cash(shift, CashMovement(Decimal(amount), "Taxi"), submission=f"m{number}", **FORM)
    move_cash(shift, CashMovement(Decimal(300), "change"), submission="in", **FORM)
    close_shift(shift, BlindCount(expected(shift)), submission="close", **FORM)
    later = make_shift(shift.clerk)
    with pytest.raises(NeedsApproval, match="a day"):
        move_cash(later, CashMovement(Decimal(-10), "Taxi"), submission="m2", **FORM)
    move_cash(make_shift(make_user()), CashMovement(Decimal(-10), "Taxi"), submission="m3", **FORM)
    tomorrow = {"content": "", "now": NOW + timedelta(days=1)}
    move_cash(later, CashMovement(Decimal(-10), "Taxi"), submission="m4", **tomorrow)
    assert violations(now=NOW) == []


def test_cash_of_one_clerk_and_day_counts_together_over_sales_voids_and_shifts(shift: Shift) -> None:
    for _number in range(2):
        cancel(sold(shift, Tender("cash"), fare=500), shift, Tender("cash"))
    for number in range(2):
        request = VoidRequest(sold(shift, Tender("cash"), fare=500).booking_reference, "x")
        void_sale(request, shift=shift, submission=f"v{number}", **FORM)

    more = sold(shift, Tender("cash"), fare=400)
    with pytest.raises(NeedsApproval, match="in cash today") as refused:
        cancel(more, shift, Tender("cash"))
    report_refusal(refused.value, now=NOW)
    with pytest.raises(NeedsApproval, match="in cash today"):
        void_sale(VoidRequest(more.booking_reference, "x"), shift=shift, submission="v", **FORM)
    close_shift(shift, BlindCount(expected(shift)), submission="close", **FORM)
    later = make_shift(shift.clerk, opened_at=NOW + timedelta(hours=2))
    again = sold(later, Tender("cash"), fare=400)
    with pytest.raises(NeedsApproval, match="in cash today"):
        cancel(again, later, Tender("cash"))

    assert [kind for kind, _detail in alarms()] == ["limit_refused"]
    cancel(again, later, Tender("cash", approval=make_approval()))
    tomorrow = make_shift(make_user(), opened_at=NOW + timedelta(hours=2))
    cancel(sold(tomorrow, Tender("cash"), fare=400), tomorrow, Tender("cash"))
    assert violations(now=NOW) == []


def test_voids_count_as_cancellations(shift: Shift) -> None:
    for number in range(6):
        booking = sold(shift, Tender("cash"), fare=100)
        request = VoidRequest(booking.booking_reference, "x")
        void_sale(request, shift=shift, submission=f"v{number}", **FORM)

    assert [kind for kind, _detail in alarms()] == ["many_cancellations"]


def test_of_two_persons_neither_has_made_the_other(shift: Shift) -> None:
    """A manager who makes an account, knows its password, acts by it and signs as themselves."""
    booking, boss = sold(shift, Tender("cash")), make_user(role=User.Role.MANAGER)
    StaffEvent.objects.record(shift.clerk, "new initial password", actor=boss, at=NOW - timedelta(days=6))

    with pytest.raises(Refusal, match="made or reset your account"):
        cancel(booking, shift, Tender("cash", approval=Approval(boss, "ill")))
    StaffEvent.objects.record(boss, "new recovery codes", actor=boss, at=NOW)
    with pytest.raises(Refusal, match="made or reset your account"):
        void_sale(VoidRequest(booking.booking_reference, "x", boss), shift=shift, submission="v", **FORM)

    cancel(booking, shift, Tender("cash", approval=make_approval()))


def test_a_clerk_alone_cannot_turn_an_invented_slip_into_cash(shift: Shift) -> None:
    """Sells on a slip that no terminal printed, then wants the money out of the drawer.

    What remains possible: the sale itself. A typed slip and a typed total of the slips prove nothing: the
    terminal's settlement does not have it, which is a task two days later. Nobody but a manager uploads that.
    """
    booking = sold(shift, Tender("card", reference="INVENTED"))
    clerk, drawer = shift.clerk, expected(shift)["cash"]
    (own_account,) = [make_user(role=User.Role.SUPERVISOR)]
    StaffTask.objects.all().delete()

    with pytest.raises(NeedsApproval, match="paid another way"):  # cancel and take cash
        cancel(booking, shift, Tender("cash"))
    with pytest.raises(Refusal, match="other than yourself"):  # signed by oneself
        cancel(booking, shift, Tender("cash", approval=Approval(clerk, "ill")))
    with pytest.raises(Refusal, match="Enter the reason"):  # signed without a reason
        cancel(booking, shift, Tender("cash", approval=Approval(own_account, " ")))

    cancel(booking, shift)  # leave it owed, and pay it out afterwards
    (refund,) = Refund.objects.all()
    with pytest.raises(NeedsApproval, match="paid another way"):
        pay_out_refund(refund.pk, Tender("cash"), shift=shift, submission="p", **FORM)
    with pytest.raises(NeedsApproval):  # out of the drawer as petty cash
        move_cash(shift, CashMovement(Decimal(-600), "refund"), submission="m", **FORM)

    assert expected(shift)["cash"] == drawer
    missing = {"cash": drawer - 600, "card": Decimal(600), "eft": Decimal(0)}
    outcome = close_shift(shift, BlindCount(missing), submission="c", **FORM)  # just taken: it is missed
    assert (outcome.is_closed, outcome.difference) == (False, Decimal(-600))
    with pytest.raises(Refusal, match="other than yourself"):
        close_shift(shift, BlindCount(missing, reason="x", approver=clerk), submission="d", **FORM)
    assert refund.status == "owed"
    assert violations(now=NOW + timedelta(minutes=1)) == []

    honest = {"cash": drawer, "card": Decimal(600), "eft": Decimal(0)}  # the money left where it was
    close_shift(shift, BlindCount(honest, reason="x", approver=own_account), submission="e", **FORM)
    assert not may(clerk.role, "statement_upload", "POST")
    settlement = read_file("card", "Date,Reference,Amount\n2026-12-01,T9 1,250.00\n", now=NOW)
    manager = make_user(role=User.Role.MANAGER)
    keep_file("card", settlement, make_approval(), by=manager, now=NOW + timedelta(days=3))
    told = StaffTask.objects.get(kind="statement_difference", order=booking.order)
    assert "R600 of" in told.detail.replace("\u00a0", " ")
    User.objects.filter(pk=clerk.pk).update(role=User.Role.MANAGER)  # who could see the task, and sells
    clerk.refresh_from_db()
    with pytest.raises(Refusal, match="slips of your own till"):
        finish_task(told.pk, user=clerk, note="found", submission="t", **FORM)
