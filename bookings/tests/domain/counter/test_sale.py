from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.base.errors import AlreadySubmitted, Conflict, NotFound, RuleBroken, SalesClosed, SeatTaken
from bookings.domain.counter.sale import (
    Sale,
    SeatRequest,
    Tender,
    give_back,
    keep_seats,
    keep_typed,
    sell_now,
)
from bookings.domain.counter.sale_page import counter_offers, owed_order, segment_view, sold_view
from bookings.domain.counter.standby import sell_standby
from bookings.domain.counter.tender import take_payment
from bookings.domain.integrity.invariants import violations
from bookings.domain.network.places import get_place
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import (
    BookingEvent,
    Hold,
    LedgerEntry,
    Order,
    Payment,
    Schedule,
    SeatClaim,
    Shift,
    Ticket,
)
from bookings.tests.domain.sales.buy import ordered
from bookings.tests.make import (
    NOW,
    make_approval,
    make_booking,
    make_layout,
    make_route,
    make_schedule,
    make_shift,
    make_user,
)
from bookings.tests.races.crowd import crowd, kinds

pytestmark = pytest.mark.django_db
THANDI = {"first_name": "Thandi", "surname": "Nkosi", "passenger_type": "adult"}
LWAZI = {"first_name": "Lwazi", "surname": "Nkosi", "passenger_type": "child"}
CASH = Tender("cash")


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule(seats=8)


@pytest.fixture
def shift(db: None) -> Shift:
    return make_shift(make_user())


def seats_on(
    schedule: Schedule,
    *labels: str,
    count: int | None = None,
    start: str = "johannesburg",
    end: str = "cape-town",
) -> SeatRequest:
    return SeatRequest(SegmentRef(schedule.pk, start, end), labels, count)


def way_back(days: int = 5) -> Schedule:
    route = make_route("Cape Town", "Bloemfontein", "Johannesburg")
    return make_schedule(route=route, layout=make_layout(seats=8), departs=NOW + timedelta(days=days))


def sell(
    shift: Shift,
    *seats: SeatRequest,
    people: tuple = (THANDI,),
    submission: str = "one",
    tender: Tender = CASH,
    **more: Any,
) -> Order:
    return sell_now(Sale(people, tender, seats=seats, **more), shift=shift, submission=submission, now=NOW)


def test_a_sale_in_one_go_is_paid_and_belongs_to_the_till(schedule: Schedule, shift: Shift) -> None:
    order = sell(shift, seats_on(schedule, "1B"), tender=Tender("cash", Decimal(700)))

    assert (order.status, order.channel, order.seller, order.shift, order.total) == (
        "confirmed",
        "counter",
        shift.clerk,
        shift,
        600,
    )
    assert list(SeatClaim.objects.values_list("seat__label", "kind")) == [("1B", "sold"), ("1B", "sold")]
    assert (
        sum(
            LedgerEntry.objects.filter(account="cash", shift=shift, cause__startswith="payment").values_list(
                "amount", flat=True
            )
        )
        == 600
    )
    assert sold_view(order.token).change == 100
    assert BookingEvent.objects.order_by("pk").first().actor == shift.clerk
    assert violations(now=NOW) == []


def test_no_contact_is_needed_at_the_counter(schedule: Schedule, shift: Shift) -> None:
    order = sell(shift, seats_on(schedule, count=1))

    assert (order.email, order.phone) == ("", "")


def test_a_party_travels_there_and_back_in_one_order(schedule: Schedule, shift: Shift) -> None:
    back = way_back()
    seats = (seats_on(schedule, count=2), seats_on(back, "2A", "2B", start="cape-town", end="johannesburg"))

    order = sell(shift, *seats, people=(THANDI, LWAZI), tender=Tender("card", reference="TERM 4711"))

    assert order.total == 2 * (600 + 300)
    assert order.bookings.count() == 2
    assert Ticket.objects.filter(schedule=back).count() == 2
    assert Payment.objects.get().reference == "TERM 4711"
    assert violations(now=NOW) == []


def test_the_same_form_sells_once_and_other_content_is_refused(schedule: Schedule, shift: Shift) -> None:
    first = sell(shift, seats_on(schedule, "1A"))
    second = sell(shift, seats_on(schedule, "1A"))

    assert first == second
    assert Payment.objects.count() == 1
    with pytest.raises(AlreadySubmitted):
        sell(shift, seats_on(schedule, "1B"))


@pytest.mark.parametrize(
    ("tender", "people"),
    [
        (Tender("cash", Decimal(500)), (THANDI,)),
        (Tender("card"), (THANDI,)),
        (Tender("barter"), (THANDI,)),
        (CASH, ({**THANDI, "first_name": "", "surname": ""},)),
        (CASH, (THANDI, LWAZI)),
        (CASH, ()),
    ],
)
def test_a_refused_sale_leaves_nothing_behind(
    schedule: Schedule, shift: Shift, tender: Tender, people: tuple
) -> None:
    with pytest.raises(RuleBroken):
        sell(shift, seats_on(schedule, "1A"), tender=tender, people=people)

    assert (Order.objects.count(), SeatClaim.objects.count(), Hold.objects.count()) == (0, 0, 0)


def test_a_closed_till_sells_nothing(schedule: Schedule, shift: Shift) -> None:
    Shift.objects.filter(pk=shift.pk).update(closed_at=NOW, counted={}, expected={}, difference=0)

    with pytest.raises(Conflict):
        sell(shift, seats_on(schedule, "1A"))
    assert Order.objects.count() == 0


def test_the_counter_sells_a_late_coach_for_two_hours(shift: Shift) -> None:
    leaving = make_schedule(departs=NOW + timedelta(minutes=5))
    late = make_schedule(departs=NOW - timedelta(minutes=119))
    long_gone = make_schedule(departs=NOW - timedelta(minutes=120))

    assert sell(shift, seats_on(leaving, count=1)).status == "confirmed"
    assert sell(shift, seats_on(late, count=1), submission="two").status == "confirmed"
    with pytest.raises(SalesClosed):
        sell(shift, seats_on(long_gone, count=1), submission="three")
    assert violations(now=NOW) == []


def test_seats_are_kept_for_five_minutes_without_a_cap(shift: Shift) -> None:
    schedule = make_schedule(seats=40)

    holds = [keep_seats(seats_on(schedule, count=12), clerk=shift.clerk, now=NOW) for _sale in range(3)]

    assert {hold.expires_at - NOW for hold in holds} == {timedelta(minutes=5)}
    assert SeatClaim.objects.values("seat").distinct().count() == 36


def test_a_sale_takes_the_seats_it_keeps(schedule: Schedule, shift: Shift) -> None:
    hold = keep_seats(seats_on(schedule, "2C"), clerk=shift.clerk, now=NOW)

    order = sell(shift, hold=hold.token)

    assert Ticket.objects.get().seat.label == "2C"
    assert order.hold == hold


def test_other_seats_of_a_sale_replace_the_first_and_keep_the_names(schedule: Schedule, shift: Shift) -> None:
    hold = keep_seats(seats_on(schedule, "1A"), clerk=shift.clerk, now=NOW)
    keep_typed(hold.token, clerk=shift.clerk, passengers=[THANDI], email="", phone="")

    again = keep_seats(seats_on(schedule, "1C", "1D"), clerk=shift.clerk, hold=hold.token, now=NOW)

    assert again.token == hold.token
    assert sorted(set(SeatClaim.objects.values_list("seat__label", flat=True))) == ["1C", "1D"]
    assert Hold.objects.get().draft["passengers"] == [THANDI]


def test_seats_that_ran_out_are_taken_again_when_they_are_free(schedule: Schedule, shift: Shift) -> None:
    hold = keep_seats(seats_on(schedule, "1A"), clerk=shift.clerk, now=NOW - timedelta(minutes=9))

    assert sell(shift, hold=hold.token).status == "confirmed"
    assert violations(now=NOW) == []


def test_seats_that_ran_out_and_went_to_somebody_else_are_refused(schedule: Schedule, shift: Shift) -> None:
    hold = keep_seats(seats_on(schedule, "1A"), clerk=shift.clerk, now=NOW - timedelta(minutes=9))
    sell(make_shift(make_user()), seats_on(schedule, "1A"), submission="another clerk's")

    with pytest.raises(SeatTaken) as refusal:
        sell(shift, hold=hold.token)

    assert refusal.value.nearest == ["1B", "1C", "1D"]


def test_choosing_again_after_time_ran_out_keeps_the_names(schedule: Schedule, shift: Shift) -> None:
    hold = keep_seats(seats_on(schedule, "1A"), clerk=shift.clerk, now=NOW - timedelta(minutes=9))
    keep_typed(hold.token, clerk=shift.clerk, passengers=[THANDI], email="a@example.com", phone="")

    again = keep_seats(seats_on(schedule, "2A"), clerk=shift.clerk, hold=hold.token, now=NOW)

    assert again.token != hold.token
    again.refresh_from_db()
    assert (again.draft["passengers"], again.draft["email"]) == ([THANDI], "a@example.com")


def test_the_way_back_joins_a_sale_that_ran_out(schedule: Schedule, shift: Shift) -> None:
    back = way_back()
    hold = keep_seats(seats_on(schedule, "1A"), clerk=shift.clerk, now=NOW - timedelta(minutes=9))

    joined = keep_seats(
        seats_on(back, count=1, start="cape-town", end="johannesburg"),
        clerk=shift.clerk,
        hold=hold.token,
        now=NOW,
    )

    assert joined.token == hold.token
    assert joined.trips.count() == 2


def test_a_sale_belongs_to_its_clerk(schedule: Schedule, shift: Shift) -> None:
    hold = keep_seats(seats_on(schedule, "1A"), clerk=shift.clerk, now=NOW)

    with pytest.raises(NotFound):
        sell(make_shift(make_user()), hold=hold.token)
    with pytest.raises(NotFound):
        give_back(hold.token, clerk=make_shift(make_user()).clerk)


def test_seats_given_back_are_free_at_once(schedule: Schedule, shift: Shift) -> None:
    hold = keep_seats(seats_on(schedule, "1A"), clerk=shift.clerk, now=NOW)

    give_back(hold.token, clerk=shift.clerk)

    assert SeatClaim.objects.count() == 0


def test_departures_show_their_free_seats_by_class(shift: Shift) -> None:
    schedule = make_schedule(layout=make_layout(seats=12, premium=4))
    sell(shift, seats_on(schedule, "1A"))

    (offer,) = counter_offers(
        get_place("johannesburg"), get_place("cape-town"), schedule.departure_time.date(), now=NOW
    ).rows

    assert [(each.name, each.price, each.free) for each in offer.classes] == [
        ("Standard", "R600", 8),
        ("Premium", "R810", 3),
    ]
    assert (offer.number, offer.departs, offer.free, offer.standing_by) == (1, "10:00", 11, 0)


@pytest.mark.parametrize("number", [1, 3])
def test_departures_cost_the_same_queries_however_many(number: int, django_assert_num_queries: Any) -> None:
    route, layout = make_route(), make_layout()
    for hour in range(number):
        make_schedule(route=route, layout=layout, departs=NOW + timedelta(days=3, hours=hour))
    start, end = get_place("johannesburg"), get_place("cape-town")

    with django_assert_num_queries(12):
        offers = counter_offers(start, end, (NOW + timedelta(days=3)).date(), now=NOW)

    assert len(offers.rows) == number


def full(*, seats: int = 4) -> Schedule:
    schedule = make_schedule(seats=seats)
    make_booking(schedule=schedule, names=("Ann Abel", "Bob Abel", "Cas Abel", "Dan Abel")[:seats])
    return schedule


def test_standby_on_a_full_coach_is_paid_and_claims_nothing(shift: Shift) -> None:
    schedule = full()

    order = sell_standby(
        seats_on(schedule).segment,
        Sale((THANDI, LWAZI), Tender("cash", Decimal(1000))),
        shift=shift,
        submission="s",
        now=NOW,
    )

    assert (order.status, order.total) == ("confirmed", 900)
    assert list(Ticket.objects.filter(booking__order=order).values_list("place", "seat", "fare")) == [
        ("standby", None, Decimal(600)),
        ("standby", None, Decimal(300)),
    ]
    assert SeatClaim.objects.filter(ticket__booking__order=order).count() == 0
    assert sold_view(order.token).is_standby
    assert [each for each in violations(now=NOW) if each.rule != "a confirmed order has its mail"] == []
    (offer,) = counter_offers(
        get_place("johannesburg"), get_place("cape-town"), schedule.departure_time.date(), now=NOW
    ).rows
    assert (offer.free, offer.standing_by) == (0, 2)


def test_standby_is_sold_once_per_form(shift: Shift) -> None:
    schedule = full()
    sold = [
        sell_standby(seats_on(schedule).segment, Sale((THANDI,), CASH), shift=shift, submission="s", now=NOW)
        for _twice in range(2)
    ]

    assert sold[0] == sold[1]
    assert Payment.objects.filter(method="cash").count() == 1


def test_no_standby_while_there_are_seats(schedule: Schedule, shift: Shift) -> None:
    with pytest.raises(Conflict, match="free seats"):
        sell_standby(seats_on(schedule).segment, Sale((THANDI,), CASH), shift=shift, submission="s", now=NOW)
    assert Order.objects.count() == 0


def test_a_full_coach_names_the_standby_price(shift: Shift) -> None:
    view = segment_view(seats_on(full()).segment, clerk=shift.clerk, now=NOW)

    assert view.is_full
    assert view.standby_fares == {"adult": "R600", "child": "R300", "student": "R540"}


def test_a_web_order_that_is_paid_later_is_taken_over_by_any_of_its_references(
    schedule: Schedule, shift: Shift
) -> None:
    order = ordered(schedule, "1A", "1B", pay_later=True)
    reference = order.bookings.get().booking_reference

    owed = owed_order(f" {reference.lower()} ", now=NOW)
    seen = Tender("eft", reference="FNB 1", approval=make_approval())
    take_payment(owed.order, seen, shift=shift, submission="t", content="", now=NOW)

    assert (owed.owed, owed.people, owed.has_run_out) == (
        Decimal(900),
        ("Ann Mokoena", "Sipho Mokoena"),
        False,
    )
    assert Order.objects.get(pk=order.pk).status == "confirmed"
    with pytest.raises(Conflict, match="paid already"):
        owed_order(reference, now=NOW)
    assert violations(now=NOW) == []


@pytest.mark.parametrize("reference", ["", "NOSUCH12", "'; --", "\x00", "x" * 5000])
def test_a_reference_that_is_none_is_not_found(reference: str, db: None) -> None:
    with pytest.raises(NotFound):
        owed_order(reference, now=NOW)


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_two_clerks_who_want_one_seat_sell_it_once() -> None:
    schedule, tills = make_schedule(seats=8), [make_shift(make_user()), make_shift(make_user())]
    sale = Sale((THANDI,), CASH, seats=(seats_on(schedule, "1A"),))

    answers = crowd(
        2, lambda number: sell_now(sale, shift=tills[number], submission=f"form {number}", now=NOW)
    )

    assert kinds(answers) == {"ok": 1, "SeatTaken": 1}
    refusal = next(each for each in answers if isinstance(each, SeatTaken))
    assert refusal.nearest == ["1B", "1C", "1D"]
    assert Payment.objects.count() == 1
    assert violations(now=NOW) == []


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_one_form_sent_twice_at_once_sells_once() -> None:
    back = way_back()  # made first: the trips are not sold in the order of their locks
    schedule, till = make_schedule(seats=8), make_shift(make_user())
    sale = Sale(
        (THANDI,),
        CASH,
        seats=(seats_on(schedule, "1A"), seats_on(back, "1A", start="cape-town", end="johannesburg")),
    )

    answers = crowd(4, lambda number: sell_now(sale, shift=till, submission="form", now=NOW))

    assert kinds(answers) == {"ok": 4}
    assert {order.pk for order in answers} == {Order.objects.get().pk}
    assert violations(now=NOW) == []


def test_what_is_kept_of_a_sale_names_all_that_was_sent() -> None:
    sale = Sale((THANDI,), CASH, hold="h")

    assert sale.content != replace(sale, tender=Tender("cash", Decimal(1))).content
