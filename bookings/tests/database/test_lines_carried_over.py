"""A filled database of before order lines keeps every sum."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db.migrations.loader import MigrationLoader

from bookings.database.reference_triggers import create_reference_triggers
from bookings.database.triggers import create_triggers
from bookings.domain.counter.exchange import Till, exchange_at_till
from bookings.domain.counter.tender import Tender
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.earning import earn_old_fares
from bookings.domain.sales.exchange_quotes import TripChange
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.ledger import sold, sold_by_account
from bookings.domain.sales.notifications import act_on_notification
from bookings.domain.sales.ticket_changes import SeatChange, change_seat
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import Account, Booking, LedgerEntry, Order, OrderLine, OutboxMessage, Ticket
from bookings.tests.database.test_carried_over import migrate, newest  # noqa: F401  a fixture
from bookings.tests.domain.sales.buy import ordered, paid_notification
from bookings.tests.make import NOW, make_layout, make_schedule, make_shift, make_user

_MIGRATIONS = MigrationLoader(None).graph.nodes
BEFORE = next(
    node.dependencies for (_app, name), node in _MIGRATIONS.items() if name.endswith("_order_lines")
)
NEXT_DAY = NOW + timedelta(hours=25)  # 47 hours before departure: half of the fare is kept
pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def filled() -> Iterator[None]:
    """Orders of all kinds: departed, run out, cancelled in part for a fee, exchanged for one, with a seat of
    a dearer class, to be paid.
    """
    schedule = make_schedule(layout=make_layout(seats=12, premium=2))
    later = make_schedule(route=schedule.route, departs=NOW + timedelta(days=4), price=800)
    till = Till(make_user(), Tender("cash"))
    make_shift(till.clerk)
    with time_machine.travel(NOW, tick=False):
        paid(ordered(make_schedule(route=schedule.route, departs=NOW + timedelta(hours=2)), owner="zola"))
        cancelled = paid(ordered(schedule, "2A", "2B"))
        exchanged = paid(ordered(schedule, "2C", "2D"))
        raised = paid(ordered(schedule, "3A", "3B"))
        ordered(schedule, "3C", "3D", owner="ben")
    with time_machine.travel(NEXT_DAY, tick=False):
        expire_unpaid(now=NEXT_DAY)
        ordered(later, "2A", owner="zola", now=NEXT_DAY)
        form = {"submission": "form", "content": "", "now": NEXT_DAY}
        child = cancelled.tickets.get(first_name="Sipho").pk
        cancel_booking(CancellationRequest(cancelled.booking_reference, [child]), **form)
        segment = SegmentRef(later.pk, "johannesburg", "cape-town")
        exchange_at_till(TripChange(exchanged.booking_reference, segment), till=till, **form)
        adult = raised.tickets.get(first_name="Ann").pk
        change_seat(SeatChange(adult, "1A"), settle=till.settle("dearer", NEXT_DAY), **form)
        earn_old_fares(now=NEXT_DAY)
        OutboxMessage.objects.update(sent_at=NEXT_DAY)
        assert violations(now=NEXT_DAY) == []
        yield


def paid(order: Order) -> Booking:
    act_on_notification(paid_notification(order).pk, now=NOW)
    return order.bookings.get()


def sums() -> dict[str, tuple[Decimal, ...]]:
    """What each booking is sold for, of that not yet earned, its fees, and the total of its order."""
    return {
        booking.booking_reference: (
            sold(booking),
            sold_by_account(booking)[Account.UNEARNED_FARES],
            -LedgerEntry.objects.balance(Account.FEE, booking=booking),
            booking.order.total,
        )
        for booking in Booking.objects.select_related("order").order_by("pk")
    }


def net_lines() -> dict[tuple[int | None, str], Decimal]:
    """By ticket; fees of before are known by booking alone."""
    net: dict[tuple[int | None, str], Decimal] = {}
    for line in OrderLine.objects.all():
        is_fee = line.kind.endswith("_fee")
        key = (line.booking_id if is_fee else line.ticket_id, "fee" if is_fee else "fare")
        net[key] = net.get(key, Decimal(0)) + line.amount
    return {key: amount for key, amount in net.items() if amount}


@pytest.mark.usefixtures("filled")
def test_what_does_not_reconcile_is_named_and_else_every_sum_is_kept(newest: list[tuple[str, str]]) -> None:  # noqa: F811
    """On one way back and forth, as it takes long."""
    before, lines = sums(), net_lines()
    assert {sold for sold, *_rest in before.values()} >= {Decimal(0), Decimal(600), Decimal(1200)}

    migrate(BEFORE)
    tickets = Ticket.objects.filter(booking__status="confirmed", status="valid").order_by("pk")
    # The columns of then alone
    ticket, fare, reference = tickets.values_list("pk", "fare", "booking__booking_reference")[0]
    Ticket.objects.filter(pk=ticket).update(fare=fare + 1)
    with pytest.raises(ValueError, match=reference):
        migrate(newest)
    Ticket.objects.filter(pk=ticket).update(fare=fare)
    migrate(newest)
    create_triggers()
    create_reference_triggers()

    assert sums() == before
    assert net_lines() == lines
    assert violations(now=NEXT_DAY) == []
