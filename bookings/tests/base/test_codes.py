import pytest

from bookings.base.codes import (
    CROCKFORD,
    TICKET_LETTERS,
    is_old_ticket_code,
    is_ticket_code,
    new_ticket_code,
    normal_code,
    random_code,
    random_token,
    read_scan,
)
from bookings.tests.base import examples

TABLES = examples("codes")


@pytest.mark.parametrize(("typed", "code"), TABLES["reference or spoken code: typed, kept"])
def test_a_code_is_read_in_any_dress(typed: str, code: str) -> None:
    assert normal_code(typed) == code


@pytest.mark.parametrize(("sent", "code"), TABLES["what a scanner sends: sent, kept"])
def test_what_a_scanner_sends_is_read_whatever_it_adds(sent: str, code: str) -> None:
    assert read_scan(sent) == code


def test_codes_survive_being_spoken() -> None:
    code = random_code(8)

    assert set(code) <= set(CROCKFORD)
    assert normal_code(f" {code[:4].lower()}-{code[4:]} ") == code


def test_any_letter_may_stand_at_any_place_of_a_code() -> None:
    codes = [random_code(2) for _time in range(2000)]  # a letter is missing once in 10^26

    assert {len(code) for code in codes} == {2}
    assert {code[0] for code in codes} == {code[1] for code in codes} == set(CROCKFORD)


def test_a_ticket_code_survives_every_keyboard() -> None:
    codes = {new_ticket_code() for _ticket in range(50)}

    assert len(codes) == 50
    assert all(len(code) == 34 and set(code) <= set(TICKET_LETTERS) for code in codes)
    assert all(read_scan(code.lower()) == read_scan(code.swapcase() * 2) == code for code in codes)
    assert all(is_ticket_code(code) and not is_old_ticket_code(code) for code in codes)


def test_an_old_ticket_code_stays_as_it_is() -> None:
    codes = [f"FBL1.{random_token()}" for _ticket in range(50)]

    assert [read_scan(f"{code} \r\n") for code in codes] == codes
    assert all(is_old_ticket_code(code.swapcase()) for code in codes)
    assert not is_ticket_code("FB1T23")
