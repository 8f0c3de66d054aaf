"""What a promo code takes off, on whom it counts, and that money that goes back is what was paid."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.base.errors import Conflict, Refusal
from bookings.domain.counter.exchange_page import ExchangeQuery, move_view, reseat_view
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.checkout import CheckoutRequest, place_order
from bookings.domain.sales.checkout_page import CheckoutView, checkout_view
from bookings.domain.sales.checkout_review import ReviewOutdated, place_and_pay, review_digest
from bookings.domain.sales.exchange_quotes import TripChange, quote_exchange
from bookings.domain.sales.exchanges import exchange
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.notifications import act_on_notification
from bookings.domain.sales.promo_codes import (
    PromoCodeRefused,
    add_promo_code,
    keep_promo_code,
    stop_promo_code,
    use_promo_code,
)
from bookings.domain.sales.ticket_changes import SeatChange, change_seat, quote_seat
from bookings.domain.tickets.receipts import receipt_of
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import (
    Booking,
    Hold,
    Order,
    OrderLine,
    OutboxMessage,
    PromoCode,
    Refund,
    Schedule,
    Ticket,
)
from bookings.tests.domain.sales.buy import held, paid_notification
from bookings.tests.make import (
    NOW,
    make_company,
    make_fare_classes,
    make_layout,
    make_promo_code,
    make_schedule,
    make_user,
)
from bookings.tests.tampering import no_triggers

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NEXT_HOUR = NOW + timedelta(hours=1)  # the time in which all comes back is over


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule()


def with_code(schedule: Schedule, *labels: str, code: str = "SAVE10", owner: str = "ann") -> Hold:
    hold = held(schedule, *labels, owner=owner)
    keep_promo_code(hold.token, code, owner=owner)
    return hold


def order(schedule: Schedule, *labels: str, code: str = "SAVE10", owner: str = "ann") -> Order:
    hold = with_code(schedule, *labels, code=code, owner=owner)
    return place_order(CheckoutRequest(hold.token, owner), submission=f"form-{hold.pk}", content="", now=NOW)


def paid(schedule: Schedule, *labels: str, **whose: str) -> Order:
    placed = order(schedule, *labels, **whose)
    act_on_notification(paid_notification(placed).pk, now=NOW)
    OutboxMessage.objects.update(sent_at=NOW)
    return Order.objects.get(pk=placed.pk)


def view(hold: Hold) -> CheckoutView:
    return checkout_view(hold.token, owner=hold.owner, now=NOW)


def uses(code: str = "SAVE10") -> int:
    return PromoCode.objects.get(code=code).uses


def test_a_percentage_is_shown_ordered_and_paid(schedule: Schedule) -> None:
    make_promo_code(value=10)
    shown = view(with_code(schedule, code=" save-io "))  # as it may be typed: I is read as 1, O as 0

    placed = order(schedule, "2A", "2B", owner="ben")

    assert (shown.total, shown.promo.discount_text) == (Decimal(810), "−R90")
    assert placed.total == Decimal(810)
    assert sorted(OrderLine.objects.values_list("kind", "amount")) == [
        ("fare", Decimal(300)),
        ("fare", Decimal(600)),
        ("promo", Decimal(-60)),
        ("promo", Decimal(-30)),
    ]
    assert (uses(), violations(now=NOW)) == (1, [])


def test_rand_are_shared_out_by_the_fares_and_never_more_than_they_come_to(schedule: Schedule) -> None:
    make_promo_code(kind="rand", value=100)
    make_promo_code("BIG", kind="rand", value=5000)

    order(schedule)
    free = order(schedule, "2A", "2B", code="big", owner="ben")

    assert list(Ticket.objects.order_by("pk").values_list("fare", "discount")[:2]) == [
        (Decimal("533.33"), Decimal("66.67")),
        (Decimal("266.67"), Decimal("33.33")),
    ]
    assert (free.total, free.status) == (Decimal(0), "confirmed")
    OutboxMessage.objects.update(sent_at=NOW)
    assert violations(now=NOW) == []


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"minimum": 901}, "R901 or more"),
        ({"sale_to": date(2026, 11, 30)}, "no longer valid"),
        ({"sale_from": date(2026, 12, 2)}, "valid from"),
        ({"travel_to": date(2026, 12, 3)}, "not for this trip"),
        ({"travel_from": date(2026, 12, 5)}, "not for this trip"),
        ({"stopped_at": NOW}, "no longer valid"),
        ({"max_uses": 0}, "used up"),
        ({"for_web": False}, "counter, API"),
        ({"code": "ANOTHER"}, "do not know"),
    ],
)
def test_each_rule_refuses_in_words_and_orders_nothing(
    schedule: Schedule, rules: dict[str, Any], words: str
) -> None:
    make_promo_code(**{"code": "SAVE10"} | rules)
    hold = with_code(schedule)

    shown = view(hold)
    with pytest.raises(PromoCodeRefused, match=words):
        place_order(CheckoutRequest(hold.token, "ann"), submission="form", content="", now=NOW)

    assert words in shown.promo.refusal
    assert (shown.total, shown.is_complete) == (Decimal(900), False)
    assert not Order.objects.exists()


def test_a_code_for_another_class_or_line_is_refused_and_for_this_one_taken(schedule: Schedule) -> None:
    standard, premium = make_fare_classes()
    make_promo_code("PREM", classes=[premium])
    make_promo_code("STAND", classes=[standard], lines=[schedule.route.line])
    make_promo_code("OTHER", lines=[make_schedule().route.line])

    assert view(with_code(schedule, "1A", "1B", code="PREM")).promo.refusal
    assert view(with_code(schedule, "2A", "2B", code="OTHER", owner="ben")).promo.refusal
    assert view(with_code(schedule, "1C", "1D", code="STAND", owner="cas")).total == Decimal(810)


def test_a_contact_has_its_own_limit(schedule: Schedule) -> None:
    make_promo_code(max_uses_of_contact=1)
    order(schedule)

    with pytest.raises(PromoCodeRefused, match="this e-mail address"):
        order(schedule, "2A", "2B", owner="ben")  # another browser, the same address

    assert uses() == 1


def test_who_reviewed_a_discount_that_is_gone_orders_nothing(schedule: Schedule) -> None:
    promo = make_promo_code()
    hold = with_code(schedule)
    digest = review_digest(view(hold))
    stop_promo_code(promo.pk, actor=make_user(), now=NOW)

    with pytest.raises(ReviewOutdated):
        place_and_pay(hold.token, owner="ann", submission="f", digest=digest, choice="now", now=NOW)


def test_an_expired_order_frees_its_use_and_takes_it_again_when_it_is_paid_late(schedule: Schedule) -> None:
    make_promo_code(max_uses=1)
    placed = order(schedule)
    notification = paid_notification(placed)
    expire_unpaid(now=NOW + timedelta(hours=1))
    assert (uses(), violations(now=NOW)) == (0, [])

    act_on_notification(notification.pk, now=NOW + timedelta(hours=1))

    placed.refresh_from_db()
    assert (placed.status, placed.total, uses()) == ("confirmed", Decimal(810), 1)


def test_paid_late_after_others_used_the_code_up_goes_back(schedule: Schedule) -> None:
    make_promo_code(max_uses=1)
    notification = paid_notification(order(schedule))
    expire_unpaid(now=NOW + timedelta(hours=1))
    PromoCode.objects.update(max_uses=0)

    act_on_notification(notification.pk, now=NOW + timedelta(hours=1))

    assert (Order.objects.get().status, uses()) == ("expired", 0)
    assert Refund.objects.get().amount == Decimal(810)


def test_a_part_gives_back_its_share_of_what_was_paid_and_the_last_one_frees_the_use(
    schedule: Schedule,
) -> None:
    make_promo_code(value=10)
    booking = paid(schedule).bookings.get()
    adult, child = booking.tickets.order_by("pk")

    cancel_booking(
        CancellationRequest(booking.booking_reference, [child.pk]), submission="a", content="", now=NEXT_HOUR
    )
    assert (uses(), violations(now=NOW)) == (1, [])
    cancel_booking(
        CancellationRequest(booking.booking_reference, [adult.pk]), submission="b", content="", now=NEXT_HOUR
    )

    terms = Decimal("0.75")  # three days before: a quarter is kept
    assert sorted(Refund.objects.values_list("amount", flat=True)) == [270 * terms, 540 * terms]
    assert (uses(), violations(now=NOW)) == (0, [])


def test_an_exchange_keeps_the_rand_that_were_saved_and_never_gives_more(schedule: Schedule) -> None:
    make_promo_code(kind="rand", value=270)
    make_company()
    paid_order = paid(schedule)
    booking = paid_order.bookings.get()
    cheaper = make_schedule(route=schedule.route, price=60, departs=NOW + timedelta(days=4))

    moved = exchange(
        TripChange(booking.booking_reference, SegmentRef(cheaper.pk, "johannesburg", "cape-town")),
        submission="x",
        content="",
        now=NEXT_HOUR,
    )

    kept = moved.tickets.filter(status="valid").order_by("pk").values_list("fare", "discount")
    assert list(kept) == [(Decimal(0), Decimal(60)), (Decimal(0), Decimal(30))]
    paid_order.refresh_from_db()
    paid_in, back = Decimal(630), Refund.objects.get().amount
    assert paid_order.total == paid_in - back > 0  # the change fee stays
    assert receipt_of(paid_order.pk).total == paid_order.total * 100
    OutboxMessage.objects.update(sent_at=NOW)
    assert violations(now=NOW) == []


def another(schedule: Schedule, **facts: Any) -> Schedule:
    return make_schedule(**{"route": schedule.route, "departs": NOW + timedelta(days=4)} | facts)


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ({"travel_to": date(2026, 12, 4)}, False),
        ({"travel_to": date(2026, 12, 5)}, True),
        ({"minimum": 900}, True),
        ({"max_uses": 1, "sale_to": date(2026, 12, 1)}, True),  # asked of the sale, which is over
    ],
)
def test_an_exchange_keeps_a_discount_only_if_the_code_is_for_the_new_trip(
    schedule: Schedule, rules: dict[str, Any], kept: bool
) -> None:
    make_promo_code(value=10, **rules)
    make_company()
    booking = paid(schedule).bookings.get()
    to = another(schedule)
    ref = SegmentRef(to.pk, "johannesburg", "cape-town")

    quote = quote_exchange(booking.booking_reference, get_segment(ref), now=NEXT_HOUR)
    view = move_view(ExchangeQuery(booking.booking_reference, to=ref), user=make_user(), now=NEXT_HOUR)
    request = TripChange(booking.booking_reference, ref, quoted=quote.difference.balance)
    moved = exchange(request, settle=lambda *_: None, submission="x", content="", now=NEXT_HOUR)

    lost = Decimal(0 if kept else 90)
    assert (quote.lost_discount, quote.difference.new) == (lost, Decimal(810) + lost)
    assert ("discount of R90 is taken back" in view.promo_note) is not kept
    saved = sum(moved.tickets.filter(status="valid").values_list("discount", flat=True))
    assert (saved, uses()) == (90 - lost, 1)
    rules_broken = {each.rule for each in violations(now=NOW)}
    assert not rules_broken & {"what a ticket saves is in its lines", "a promo code counts its orders"}


def test_an_exchange_to_another_line_or_below_the_minimum_takes_the_discount_back(schedule: Schedule) -> None:
    make_promo_code("LINE", lines=[schedule.route.line])
    make_promo_code("MIN", minimum=500)
    on_line = paid(schedule, code="LINE").bookings.get()
    over_minimum = paid(schedule, "2A", "2B", code="MIN", owner="ben").bookings.get()
    other_line, cheaper = make_schedule(departs=NOW + timedelta(days=4)), another(schedule, price=300)

    def lost(booking: Booking, to: Schedule, tickets: list[int] | None = None) -> Decimal:
        segment = get_segment(SegmentRef(to.pk, "johannesburg", "cape-town"))
        quote = quote_exchange(booking.booking_reference, segment, ticket_ids=tickets, now=NEXT_HOUR)
        return quote.lost_discount

    adult, child = over_minimum.tickets.order_by("pk")
    assert (lost(on_line, other_line), lost(on_line, cheaper)) == (90, 0)
    assert (lost(over_minimum, other_line), lost(over_minimum, cheaper)) == (0, 90)
    assert (lost(over_minimum, cheaper, [adult.pk]), lost(over_minimum, cheaper, [child.pk])) == (0, 0)


def test_a_seat_of_a_class_that_the_code_is_not_for_takes_the_discount_back() -> None:
    standard, _premium = make_fare_classes()
    make_promo_code(classes=[standard])
    coach = make_schedule(layout=make_layout(premium=4))
    ticket = paid(coach, "2A").bookings.get().tickets.get()

    quote = quote_seat(ticket.pk, "1A", now=NEXT_HOUR)
    view = reseat_view(ticket.booking.booking_reference, ticket.pk, "1A", user=make_user(), now=NEXT_HOUR)
    change_seat(
        SeatChange(ticket.pk, "1A", quoted=quote.difference.balance),
        settle=lambda *_: None,
        submission="s",
        content="",
        now=NEXT_HOUR,
    )

    ticket.refresh_from_db()
    assert (quote.lost_discount, ticket.discount, ticket.fare) == (60, 0, quote.fare)
    assert "discount of R60 is taken back" in view.promo_note
    assert sum(OrderLine.objects.values_list("amount", flat=True)) == ticket.fare


def test_a_code_of_each_contact_needs_an_address(schedule: Schedule) -> None:
    promo = make_promo_code(max_uses_of_contact=1)
    with pytest.raises(PromoCodeRefused, match="needs an e-mail address"):
        use_promo_code(promo, Order(promo_code=promo))
    assert uses() == 0


def test_codes_that_look_alike_are_one_code(schedule: Schedule) -> None:
    manager = make_user()
    add_promo_code(PromoCode(code="solo", value=Decimal(5)), lines=[], classes=[], actor=manager)

    with pytest.raises(Conflict, match="like this one"):
        add_promo_code(PromoCode(code="S0LO", value=Decimal(5)), lines=[], classes=[], actor=manager)
    for bad in ({"code": "A B"}, {"value": Decimal(0)}, {"value": Decimal(101)}):
        with pytest.raises(Refusal):
            add_promo_code(
                PromoCode(**{"code": "FINE", "value": Decimal(5)} | bad), lines=[], classes=[], actor=manager
            )


def test_tampering_is_noticed(schedule: Schedule) -> None:
    make_promo_code()
    placed = order(schedule)
    assert violations(now=NOW) == []

    def broken() -> set[str]:
        return {each.rule for each in violations(now=NOW)}

    PromoCode.objects.update(uses=3)
    assert broken() == {"a promo code counts its orders"}
    PromoCode.objects.update(uses=1)
    Order.objects.update(promo_code=None)
    assert "a promo code counts its orders" in broken()
    Order.objects.update(promo_code=PromoCode.objects.get())
    Ticket.objects.filter(booking__order=placed).update(discount=1)
    assert broken() == {"what a ticket saves is in its lines"}
    Ticket.objects.filter(fare=540).update(discount=60)
    Ticket.objects.filter(fare=270).update(discount=30)
    with no_triggers():
        OrderLine.objects.filter(kind="promo").update(amount=-1)
    assert "a booking is sold for its fares" in broken()
