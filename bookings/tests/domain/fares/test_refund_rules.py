from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.domain.fares.refund_rules import RefundRule, RefundTerms, refund_quote
from bookings.tests.make import NOW, make_fare_classes

TERMS = RefundTerms(timedelta(hours=1), timedelta(hours=24), ((48, 25, Decimal(0)), (12, 50, Decimal(10))))


def quote(*, ahead: float, since_sale: float = 100, fare: int = 400) -> object:
    """Quote a ticket sold `since_sale` hours ago for a departure `ahead` hours from now."""
    return refund_quote(
        Decimal(fare),
        TERMS,
        sold_at=NOW - timedelta(hours=since_sale),
        boards_at=NOW + timedelta(hours=ahead),
        now=NOW,
    )


@pytest.mark.parametrize(
    ("ahead", "refund", "rule"),
    [
        (72, 300, RefundRule.TIER),
        (48, 300, RefundRule.TIER),
        (47.9, 190, RefundRule.TIER),
        (12, 190, RefundRule.TIER),
        (11.9, 0, RefundRule.TOO_LATE),
        (-1, 0, RefundRule.TOO_LATE),
    ],
)
def test_the_fee_depends_on_the_hours_before_departure(ahead: float, refund: int, rule: RefundRule) -> None:
    quoted = quote(ahead=ahead)

    assert quoted.amount == Decimal(refund)
    assert quoted.rule == rule


def test_a_quote_says_when_it_falls_and_to_what() -> None:
    quoted = quote(ahead=72)

    assert quoted.drops_at == NOW + timedelta(hours=24)
    assert quoted.then == Decimal(190)


def test_within_the_grace_everything_comes_back_and_the_quote_says_until_when() -> None:
    quoted = quote(ahead=72, since_sale=0.5)

    assert (quoted.amount, quoted.rule) == (Decimal(400), RefundRule.GRACE)
    assert quoted.drops_at == NOW + timedelta(minutes=30)
    assert quoted.then == Decimal(300)


def test_what_a_quote_says_it_falls_to_is_what_is_paid_then() -> None:
    """Sold 24 to 25 hours ahead: the free time ends together with a step of the terms."""
    terms = RefundTerms(timedelta(hours=1), timedelta(hours=24), ((24, 0, Decimal(0)), (12, 50, Decimal(0))))
    times = {"sold_at": NOW, "boards_at": NOW + timedelta(hours=24, minutes=30)}

    quoted = refund_quote(Decimal(400), terms, **times, now=NOW)

    assert quoted.drops_at == NOW + timedelta(minutes=30)
    after = refund_quote(Decimal(400), terms, **times, now=quoted.drops_at + timedelta(seconds=1))
    assert quoted.then == after.amount == 200


TIERS = st.lists(
    st.tuples(st.sampled_from([0, 12, 24, 48]), st.sampled_from([0, 50, 100]), st.just(Decimal(0))),
    max_size=4,
).map(lambda tiers: tuple(sorted(tiers, key=lambda tier: (-tier[0], tier[1]))))


@given(
    TIERS, st.just(60), st.just(24), st.sampled_from([12.5, 24.5, 30, 60]), st.sampled_from([0, 0.3, 5, 20])
)
def test_a_forecast_comes_true_whatever_the_terms(
    tiers: Any, minutes: int, grace_hours: int, ahead: float, later: float
) -> None:
    terms = RefundTerms(timedelta(minutes=minutes), timedelta(hours=grace_hours), tiers)
    times = {"sold_at": NOW, "boards_at": NOW + timedelta(hours=ahead)}
    now = NOW + timedelta(hours=min(ahead, later))

    quoted = refund_quote(Decimal(400), terms, **times, now=now)

    moment = timedelta(microseconds=1)
    if quoted.drops_at is None:
        assert refund_quote(Decimal(400), terms, **times, now=times["boards_at"]).amount == quoted.amount
    else:
        assert refund_quote(Decimal(400), terms, **times, now=quoted.drops_at + moment).amount == quoted.then
        if quoted.drops_at > now:
            before = refund_quote(Decimal(400), terms, **times, now=quoted.drops_at - moment)
            assert before.amount == quoted.amount != quoted.then


def test_there_is_no_grace_close_to_departure() -> None:
    assert quote(ahead=20, since_sale=0.1).rule == RefundRule.TIER


@given(st.floats(-10, 200), st.floats(0, 300), st.integers(0, 5000))
def test_a_refund_is_between_nothing_and_the_fare_and_never_rises_later(
    ahead: float, since_sale: float, fare: int
) -> None:
    now = quote(ahead=ahead, since_sale=since_sale, fare=fare)
    later = quote(ahead=ahead - 1, since_sale=since_sale + 1, fare=fare)

    assert Decimal(0) <= later.amount <= now.amount <= Decimal(fare)


@pytest.mark.django_db
def test_terms_are_frozen_as_json_and_read_back() -> None:
    standard, _premium = make_fare_classes()

    terms = RefundTerms.of_policy(standard.refund_policy)

    assert RefundTerms.from_json(terms.as_json()) == terms
    assert [tier[0] for tier in terms.tiers] == [48, 12]


FREE: RefundTerms = RefundTerms(
    timedelta(), timedelta(), ((0, 0, Decimal(0)),)
)  # back in full until boarding
NONE = RefundTerms(timedelta(), timedelta(), ())  # nothing comes back


@pytest.mark.parametrize(
    ("old", "new", "fee"),
    [
        (NONE, FREE, 400),  # the old part stays without a refund, the difference comes back
        (FREE, NONE, 600),
        (TERMS, FREE, 100),  # a quarter of the old part
        (TERMS, TERMS, 150),  # as if it had been sold so
    ],
)
def test_a_raised_class_keeps_the_stricter_terms_for_the_old_part(
    old: RefundTerms, new: RefundTerms, fee: int
) -> None:
    terms = RefundTerms.from_json(new.after(old, Decimal(400)).as_json())

    quoted = refund_quote(
        Decimal(600), terms, sold_at=NOW - timedelta(hours=100), boards_at=NOW + timedelta(hours=72), now=NOW
    )

    assert quoted.fee == Decimal(fee)


def test_a_raised_class_falls_when_either_terms_fall() -> None:
    quoted = refund_quote(
        Decimal(600),
        FREE.after(TERMS, Decimal(400)),
        sold_at=NOW - timedelta(hours=100),
        boards_at=NOW + timedelta(hours=72),
        now=NOW,
    )

    assert (quoted.amount, quoted.drops_at, quoted.then) == (500, NOW + timedelta(hours=24), 390)
