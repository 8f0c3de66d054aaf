import pytest

from bookings.base.phones import COUNTRIES, calling_code, phone_country, read_phone, read_phones
from bookings.tests.base import examples

TABLES = examples("phones")


@pytest.mark.parametrize(("typed", "country", "number"), TABLES["typed, country beside it, E.164"])
def test_one_number_however_it_is_typed(typed: str, country: str, number: str) -> None:
    assert read_phone(typed, country) == number


@pytest.mark.parametrize(("typed", "country", "number"), TABLES["typed, country beside it, E.164"])
def test_a_number_is_looked_for_in_every_form(typed: str, country: str, number: str) -> None:
    assert number in read_phones(typed)


@pytest.mark.parametrize("typed", TABLES["no number"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):
        read_phone(typed)


@pytest.mark.parametrize("text", ["", "Nkosi", "AB12CD34", "12", "2026-12-25 x"])
def test_what_is_no_number_is_not_looked_for_as_one(text: str) -> None:
    assert read_phones(text) == set()


def test_a_number_says_its_country() -> None:
    assert [phone_country(number) for number in ("+27821234567", "+263772123456", "", "x")] == [
        "ZA",
        "ZW",
        "",
        "",
    ]
    assert [calling_code(country) for country in COUNTRIES][:2] == ["+27", "+267"]
