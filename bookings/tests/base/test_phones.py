import pytest

from bookings.base.phones import read_phone


@pytest.mark.parametrize("typed", ["082 123 4567", "+27 82 123 4567", "0027 82 123-4567", "(082) 1234567"])
def test_one_number_however_it_is_typed(typed: str) -> None:
    assert read_phone(typed) == "+27821234567"


def test_a_number_of_another_country() -> None:
    assert read_phone("+44 20 7946 0958") == "+442079460958"


@pytest.mark.parametrize("typed", ["", "082", "call me", "+99 123"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):
        read_phone(typed)
