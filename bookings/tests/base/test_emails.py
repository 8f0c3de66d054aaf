import pytest

from bookings.base.emails import plain_email, read_email, suggest_email
from bookings.tests.base import examples

TABLES = examples("emails")


@pytest.mark.parametrize(("typed", "address"), TABLES["typed, read"])
def test_what_is_pasted_unseen_is_no_part_of_an_address(typed: str, address: str) -> None:
    assert read_email(typed) == address
    assert plain_email(typed) == address.lower()


@pytest.mark.parametrize(("address", "meant"), TABLES["address, what was probably meant"])
def test_a_slip_in_the_name_of_a_provider_is_noticed(address: str, meant: str) -> None:
    assert suggest_email(address) == meant
