from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from bookings.database.transactions import one_moment
from bookings.models import City
from bookings.tests.make import make_city

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def somebody_adds(name: str) -> None:
    def add() -> None:
        make_city(name)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(add).result(timeout=10)


def test_what_others_write_meanwhile_is_not_seen_and_keeps_nobody_waiting() -> None:
    make_city("Johannesburg")

    with one_moment():
        before = City.objects.count()
        somebody_adds("Cape Town")
        meanwhile = City.objects.count()

    assert (before, meanwhile, City.objects.count()) == (1, 1, 2)
