from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.base.money import cents, format_zar, percent_of, read_amount, whole_rand
from bookings.tests.base import examples

AMOUNTS = examples("amounts")


@pytest.mark.parametrize(("amount", "text"), AMOUNTS["written"])
def test_rand_is_written_as_people_here_write_it(amount: str, text: str) -> None:
    assert format_zar(Decimal(amount)) == text


@pytest.mark.parametrize(("amount", "rounded"), [("0.005", "0.01"), ("2.675", "2.68"), ("1", "1.00")])
def test_cents_round_half_up(amount: str, rounded: str) -> None:
    assert str(cents(amount)) == rounded


@given(st.decimals("0", "99999", places=2), st.integers(0, 100))
def test_a_percentage_and_its_rest_make_the_whole_to_a_cent(amount: Decimal, percent: int) -> None:
    part, rest = percent_of(amount, percent), percent_of(amount, 100 - percent)

    assert abs(part + rest - amount) <= Decimal("0.01")
    assert whole_rand(amount) == whole_rand(amount).to_integral_value()


@pytest.mark.parametrize(("typed", "amount"), AMOUNTS["typed, rand"])
def test_an_amount_is_read_as_people_type_it(typed: str, amount: str) -> None:
    assert read_amount(typed) == Decimal(amount)


@pytest.mark.parametrize("typed", AMOUNTS["no amount"])
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):
        read_amount(typed)


@given(st.decimals(min_value=-10_000, max_value=10_000, places=2))
def test_what_is_written_can_be_read(amount: Decimal) -> None:
    assert read_amount(format_zar(amount)) == amount
