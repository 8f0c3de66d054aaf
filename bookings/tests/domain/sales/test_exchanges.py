from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.base.errors import AlreadySubmitted, Conflict, RuleBroken, SalesClosed, SeatTaken
from bookings.domain.counter.exchange import Till, exchange_at_till
from bookings.domain.counter.tender import Tender
from bookings.domain.integrity.invariants import violations
from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.exchange_quotes import TripChange, quote_exchange
from bookings.domain.sales.exchanges import exchange
from bookings.domain.sales.notifications import act_on_notification
from bookings.domain.sales.text_messages import passengers_with_contact
from bookings.domain.sales.ticket_changes import NameChange, SeatChange, change_name, change_seat, quote_seat
from bookings.domain.sales.waivers import Waiver
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.models import (
    Account,
    Booking,
    LedgerEntry,
    OutboxMessage,
    Refund,
    Schedule,
    SeatClaim,
    StaffTask,
    Ticket,
    User,
)
from bookings.tests.domain.messaging.texts.text_facts import give_contact
from bookings.tests.domain.sales.buy import ordered, paid_notification
from bookings.tests.make import NOW, make_layout, make_schedule, make_shift, make_user

pytestmark = pytest.mark.django_db
NEXT_DAY = NOW + timedelta(hours=25)  # 47 hours before departure: half of the fare is the fee


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule()


@pytest.fixture
def later(schedule: Schedule) -> Schedule:
    """The same road a day later, for R800 instead of R600."""
    return make_schedule(route=schedule.route, departs=NOW + timedelta(days=4), price=800)


@pytest.fixture
def booking(schedule: Schedule) -> Booking:
    """Two seats (an adult and a child) for R900, paid through the demo gateway."""
    order = ordered(schedule)
    act_on_notification(paid_notification(order).pk, now=NOW)
    return order.bookings.get()


def segment_of(schedule: Schedule, start: str = "johannesburg", end: str = "cape-town") -> Segment:
    return get_segment(SegmentRef(schedule.pk, start, end))


def clerk_with_shift() -> User:
    clerk = make_user()
    make_shift(clerk)
    return clerk


def move(
    booking: Booking, to: Schedule, *, till: Till, labels: tuple[str, ...] = (), **options: Any
) -> Booking:
    valid = booking.tickets.filter(status="valid").values_list("pk", flat=True)
    form = {"submission": "form", "content": "", "now": NEXT_DAY}
    form |= {name: options.pop(name) for name in form if name in options}
    options = {"ticket_ids": list(valid)} | options
    segment = SegmentRef(to.pk, "johannesburg", "cape-town")
    request = TripChange(booking.booking_reference, segment, labels=labels, **options)
    return exchange_at_till(request, till=till, **form)


def test_the_quote_names_old_value_fee_new_fare_and_balance(booking: Booking, later: Schedule) -> None:
    quote = quote_exchange(booking.booking_reference, segment_of(later), now=NEXT_DAY)

    difference = quote.difference
    assert (difference.old, difference.fee, difference.new) == (Decimal(900), Decimal(450), Decimal(1200))
    assert difference.balance == Decimal(750)
    assert quote.is_all


@pytest.mark.database
def test_an_exchange_keeps_the_reference_and_replaces_the_tickets(
    booking: Booking, schedule: Schedule, later: Schedule
) -> None:
    codes = set(booking.tickets.values_list("code", flat=True))

    moved = move(
        booking,
        later,
        till=Till(clerk_with_shift(), Tender("cash")),
        labels=("2A", "2B"),
        quoted=Decimal(750),
    )

    assert (moved.pk, moved.booking_reference, moved.status) == (
        booking.pk,
        booking.booking_reference,
        "confirmed",
    )
    assert moved.schedule == later
    assert moved.boards_at == later.departure_time
    assert set(moved.tickets.filter(status="replaced").values_list("code", flat=True)) == codes
    fresh = moved.tickets.filter(status="valid").order_by("pk")
    assert [(ticket.full_name, ticket.seat.label, ticket.fare) for ticket in fresh] == [
        ("Ann Mokoena", "2A", Decimal(800)),
        ("Sipho Mokoena", "2B", Decimal(400)),
    ]
    assert not codes & set(fresh.values_list("code", flat=True))
    assert not SeatClaim.objects.filter(schedule=schedule).exists()
    assert SeatClaim.objects.filter(schedule=later, kind="sold").count() == 4
    assert LedgerEntry.objects.balance(Account.CASH, order=moved.order) == Decimal(750)
    assert -LedgerEntry.objects.balance(Account.FEE) == Decimal(450)
    assert not StaffTask.objects.exists()
    assert OutboxMessage.objects.filter(kind="confirmation").count() == 2
    schedule.refresh_from_db()
    assert schedule.available_seats == 8
    assert violations(now=NEXT_DAY) == []


def test_the_history_says_who_moved_whom_where(booking: Booking, later: Schedule) -> None:
    clerk = clerk_with_shift()

    move(booking, later, till=Till(clerk, Tender("card", reference="S1")))

    event = booking.events.filter(ticket=None).order_by("-pk")[0]
    assert (event.actor, event.from_status, event.to_status) == (clerk, "confirmed", "confirmed")
    assert "Fri 4 Dec 2026, 10:00 → " in event.reason
    steps = booking.events.exclude(ticket=None).values_list("from_status", "to_status")
    assert sorted(steps) == [("", "valid"), ("", "valid"), ("valid", "replaced"), ("valid", "replaced")]


@pytest.mark.database
def test_a_cheaper_ride_owes_the_rest_back_the_way_it_was_paid(booking: Booking, schedule: Schedule) -> None:
    cheap = make_schedule(route=schedule.route, departs=NOW + timedelta(days=5), price=200)

    move(booking, cheap, till=Till(clerk_with_shift(), Tender("cash")), quoted=Decimal(-150))

    refund = Refund.objects.get()
    assert (refund.amount, refund.status) == (Decimal(150), "owed")  # the queue sends it: it was paid online
    mail = build_mail(OutboxMessage.objects.filter(kind="confirmation").latest("pk"), now=NOW)
    told = "R150 is on its way to the card or account that it was paid from. It arrives by"
    assert told in mail.body
    assert told in mail.alternatives[0].content
    assert violations(now=NEXT_DAY) == []


@pytest.mark.database
def test_some_of_the_party_move_alone_in_a_booking_of_their_own(booking: Booking, later: Schedule) -> None:
    child = booking.tickets.get(first_name="Sipho")

    moved = move(booking, later, till=Till(clerk_with_shift(), Tender("cash")), ticket_ids=[child.pk])

    assert moved.pk != booking.pk
    assert moved.order == booking.order
    booking.refresh_from_db()
    assert booking.schedule != moved.schedule
    assert [ticket.first_name for ticket in booking.tickets.all()] == ["Ann"]
    assert violations(now=NEXT_DAY) == []


def test_the_contacts_of_passengers_move_with_them(booking: Booking, later: Schedule) -> None:
    give_contact(booking, passenger=1, phone="+27831234567")

    move(booking, later, till=Till(clerk_with_shift(), Tender("cash")))

    valid = booking.tickets.filter(status="valid").order_by("pk")
    assert list(passengers_with_contact(valid.values_list("pk", flat=True))) == [valid[1].pk]


def test_within_the_grace_a_move_costs_no_fee(booking: Booking, later: Schedule) -> None:
    quote = quote_exchange(booking.booking_reference, segment_of(later), now=NOW + timedelta(minutes=30))

    assert quote.difference.fee == 0
    assert quote.difference.balance == Decimal(300)


def test_a_supervisor_waives_the_fee_and_is_named(booking: Booking, later: Schedule) -> None:
    boss = make_user(role=User.Role.SUPERVISOR)

    move(
        booking,
        later,
        till=Till(clerk_with_shift(), Tender("cash")),
        quoted=Decimal(300),
        waiver=Waiver("operator", boss, "coach broke down"),
    )

    event = booking.events.filter(ticket=None).order_by("-pk")[0]
    assert event.approver == boss
    assert event.reason.endswith("fee waived: operator, coach broke down")
    assert not LedgerEntry.objects.filter(account=Account.FEE).exists()
    assert violations(now=NEXT_DAY) == []


def test_a_clerk_waives_no_fee_neither_their_own_nor_a_colleagues(booking: Booking, later: Schedule) -> None:
    clerk = clerk_with_shift()

    for approver in (clerk, make_user()):
        with pytest.raises(RuleBroken, match="supervisor"):
            move(booking, later, till=Till(clerk, Tender("cash")), waiver=Waiver("goodwill", approver))


@pytest.mark.database
def test_a_second_exchange_of_the_same_tickets_is_told_that_somebody_was_first(
    booking: Booking, later: Schedule
) -> None:
    till = Till(clerk_with_shift(), Tender("cash"))
    tickets = list(booking.tickets.values_list("pk", flat=True))
    move(booking, later, till=till)

    with pytest.raises(Conflict, match="Somebody else"):
        move(
            booking,
            make_schedule(route=later.route, departs=NOW + timedelta(days=6)),
            till=till,
            ticket_ids=tickets,
            submission="other",
        )


@pytest.mark.database
def test_the_same_form_twice_moves_once_and_with_other_content_not_at_all(
    booking: Booking, later: Schedule
) -> None:
    till, tickets = (
        Till(clerk_with_shift(), Tender("cash")),
        list(booking.tickets.values_list("pk", flat=True)),
    )

    first = move(booking, later, till=till, ticket_ids=tickets)
    again = move(booking, later, till=till, ticket_ids=tickets)

    assert first == again
    assert Ticket.objects.filter(status="valid").count() == 2
    with pytest.raises(AlreadySubmitted):
        move(booking, later, till=till, ticket_ids=tickets, content="other")


@pytest.mark.parametrize("tender", ["", "cash"])
def test_nothing_moves_without_the_balance(booking: Booking, later: Schedule, tender: str) -> None:
    with pytest.raises(RuleBroken):
        move(booking, later, till=Till(clerk_with_shift(), Tender(tender, Decimal(1))))

    booking.refresh_from_db()
    assert booking.schedule != later
    assert violations(now=NEXT_DAY) == []


@pytest.mark.database
def test_a_changed_price_a_taken_seat_and_a_closed_departure_are_told(
    booking: Booking, later: Schedule
) -> None:
    ordered(later, "1A", owner="other", now=NEXT_DAY)
    till = Till(clerk_with_shift(), Tender("cash"))

    with pytest.raises(Conflict, match="price has changed"):
        move(booking, later, till=till, quoted=Decimal(1))
    with pytest.raises(SeatTaken):
        move(booking, later, till=till, labels=("1A", "1B"))
    Schedule.objects.filter(pk=later.pk).update(status="closed")
    with pytest.raises(SalesClosed):
        move(booking, later, till=till)


@pytest.mark.database
def test_other_stops_of_the_same_coach_are_an_exchange_too(booking: Booking, schedule: Schedule) -> None:
    part = segment_of(schedule, "bloemfontein", "cape-town")

    exchange(
        TripChange(booking.booking_reference, part.ref, labels=["1A", "1B"]),
        submission="form",
        content="",
        now=NOW + timedelta(minutes=5),
    )

    booking.refresh_from_db()
    assert booking.from_stop.stop.city.slug == "bloemfontein"
    assert SeatClaim.objects.count() == 2
    assert Refund.objects.get().amount == Decimal(450)  # half of the road, within the grace
    assert violations(now=NOW) == []


def test_an_unpaid_or_cancelled_booking_is_not_moved(schedule: Schedule, later: Schedule) -> None:
    unpaid = ordered(schedule).bookings.get()

    with pytest.raises(Conflict, match="not paid"):
        quote_exchange(unpaid.booking_reference, segment_of(later), now=NOW)


def test_an_exchanged_booking_can_be_cancelled_for_its_new_fare(booking: Booking, later: Schedule) -> None:
    move(booking, later, till=Till(clerk_with_shift(), Tender("cash")))

    cancel_booking(
        CancellationRequest(booking.booking_reference), submission="cancel", content="", now=NEXT_DAY
    )

    # 25 % of R1 200 is kept, 71 hours before departure; the newer payment goes back first
    assert list(Refund.objects.order_by("pk").values_list("payment__method", "amount")) == [
        ("cash", Decimal(750)),
        ("demo", Decimal(150)),
    ]
    assert violations(now=NEXT_DAY) == []


def test_another_seat_of_the_class_costs_nothing_and_keeps_the_code(
    booking: Booking, schedule: Schedule
) -> None:
    ticket = booking.tickets.get(first_name="Ann")
    clerk = make_user()

    changed = change_seat(
        SeatChange(ticket.pk, "2C", version=1, quoted=Decimal(0)),
        actor=clerk,
        submission="form",
        content="",
        now=NOW,
    )

    assert (changed.seat.label, changed.code, changed.version) == ("2C", ticket.code, 2)
    assert booking.events.get(ticket=ticket).reason == "seat 1A → 2C"
    assert sorted(SeatClaim.objects.filter(ticket=ticket).values_list("seat__label", "leg")) == [
        ("2C", 0),
        ("2C", 1),
    ]
    assert violations(now=NOW) == []


def test_a_seat_of_a_cancelled_departure_is_not_changed_and_the_reason_is_true(booking: Booking) -> None:
    Schedule.objects.update(status=Schedule.Status.CANCELLED)

    with pytest.raises(Conflict, match="departure is cancelled"):
        quote_seat(booking.tickets.get(first_name="Ann").pk, "2C", now=NOW)


@pytest.mark.database
def test_a_dearer_class_is_quoted_and_paid() -> None:
    schedule = make_schedule(layout=make_layout(seats=8, premium=2))
    order = ordered(schedule, "2A", "2B")
    act_on_notification(paid_notification(order).pk, now=NOW)
    ticket = Ticket.objects.get(first_name="Ann")

    quote = quote_seat(ticket.pk, "1a", now=NOW)

    assert quote.difference.balance == Decimal(210)
    with pytest.raises(RuleBroken, match="has to be paid"):
        change_seat(SeatChange(ticket.pk, "1A"), submission="form", content="", now=NOW)


@pytest.mark.database
def test_a_seat_that_was_changed_meanwhile_or_is_taken_is_refused(booking: Booking) -> None:
    ticket = booking.tickets.get(first_name="Ann")

    with pytest.raises(SeatTaken):
        change_seat(SeatChange(ticket.pk, "1B", version=1), submission="one", content="", now=NOW)
    change_seat(SeatChange(ticket.pk, "2A", version=1), submission="two", content="", now=NOW)
    with pytest.raises(Conflict, match="Somebody else"):
        change_seat(SeatChange(ticket.pk, "2B", version=1), submission="three", content="", now=NOW)


def test_a_new_name_kills_the_old_code(booking: Booking) -> None:
    ticket = booking.tickets.get(first_name="Ann")

    changed = change_name(
        NameChange(ticket.pk, " Anna ", "Nkosi", version=1), submission="form", content="", now=NOW
    )

    assert (changed.full_name, changed.plain_surname, changed.version) == ("Anna Nkosi", "nkosi", 2)
    assert changed.code != ticket.code
    assert changed.spoken_code != ticket.spoken_code
    assert booking.events.get(ticket=ticket).reason == "name Ann Mokoena → Anna Nkosi"
    with pytest.raises(Conflict):
        change_name(NameChange(ticket.pk, "Bea", "Nkosi", version=1), submission="late", content="", now=NOW)
