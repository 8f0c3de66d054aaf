"""The price that a party is shown is the price it pays, whichever seats are taken, at every door."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.base.errors import SoldOut
from bookings.domain.fares.prices import Party
from bookings.domain.partners.quotes import make_quote
from bookings.domain.sales.checkout import CheckoutRequest, place_order, save_draft
from bookings.domain.sales.holds import HoldRequest, SeatRequest, hold_any, hold_seats
from bookings.domain.search.offers import Offer, results
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import Channel, Fare, Hold, Schedule
from bookings.tests.domain.search.look import look
from bookings.tests.make import NOW, make_fare_classes, make_layout, make_partner, make_route, make_schedule

pytestmark = pytest.mark.django_db
LABELS = [f"{row}{column}" for row in (1, 2, 3) for column in "ABCD"]
OUT, BACK = ("johannesburg", "cape-town"), ("cape-town", "johannesburg")
LATER = NOW + timedelta(days=5)

occupied = st.sets(st.sampled_from(LABELS), max_size=11)
parties = st.tuples(st.integers(1, 5), st.integers(0, 2), st.integers(0, 2)).map(
    lambda counts: Party(
        tuple(pair for pair in zip(("adult", "child", "student"), counts, strict=True) if pair[1])
    )
)


def coach(schedule: Schedule, taken: set[str], ends: tuple[str, str]) -> SegmentRef:
    """The departure with these seats taken on the whole way."""
    ref = SegmentRef(schedule.pk, *ends)
    if taken:
        hold_seats(get_segment(ref), taken, HoldRequest("others", channel=Channel.COUNTER), now=NOW)
    return ref


def price_premium(schedule: Schedule, amount: int) -> None:
    first, *_others, last = schedule.route.calls.order_by("position")
    Fare.objects.create(
        route=schedule.route,
        from_stop=first,
        to_stop=last,
        fare_class=make_fare_classes()[1],
        amount=amount,
        valid_from=NOW.date(),
    )


def offer(ends: tuple[str, str], party: Party, day: Schedule) -> Offer:
    search = replace(look(*ends, day=day.departure_time.date()), party=party)
    return results(search, now=NOW).offers[0]


def charged(hold: Hold, party: Party) -> Decimal:
    """What the checkout takes from those whom the search named."""
    types = [passenger["passenger_type"] for passenger in Hold.objects.get(pk=hold.pk).draft["passengers"]]
    assert sorted(types) == sorted(party.members())
    people = [{"first_name": "Ann", "surname": "Mokoena", "passenger_type": slug} for slug in types]
    save_draft(hold.token, owner="ann", passengers=people, email="ann@example.com", phone="")
    return place_order(CheckoutRequest(hold.token, "ann"), submission=hold.token, content="", now=NOW).total


@settings(max_examples=40, deadline=None)
@given(
    out_taken=occupied,
    back_taken=occupied,
    party=parties,
    premium=st.sampled_from([None, 450, 900]),
    dice=st.randoms(use_true_random=False),
)
def test_every_door_asks_the_party_for_the_sum_that_the_search_showed(
    out_taken: set[str], back_taken: set[str], party: Party, premium: int | None, dice: Random
) -> None:
    with transaction.atomic():
        out = make_schedule(layout=make_layout(seats=12, premium=4))
        back = make_schedule(
            route=make_route("Cape Town", "Johannesburg"),
            layout=make_layout(seats=12, premium=4),
            departs=LATER,
        )
        if premium:
            price_premium(out, premium)
        there, home = coach(out, out_taken, OUT), coach(back, back_taken, BACK)
        way_out, way_back = offer(OUT, party, out), offer(BACK, party, back)
        types = party.members()
        dice.shuffle(types)  # however they are named
        ann = HoldRequest("ann", types=types)
        if way_out.state == "sold_out":
            with pytest.raises(SoldOut):
                hold_any(get_segment(there), party.size, ann, now=NOW)
        else:
            shown, rides = way_out.price_zar, [SeatRequest(there)]
            if way_back.state == "open":
                shown, rides = shown + way_back.price_zar, [*rides, SeatRequest(home)]
            quote = make_quote(make_partner(), rides, types, now=NOW)
            hold = hold_any(get_segment(there), party.size, ann, now=NOW)
            if way_back.state == "open":
                hold_any(get_segment(home), party.size, replace(ann, adds_to=hold.token), now=NOW)
            assert (quote.total, charged(hold, party)) == (shown, shown)
        transaction.set_rollback(True)
