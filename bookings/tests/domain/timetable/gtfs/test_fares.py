from decimal import Decimal
from pathlib import Path

import pytest

from bookings.models import Fare, Route, Service
from bookings.tests.domain.timetable.gtfs.feeds import import_small
from bookings.tests.make import make_fare_classes

pytestmark = pytest.mark.django_db

ATTRIBUTES = "fare_id,price,currency_type,payment_method,transfers\n"
RULES = "fare_id,route_id,origin_id,destination_id,contains_id\n"
ZONES = (
    "stop_id,stop_name,stop_lat,stop_lon,zone_id\nA,Aandster,-26.20,28.05,z1\n"
    "B,Bergdal,-29.12,26.22,z2\nC,Cilliers,-33.92,18.42,z3\n"
)


def fares() -> dict[str, Decimal]:
    rows = Fare.objects.select_related("from_stop__stop", "to_stop__stop")
    return {f"{fare.from_stop.stop.source_id}{fare.to_stop.stop.source_id}": fare.amount for fare in rows}


def test_a_fare_in_rand_prices_the_pairs_of_its_zones(tmp_path: Path) -> None:
    make_fare_classes()
    rules = f"{RULES}short,R1,z1,z2,\nshort,R1,z2,z3,\nlong,,z1,z3,\n"

    report = import_small(
        tmp_path,
        {
            "stops.txt": ZONES,
            "fare_attributes.txt": f"{ATTRIBUTES}short,350,ZAR,0,0\nlong,799.90,zar,0,0\n",
            "fare_rules.txt": rules,
        },
    )

    assert fares() == {"AB": Decimal(350), "BC": Decimal(350), "AC": Decimal("799.90")}
    assert {fare.fare_class.code for fare in Fare.objects.all()} == {"standard"}
    assert report.written.counts["fares"].new == 3


def test_the_cheapest_fare_that_covers_a_pair_holds(tmp_path: Path) -> None:
    make_fare_classes()
    rules = f"{RULES}ring,,,,z1\nring,,,,z2\nother,R7,,,\n"

    import_small(
        tmp_path,
        {
            "stops.txt": ZONES,
            "fare_attributes.txt": f"{ATTRIBUTES}flat,500,ZAR,0,0\nring,120,ZAR,0,0\nother,1,ZAR,0,0\n",
            "fare_rules.txt": rules,
        },
    )

    assert fares() == {"AB": Decimal(120), "BC": Decimal(500), "AC": Decimal(500)}


def test_other_currencies_are_reported_and_left_out(tmp_path: Path) -> None:
    make_fare_classes()

    report = import_small(
        tmp_path,
        {
            "fare_attributes.txt": f"{ATTRIBUTES}p,1.25,USD,0,\nq,nan,ZAR,0,\n",
            "fare_rules.txt": f"{RULES}p,R1,,,\nx,R1,,,",
        },
        accept={"fares-unread"},
    )

    assert report.problems.lines == [
        "fare_attributes.txt:2: fare p is in USD, not in rand",
        "fare_attributes.txt:3: “nan” is not an amount",
        "fare_rules.txt:3: fare x is not there",
    ]
    assert not Fare.objects.exists()


def test_a_changed_fare_is_changed_and_an_equal_one_is_not_touched(tmp_path: Path) -> None:
    make_fare_classes()
    import_small(tmp_path, {"fare_attributes.txt": f"{ATTRIBUTES}flat,500,ZAR,0,0\n"})
    before = list(Fare.objects.order_by("pk").values())

    same = import_small(tmp_path, {"fare_attributes.txt": f"{ATTRIBUTES}flat,500.00,ZAR,0,0\n"})
    untouched = list(Fare.objects.order_by("pk").values()) == before
    dearer = import_small(tmp_path, {"fare_attributes.txt": f"{ATTRIBUTES}flat,550,ZAR,0,0\n"})

    assert untouched
    assert (same.written.counts["fares"].new, same.written.counts["fares"].changed) == (0, 0)
    assert (dearer.written.counts["fares"].new, dearer.written.counts["fares"].changed) == (0, 3)
    assert set(fares().values()) == {Decimal(550)}


def test_fares_of_a_company_without_a_fare_class_get_one_with_a_note(tmp_path: Path) -> None:
    report = import_small(tmp_path, {"fare_attributes.txt": f"{ATTRIBUTES}flat,500,ZAR,0,0\n"})

    assert set(fares().values()) == {Decimal(500)}
    assert "There was no fare class: “Standard” with its refund terms was added." in report.written.notes[1]


def test_services_are_priced_by_the_kilometre(tmp_path: Path) -> None:
    import_small(tmp_path, price_per_km=Decimal("0.50"))

    expected = (Route.objects.get().distance_km / 2).quantize(Decimal(1))
    assert Service.objects.get().price_zar == expected
