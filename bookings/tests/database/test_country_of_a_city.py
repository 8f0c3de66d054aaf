"""Cities that were there before get their country when the database is migrated."""

from importlib import import_module

import pytest
from django.apps import apps

from bookings.models import City
from bookings.tests.make import make_city, make_stop

pytestmark = pytest.mark.django_db


def test_a_city_gets_its_country_from_its_place_or_that_of_a_stop() -> None:
    cities = [make_city(name, country="") for name in ("Maputo", "Maseru", "Nowhere", "Gaborone")]
    City.objects.filter(name="Maputo").update(latitude="-25.97", longitude="32.57")
    stop = make_stop(cities[1])
    stop.latitude, stop.longitude = "-29.31", "27.48"
    stop.save()
    City.objects.filter(name="Gaborone").update(country="ZZ", latitude="-24.63", longitude="25.92")

    import_module("bookings.migrations.0007_country_of_a_city").fill(apps, None)

    assert dict(City.objects.values_list("name", "country")) == {
        "Maputo": "MZ",
        "Maseru": "LS",
        "Nowhere": "",
        "Gaborone": "ZZ",  # what somebody entered stays
    }
