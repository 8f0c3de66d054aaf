from datetime import timedelta
from decimal import Decimal

import pytest

from bookings.base.errors import Conflict, Refusal
from bookings.domain.counter.exchange import Till, cancel_at_till
from bookings.domain.counter.shifts import expected
from bookings.domain.counter.tender import Tender, take_payment
from bookings.domain.counter.void import VoidRequest, void_quote, void_sale
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.approvals import Approval, NeedsApproval
from bookings.domain.sales.cancellations import CancellationRequest
from bookings.domain.sales.waivers import Waiver
from bookings.models import Booking, BookingEvent, BookingStep, Refund, SeatClaim, Shift, Ticket, User
from bookings.tests.domain.sales.buy import ordered
from bookings.tests.make import NOW, make_schedule, make_shift, make_user

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=59)


@pytest.fixture
def shift() -> Shift:
    return make_shift(make_user())


@pytest.fixture
def booking(shift: Shift) -> Booking:
    """Two seats for R900, paid in cash."""
    order = ordered(make_schedule())
    take_payment(order, Tender("cash", Decimal(1000)), shift=shift, submission="pay", content="", now=NOW)
    return order.bookings.get()


def request(booking: Booking, reason: str) -> VoidRequest:
    return VoidRequest(booking.booking_reference, reason, make_user(role=User.Role.SUPERVISOR))


@pytest.mark.database
def test_a_void_gives_all_money_back_by_the_same_tender(booking: Booking, shift: Shift) -> None:
    assert void_quote(booking.booking_reference, shift, now=SOON).amount == Decimal(900)

    order = void_sale(request(booking, "wrong day"), shift=shift, submission="form", content="", now=SOON)

    assert order.status == "cancelled"
    refund = Refund.objects.get()
    assert (refund.amount, refund.status, refund.method, refund.shift) == (
        Decimal(900),
        "paid",
        "cash",
        shift,
    )
    assert expected(shift)["cash"] == Decimal(500)
    assert not SeatClaim.objects.exists()
    assert booking.events.filter(ticket=None).order_by("-pk")[0].reason == "void: wrong day"
    assert violations(now=SOON) == []


@pytest.mark.database
def test_a_void_happens_once(booking: Booking, shift: Shift) -> None:
    for _time in range(2):
        void_sale(request(booking, "x"), shift=shift, submission="form", content="", now=SOON)

    with pytest.raises(Conflict):
        void_sale(request(booking, "x"), shift=shift, submission="other", content="", now=SOON)
    assert Refund.objects.count() == 1


def test_another_clerk_is_shown_the_way_to_go(booking: Booking) -> None:
    other = make_shift(make_user())

    with pytest.raises(Conflict, match="Cancel and refund"):
        void_sale(request(booking, "x"), shift=other, submission="form", content="", now=SOON)


@pytest.mark.parametrize("late", [timedelta(minutes=60), timedelta(days=4)])
def test_after_the_hour_it_is_no_void_any_more(booking: Booking, shift: Shift, late: timedelta) -> None:
    assert "60 minutes" in void_quote(booking.booking_reference, shift, now=NOW + late).obstacle


def test_who_has_boarded_is_not_voided(booking: Booking, shift: Shift) -> None:
    Ticket.objects.filter(booking=booking).update(status="boarded")

    assert "boarded" in void_quote(booking.booking_reference, shift, now=SOON).obstacle


def test_who_was_boarded_by_mistake_is_not_voided_either(booking: Booking, shift: Shift) -> None:
    ticket = booking.tickets.all()[0]
    for before, after in (("valid", "boarded"), ("boarded", "valid")):
        BookingEvent.objects.record(BookingStep(booking, before, after, ticket=ticket, at=NOW))

    assert "boarded" in void_quote(booking.booking_reference, shift, now=SOON).obstacle


def test_a_void_over_the_limit_needs_a_second_person_and_any_void_a_reason(
    booking: Booking, shift: Shift
) -> None:
    alone = VoidRequest(booking.booking_reference, "wrong day")

    with pytest.raises(NeedsApproval, match="over R500"):
        void_sale(alone, shift=shift, submission="form", content="", now=SOON)
    with pytest.raises(Refusal, match="why"):
        void_sale(request(booking, " "), shift=shift, submission="form", content="", now=SOON)
    own = VoidRequest(booking.booking_reference, "x", shift.clerk)
    with pytest.raises(Refusal, match="other than yourself"):
        void_sale(own, shift=shift, submission="form", content="", now=SOON)

    assert not Refund.objects.exists()


@pytest.mark.database
def test_a_cancellation_at_the_till_pays_the_refund_out_with_it(booking: Booking, shift: Shift) -> None:
    tickets = list(booking.tickets.values_list("pk", flat=True))
    later = NOW + timedelta(hours=25)

    cancel_at_till(
        CancellationRequest(booking.booking_reference, ticket_ids=tickets, quoted=Decimal(450), reason="ill"),
        till=Till(shift.clerk, Tender("cash")),
        submission="form",
        content="",
        now=later,
    )

    assert Refund.objects.get().status == "paid"
    assert expected(shift)["cash"] == Decimal(950)
    assert violations(now=later) == []


def test_a_waived_fee_gives_everything_back_and_names_the_approver(booking: Booking, shift: Shift) -> None:
    boss, later = make_user(role=User.Role.SUPERVISOR), NOW + timedelta(hours=25)

    cancel_at_till(
        CancellationRequest(
            booking.booking_reference,
            ticket_ids=list(booking.tickets.values_list("pk", flat=True)),
            quoted=Decimal(900),
            reason="",
            waiver=Waiver("death", boss),
        ),
        till=Till(shift.clerk, Tender("cash", approval=Approval(boss, "death"))),
        submission="form",
        content="",
        now=later,
    )

    assert Refund.objects.get().amount == Decimal(900)
    assert booking.events.filter(ticket=None).order_by("-pk")[0].approver == boss
    assert violations(now=later) == []
