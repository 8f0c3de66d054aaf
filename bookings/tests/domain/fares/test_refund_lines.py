from datetime import timedelta
from decimal import Decimal

import pytest

from bookings.domain.fares.refund_lines import refund_lines
from bookings.domain.fares.refund_rules import RefundTerms

NO_GRACE = timedelta(0)


def lines(grace: timedelta, *tiers: tuple[int, int, Decimal]) -> list[tuple[str, str]]:
    return [(line.when, line.back) for line in refund_lines(RefundTerms(grace, timedelta(hours=24), tiers))]


def test_tiers_read_from_the_earliest_to_the_latest() -> None:
    assert lines(timedelta(minutes=60), (48, 25, Decimal(0)), (12, 50, Decimal(0))) == [
        ("Within 60 minutes of booking, if departure is 24 hours or more away", "full refund"),
        ("48 hours or more before departure", "75% refund"),
        ("12 to 48 hours before departure", "50% refund"),
        ("Less than 12 hours before departure", "no refund"),
    ]


@pytest.mark.parametrize(
    ("percent", "fixed", "words"),
    [
        (0, 0, "full refund"),
        (0, 100, "full refund less R100"),
        (20, 50, "80% refund, less R50"),
        (100, 0, "0% refund"),
    ],
)
def test_fees_in_percent_and_rand(percent: int, fixed: int, words: str) -> None:
    assert lines(NO_GRACE, (24, percent, Decimal(fixed)))[0] == ("24 hours or more before departure", words)


def test_terms_without_tiers_give_nothing_back() -> None:
    assert lines(NO_GRACE) == [("At any time", "no refund")]
    assert lines(timedelta(minutes=60))[-1] == ("After that", "no refund")
