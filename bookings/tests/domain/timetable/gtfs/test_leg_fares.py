"""Fares v2: what an adult pays between two areas is read, what depends on more is reported."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bookings.domain.timetable.gtfs.questions import ConsentNeeded
from bookings.models import Fare
from bookings.tests.domain.timetable.gtfs.feeds import GOOD, import_small
from bookings.tests.domain.timetable.gtfs.test_fares import fares
from bookings.tests.make import make_fare_classes, make_passenger_types

pytestmark = pytest.mark.django_db

PRODUCTS = "fare_product_id,fare_product_name,amount,currency\n"
RULES = "leg_group_id,network_id,from_area_id,to_area_id,fare_product_id\n"
AREAS = {
    "areas.txt": "area_id,area_name\nnorth,North\nsouth,South\n",
    "stop_areas.txt": "area_id,stop_id\nnorth,A\nnorth,B\nsouth,C\n",
}


@pytest.fixture(autouse=True)
def _terms() -> None:
    make_fare_classes()
    make_passenger_types()


def v2(products: str, rules: str, **files: str) -> dict[str, Any]:
    return {"fare_products.txt": PRODUCTS + products, "fare_leg_rules.txt": rules} | {
        f"{name}.txt": text for name, text in files.items()
    }


def test_one_price_for_every_trip(tmp_path: Path) -> None:
    report = import_small(tmp_path, v2("single,Single,450.00,ZAR\n", f"{RULES},,,,single\n"))

    assert fares() == dict.fromkeys(["AB", "AC", "BC"], Decimal(450))
    assert (report.problems.count, report.questions) == (0, ())


def test_prices_by_area(tmp_path: Path) -> None:
    rules = f"{RULES},,north,north,short\n,,north,south,long\n"

    import_small(tmp_path, v2("short,Short,120,ZAR\nlong,Long,900,zar\n", rules) | AREAS)

    assert fares() == {"AB": Decimal(120), "AC": Decimal(900), "BC": Decimal(900)}


def test_an_empty_area_is_where_no_rule_names_one(tmp_path: Path) -> None:
    rules = f"{RULES},,north,south,long\n,,,,rest\n"

    import_small(tmp_path, v2("long,Long,900,ZAR\nrest,Rest,10,ZAR\n", rules) | AREAS)

    assert fares() == {"AC": Decimal(900), "BC": Decimal(900)}


def test_the_highest_priority_holds_and_of_it_the_cheapest(tmp_path: Path) -> None:
    rules = (
        RULES.strip()
        + ",rule_priority\n,,,,rest,\n,,north,south,long,2\n,,north,south,promo,2\n,,north,,low,1\n"
    )
    products = "rest,R,10,ZAR\nlong,L,900,ZAR\npromo,P,800,ZAR\nlow,W,50,ZAR\n"

    import_small(tmp_path, v2(products, rules) | AREAS)

    assert fares() == {"AB": Decimal(50), "AC": Decimal(800), "BC": Decimal(800)}


@pytest.mark.parametrize("in_routes", [True, False])
def test_prices_by_network(tmp_path: Path, in_routes: bool) -> None:
    files = v2("fast,Fast,700,ZAR\nslow,Slow,300,ZAR\n", f"{RULES},express,,,fast\n,local,,,slow\n")
    if in_routes:
        header, row, _end = GOOD["routes.txt"].split("\n")
        files["routes.txt"] = f"{header},network_id\n{row},express\n"
    else:
        files |= {
            "networks.txt": "network_id,network_name\nexpress,Express\nlocal,Local\n",
            "route_networks.txt": "network_id,route_id\nexpress,R1\n",
        }

    import_small(tmp_path, files)

    assert set(fares().values()) == {Decimal(700)}


def test_an_area_of_a_station_holds_for_its_bays(tmp_path: Path) -> None:
    stops = (
        "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
        "S,Aandster,-26.20,28.05,1,\nA,Bay 1,-26.20,28.05,,S\n"
        "B,Bergdal,-29.12,26.22,,\nC,Cilliers,-33.92,18.42,,\n"
    )
    areas = AREAS | {"stop_areas.txt": "area_id,stop_id\nnorth,S\nsouth,C\n"}

    import_small(tmp_path, v2("l,L,900,ZAR\n", f"{RULES},,north,south,l\n") | areas | {"stops.txt": stops})

    assert fares() == {"AC": Decimal(900)}


def test_what_cannot_be_sold_here_is_reported_and_left_out(tmp_path: Path) -> None:
    rules = (
        "network_id,from_area_id,to_area_id,from_timeframe_group_id,fare_product_id\n"
        ",,,,single\n,,,peak,dear\n,,,,dollars\n,,,,gone\n,,,,pupil\n"
    )
    products = (
        "fare_product_id,fare_product_name,rider_category_id,amount,currency\n"
        "single,Single,,450,ZAR\ndear,Dear,,600,ZAR\ndollars,D,,20,USD\npupil,P,pupil,100,ZAR\n"
    )

    report = import_small(
        tmp_path,
        {
            "fare_products.txt": products,
            "fare_leg_rules.txt": rules,
            "rider_categories.txt": "rider_category_id,is_default_fare_category\npupil,0\nadult,1.0\n",
            "fare_transfer_rules.txt": "from_leg_group_id,to_leg_group_id,fare_transfer_type\na,b,0\n",
        },
    )

    assert set(fares().values()) == {Decimal(450)}
    assert report.problems.by_file == {
        "fare_products.txt": 2,
        "fare_leg_rules.txt": 2,
        "fare_transfer_rules.txt": 1,
    }
    assert "fare_leg_rules.txt:3: product dear applies at some times of day only" in report.problems.lines


@pytest.mark.parametrize(
    ("product", "code"), [("single,Single,20,USD\n", "fares-unread"), ("single,Single,0,ZAR\n", "free")]
)
def test_what_would_be_absurd_is_asked(tmp_path: Path, product: str, code: str) -> None:
    with pytest.raises(ConsentNeeded) as needed:
        import_small(tmp_path, v2(product, f"{RULES},,,,single\n"))

    assert [question.code for question in needed.value.questions] == [code]
    assert not Fare.objects.exists()


def test_fares_of_the_older_kind_hold_where_both_are_there(tmp_path: Path) -> None:
    old = {"fare_attributes.txt": "fare_id,price,currency_type,payment_method,transfers\nflat,500,ZAR,0,0\n"}

    import_small(tmp_path, v2("single,Single,450.00,ZAR\n", f"{RULES},,,,single\n") | old)

    assert set(fares().values()) == {Decimal(500)}
