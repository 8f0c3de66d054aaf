"""Amounts and days as banks and terminals print them."""

from datetime import date
from decimal import Decimal

import pytest

from bookings.base.dates import read_printed_day
from bookings.base.money import read_printed_amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1234.56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1,234,567.80", "1234567.80"),
        ("1,234", "1234"),
        ("R20", "20"),
        ("ZAR 20.5", "20.5"),
        ("-20.00", "-20"),
        ("−R20.00", "-20"),
        ("20.00-", "-20"),
        ("(1,020.00)", "-1020"),
        ("20.00 DR", "-20"),
        ("20.00CR", "20"),
        ("+5", "5"),
    ],
)
def test_amounts_are_read_as_they_are_printed(text: str, amount: str) -> None:
    assert read_printed_amount(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1,23456", "12,34.56", "1.2.3", "5.001", "1,234.567", "(5", "5)", "1e5", "٣", "--5", "NaN"],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_printed_amount(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-30",
        "2026/11/30",
        "20261130",
        "30/11/2026",
        "30-11-2026",
        "30.11.26",
        "30 Nov 2026",
        "30-Nov-26",
        "30 November 2026 14:05",
        "2026-11-30T14:05:00",
    ],
)
def test_days_are_read_as_they_are_printed(text: str) -> None:
    assert read_printed_day(text) == date(2026, 11, 30)


@pytest.mark.parametrize(
    "text", ["", "today", "30", "11/30/2026", "2026-13-01", "30 Foo 2026", "3011", "1999-01-01"]
)
def test_what_is_no_whole_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_printed_day(text)
