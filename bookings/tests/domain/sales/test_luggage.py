"""Extra luggage: what it costs, that no coach takes too much of it on any leg, and what becomes of it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bookings.base.errors import Conflict
from bookings.domain.boarding.manifest import manifest
from bookings.domain.counter.exchange import Till, luggage_at_till
from bookings.domain.counter.tender import Tender
from bookings.domain.fares.luggage import LuggageRefused, price_luggage
from bookings.domain.integrity.invariants import violations
from bookings.domain.inventory.luggage import LuggageFull, luggage_load
from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.checkout import CheckoutRequest, place_order, save_draft
from bookings.domain.sales.checkout_page import checkout_view
from bookings.domain.sales.exchange_quotes import TripChange
from bookings.domain.sales.exchanges import exchange
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.luggage import keep_luggage
from bookings.domain.sales.luggage_changes import LuggageChange, quote_luggage
from bookings.domain.sales.notifications import act_on_notification
from bookings.domain.tickets.invoices import Recipient, request_invoice
from bookings.domain.tickets.receipt_text import line_text
from bookings.domain.tickets.receipts import receipt_of
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import (
    Hold,
    InvoiceLine,
    LuggageSpace,
    Order,
    OrderLine,
    OutboxMessage,
    Refund,
    Schedule,
    Ticket,
)
from bookings.tests.domain.disruptions.cancelled_coach import confirmed, two_departures
from bookings.tests.domain.sales.buy import ANN, held, paid_notification
from bookings.tests.make import (
    NOW,
    make_company,
    make_fare_classes,
    make_luggage_rule,
    make_schedule,
    make_shift,
    make_user,
)
from bookings.tests.tampering import no_triggers

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NEXT_HOUR = NOW + timedelta(hours=1)  # the time in which all comes back is over


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule()


def with_luggage(schedule: Schedule, label: str = "1A", pieces: int = 1, *, owner: str = "ann") -> Hold:
    """A held seat whose passenger is to take extra pieces along; they are not kept yet."""
    hold = held(schedule, label, owner=owner)
    return say(hold, pieces)


def say(hold: Hold, *pieces: int) -> Hold:
    people = [ANN | {"luggage": str(number)} for number in pieces]
    save_draft(hold.token, owner=hold.owner, passengers=people, email="ann@example.com", phone="")
    return hold


def place(hold: Hold) -> Order:
    request = CheckoutRequest(hold.token, hold.owner)
    return place_order(request, submission=f"form-{hold.pk}", content="", now=NOW)


def pay(order: Order) -> Order:
    act_on_notification(paid_notification(order).pk, now=NOW)
    OutboxMessage.objects.update(sent_at=NOW)
    return Order.objects.get(pk=order.pk)


def bought(schedule: Schedule, label: str = "1A", pieces: int = 1, *, owner: str = "ann") -> Order:
    return pay(place(with_luggage(schedule, label, pieces, owner=owner)))


def test_the_closest_rule_says_the_price_and_how_many() -> None:
    standard, premium = make_fare_classes()
    here, there = make_schedule().route.line_id, make_schedule().route.line_id
    make_luggage_rule(price=80)
    make_luggage_rule(price=50, fare_class=premium, most=3)
    make_luggage_rule(price=120, line_id=here, tax_code="standard")
    make_luggage_rule(price=1, line_id=here, fare_class=premium, most=0)

    def price(line: int, fare_class: int, pieces: int = 1) -> Decimal:
        return price_luggage(pieces, line_id=line, class_id=fare_class).total

    assert (price(there, standard.pk, 2), price(there, premium.pk, 3)) == (160, 150)
    assert price(here, standard.pk) == 120
    assert price_luggage(1, line_id=here, class_id=standard.pk).tax_code == "standard"
    with pytest.raises(LuggageRefused, match="at most 2"):
        price(there, standard.pk, 3)
    with pytest.raises(LuggageRefused, match="No extra luggage"):
        price(here, premium.pk)


def test_extra_pieces_are_shown_ordered_paid_and_on_every_paper(schedule: Schedule) -> None:
    make_company()
    make_luggage_rule(tax_code="standard")
    hold = say(held(schedule), 2, 0)

    shown = checkout_view(hold.token, owner="ann", now=NOW)
    order = pay(place(hold))

    ann = Ticket.objects.get(extra_luggage=2)
    assert shown.total == order.total == Decimal(1360)
    assert [row.luggage_text for row in shown.passengers] == ["2 extra pieces of luggage, R160", ""]
    assert OrderLine.objects.filter(kind="luggage").values_list("ticket", "quantity", "amount").get() == (
        ann.pk, 2, Decimal(160),
    )  # fmt: skip
    receipt = receipt_of(order.pk)
    assert (receipt.total, [line.cents for line in receipt.lines]) == (136000, [60000, 16000, 60000])
    assert line_text(receipt.lines[1]).label == "2 × Extra luggage: Ann Mokoena"
    request_invoice(order.pk, Recipient(), submission="invoice", now=NOW)
    taxed = InvoiceLine.objects.filter(tax_code="standard")
    assert taxed.values_list("quantity", "value", "tax").get() == (2, Decimal("139.13"), Decimal("20.87"))
    mail = build_mail(OutboxMessage.objects.get(kind="confirmation"), now=NOW)
    assert mail
    assert "For the crew: 2 extra pieces of luggage" in mail.body
    first, *_, last = manifest(schedule.pk, now=NOW).stops
    assert (first.luggage_on, last.luggage_off) == (2, 2)
    assert [passenger.needs for passenger in first.ons] == ["2 extra pieces of luggage", ""]
    OutboxMessage.objects.update(sent_at=NOW)
    assert violations(now=NOW) == []


def test_pieces_are_counted_leg_by_leg_and_kept_with_their_seats(schedule: Schedule) -> None:
    make_luggage_rule(schedule=schedule, space=2, most=3)
    first, through = held(schedule, "1A", end="bloemfontein"), with_luggage(schedule, "1B", 2, owner="ben")
    second = held(schedule, "1A", start="bloemfontein", owner="zola")

    keep_luggage(say(first, 2).token, owner="ann", now=NOW)
    with pytest.raises(LuggageFull, match="No more extra luggage fits"):
        place(through)
    keep_luggage(say(second, 1).token, owner="zola", now=NOW)

    assert luggage_load(schedule.pk, now=NOW) == {0: 2, 1: 1}
    with pytest.raises(LuggageFull):
        keep_luggage(say(second, 3).token, owner="zola", now=NOW)
    assert pay(place(say(second, 2))).total == Decimal(460)
    assert luggage_load(schedule.pk, now=first.expires_at) == {1: 2}
    assert place(say(through, 0)).total == Decimal(600)
    assert violations(now=NOW) == []


def test_pieces_come_free_with_an_order_that_is_not_paid_and_late_money_gets_none_that_are_gone(
    schedule: Schedule,
) -> None:
    make_luggage_rule(schedule=schedule, space=2)
    unpaid = place(with_luggage(schedule, "1A", 2))
    with pytest.raises(LuggageFull, match="No more"):
        place(with_luggage(schedule, "1B", 1, owner="ben"))
    notification = paid_notification(unpaid)
    later = Order.objects.get(pk=unpaid.pk).pay_by

    expire_unpaid(now=later)
    hold = with_luggage(schedule, "1B", 2, owner="zola")
    Hold.objects.filter(pk=hold.pk).update(expires_at=later + timedelta(minutes=5))
    place_order(CheckoutRequest(hold.token, "zola"), submission="zola", content="", now=later)
    act_on_notification(notification.pk, now=later)

    assert Order.objects.get(pk=unpaid.pk).status == "expired"
    assert Refund.objects.get(order=unpaid).amount == Decimal(760)
    assert luggage_load(schedule.pk, now=later) == {0: 2, 1: 2}


@pytest.mark.parametrize(
    ("refund", "back"),
    [("fare", "510"), ("full", "530"), ("none", "450")],  # 25 % of R600, or of R680
)
def test_a_passenger_who_cancels_gets_back_what_the_rule_of_the_sale_says(
    schedule: Schedule, refund: str, back: str
) -> None:
    rule = make_luggage_rule(refund=refund)
    order = pay(place(say(held(schedule), 1, 0)))
    rule.refund = "none"
    rule.save()

    ann = Ticket.objects.get(extra_luggage=1)
    cancelled = cancel_booking(
        CancellationRequest(order.bookings.get().booking_reference, ticket_ids=[ann.pk]),
        submission="cancel",
        content="",
        now=NEXT_HOUR,
    )

    assert Refund.objects.get(booking=cancelled).amount == Decimal(back)
    assert Order.objects.get(pk=order.pk).total == Decimal(1280) - Decimal(back)
    assert sum(line.amount for line in OrderLine.objects.filter(kind="luggage")) == 0
    assert luggage_load(schedule.pk, now=NEXT_HOUR) == {}
    OutboxMessage.objects.update(sent_at=NOW)
    assert violations(now=NEXT_HOUR) == []


def moved(order: Order, schedule: Schedule, quoted: str) -> Ticket:
    booking = exchange(
        TripChange(
            order.bookings.get().booking_reference,
            SegmentRef(schedule.pk, "johannesburg", "cape-town"),
            quoted=Decimal(quoted),
        ),
        settle=lambda of, owed, refunds: None,
        submission=f"move-{schedule.pk}",
        content="",
        now=NEXT_HOUR,
    )
    return booking.tickets.get(status="valid")


def test_luggage_moves_along_without_a_fee_at_the_price_of_the_new_coach_or_not_at_all(
    schedule: Schedule,
) -> None:
    make_luggage_rule()
    other = make_schedule(departs=NOW + timedelta(days=5))
    make_luggage_rule(line=other.route.line, price=60, schedule=other, space=1)
    order = bought(schedule, pieces=2)

    with pytest.raises(LuggageFull, match="Only 1 more extra piece"):
        moved(order, other, "0")
    LuggageSpace.objects.update(pieces=2)
    ticket = moved(order, other, "110")  # 25 % of R600, less twice R20

    assert (ticket.extra_luggage, ticket.luggage_price) == (2, Decimal(120))
    assert luggage_load(schedule.pk, now=NEXT_HOUR) == {}
    assert luggage_load(other.pk, now=NEXT_HOUR) == {0: 2, 1: 2}
    OutboxMessage.objects.update(sent_at=NOW)


def test_more_is_sold_to_a_paid_ticket_and_fewer_given_back_by_the_terms_of_their_sale(
    schedule: Schedule,
) -> None:
    rule = make_luggage_rule(schedule=schedule, space=2, refund="none")
    order = pay(place(held(schedule, "1A")))
    other = with_luggage(schedule, "1B", 1, owner="ben")
    ticket = order.bookings.get().tickets.get()
    till = Till(make_shift(make_user()).clerk, Tender("cash"))

    def change(pieces: int, quoted: int) -> Ticket:
        return luggage_at_till(
            LuggageChange(ticket.pk, pieces, quoted=Decimal(quoted)),
            till=till,
            submission=f"luggage-{pieces}",
            content="",
            now=NEXT_HOUR,
        )

    keep_luggage(other.token, owner="ben", now=NOW)
    with pytest.raises(Conflict, match="balance is now R80"):
        change(1, 60)
    Hold.objects.filter(pk=other.pk).update(expires_at=NEXT_HOUR + timedelta(hours=1))
    with pytest.raises(LuggageFull, match="Only 1 more"):
        change(2, 160)
    with pytest.raises(LuggageRefused, match="at most 2"):
        change(3, 240)
    assert change(1, 80).luggage_price == Decimal(80)
    Hold.objects.filter(pk=other.pk).update(expires_at=NOW)
    rule.refund, rule.price = "full", 100
    rule.save()
    assert change(2, 100).luggage_price == Decimal(180)
    OutboxMessage.objects.update(sent_at=NOW)
    assert violations(now=NEXT_HOUR) == []

    fewer = change(0, -100)  # R80 by the first rule are forfeited

    assert (fewer.extra_luggage, fewer.luggage_price, fewer.version) == (0, Decimal(0), 4)
    assert Order.objects.get(pk=order.pk).total == Decimal(680)
    assert OrderLine.objects.get(kind="change_fee").amount == Decimal(80)
    assert luggage_load(schedule.pk, now=NEXT_HOUR) == {}
    OutboxMessage.objects.update(sent_at=NOW)
    assert violations(now=NEXT_HOUR) == []


def test_a_cancelled_coach_sends_nobody_to_one_that_does_not_take_their_luggage() -> None:
    first, later = two_departures()
    make_luggage_rule(schedule=later, space=3)
    moved, waits = bought(first, "1A", 2), bought(first, "1B", 2, owner="ben")

    confirmed(first)

    assert [order.bookings.get().schedule_id for order in (moved, waits)] == [later.pk, first.pk]
    assert luggage_load(later.pk, now=NOW) == {0: 2, 1: 2}
    ticket = waits.bookings.get().tickets.get()
    assert ticket.place == "waiting"
    assert quote_luggage(ticket.pk, 0, now=NEXT_HOUR).difference.balance == -160
    OutboxMessage.objects.update(sent_at=NOW)
    assert violations(now=NOW) == []


def test_what_was_tampered_with_is_noticed(schedule: Schedule) -> None:
    make_luggage_rule(schedule=schedule, space=2)
    order = bought(schedule, pieces=2)
    ticket = order.bookings.get().tickets.get()

    def rules() -> set[str]:
        return {violation.rule for violation in violations(now=NOW)}

    assert rules() == set()
    LuggageSpace.objects.update(pieces=1)
    assert rules() == {"a coach carries its extra luggage"}
    LuggageSpace.objects.update(pieces=2)
    for change in ({"extra_luggage": 1}, {"luggage_price": 150}):
        Ticket.objects.filter(pk=ticket.pk).update(**change)
        assert rules() == {"extra luggage is in the lines"}
        Ticket.objects.filter(pk=ticket.pk).update(extra_luggage=2, luggage_price=160)
    with no_triggers():
        OrderLine.objects.filter(kind="luggage").update(ticket=None)
    assert rules() >= {"extra luggage is in the lines"}
