"""An amount is typed at the counter in as many ways as anywhere else."""

from decimal import Decimal

import pytest

from bookings.office.forms.exchange import ConfirmForm
from bookings.office.forms.tender import TenderForm
from bookings.tests.base import examples

AMOUNTS = examples("amounts")


@pytest.mark.parametrize(("typed", "amount"), AMOUNTS["typed, rand"])
def test_the_cash_given_is_read_as_everywhere(typed: str, amount: str) -> None:
    exchange, sale = ConfirmForm({"submission": "form", "given": typed}), TenderForm({"amount": typed})

    if Decimal(amount) < 0:
        assert "given" in exchange.errors
        assert "amount" in sale.errors
    else:
        assert (exchange.errors.get("given"), sale.errors.get("amount")) == (None, None)
        assert exchange.cleaned_data["given"] == sale.cleaned_data["amount"] == Decimal(amount)


@pytest.mark.parametrize("typed", [typed for typed in AMOUNTS["no amount"] if typed])
def test_what_is_no_amount_is_refused_beside_the_field(typed: str) -> None:
    assert ConfirmForm({"submission": "form", "given": typed}).errors["given"]
