import pytest

from bookings.tests.make import make_schedule


@pytest.mark.django_db
def test_factory() -> None:
    assert make_schedule().available_seats == 8


@pytest.mark.django_db(transaction=True)
def test_factory_tx() -> None:
    assert make_schedule().available_seats == 8
