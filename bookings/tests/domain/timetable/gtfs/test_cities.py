"""Which stops belong to which city: by name, station and nearness, never by name alone."""

from decimal import Decimal
from pathlib import Path

import pytest

from bookings.domain.network.places import get_place
from bookings.models import City, Stop
from bookings.tests.domain.timetable.gtfs.feeds import GOOD, import_small
from bookings.tests.make import make_city, make_place_name

pytestmark = pytest.mark.django_db

STOPS = "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
CITIES = "C,Cilliers,-33.92,18.42,,\n"


def city_of(source_id: str, source: str = "small") -> str:
    return Stop.objects.get(source=source, source_id=source_id).city.slug


def place_city(name: str, latitude: str, longitude: str) -> City:
    city = make_city(name)
    city.latitude, city.longitude = Decimal(latitude), Decimal(longitude)
    city.save()
    return city


def test_two_sides_of_a_road_are_one_city_and_found_by_name(tmp_path: Path) -> None:
    import_small(
        tmp_path,
        {"stops.txt": f"{STOPS}A,Teen Gebou,-26.2,28.05,,\nB,Teen  gebou,-26.2003,28.0501,,\n{CITIES}"},
    )

    place = get_place("teen-gebou")
    assert city_of("A") == city_of("B") == "teen-gebou"
    assert set(place.stop_ids) == set(
        Stop.objects.filter(source_id__in=["A", "B"]).values_list("pk", flat=True)
    )


def test_stops_of_one_name_far_apart_are_two_cities(tmp_path: Path) -> None:
    import_small(
        tmp_path,
        {
            "stops.txt": (
                f"{STOPS}A,Market,-26.2,28.05,,\nB,Market,-29.1,26.2,,\nB2,Market,-29.11,26.2,,\n{CITIES}"
            )
        },
    )

    assert (city_of("A"), city_of("B"), city_of("B2")) == ("market", "market-2", "market-2")


@pytest.mark.parametrize("first", [True, False])
def test_a_stop_on_no_map_belongs_to_neither_of_two_namesakes(tmp_path: Path, first: bool) -> None:
    rows = ["X,Market,,,,\n", "A,Market,-26.2,28.05,,\nB,Market,-29.1,26.2,,\n"]

    import_small(tmp_path, {"stops.txt": STOPS + "".join(rows if first else rows[::-1]) + CITIES})

    assert {city_of("A"), city_of("B"), city_of("X")} == {"market", "market-2", "market-3"}


@pytest.mark.parametrize("first", [True, False])
def test_a_stop_on_no_map_belongs_to_the_one_city_of_its_name(tmp_path: Path, first: bool) -> None:
    rows = ["X,Aandster,,,,\n", "A,Aandster,-26.2,28.05,,\nB,Bergdal,-29.1,26.2,,\n"]

    import_small(tmp_path, {"stops.txt": STOPS + "".join(rows if first else rows[::-1]) + CITIES})

    assert city_of("X") == city_of("A") == "aandster"


def test_stops_of_a_station_belong_to_its_city(tmp_path: Path) -> None:
    rows = (
        "S,Grand Station,-26.2,28.05,1,\nA,Bay 1,-26.2,28.05,0,S\nB,Bay 2,-26.2,28.06,0,S\n"
        "E,Gate,-26.2,28.05,2,S\n"
    )

    report = import_small(tmp_path, {"stops.txt": f"{STOPS}{rows}{CITIES}"})

    assert city_of("A") == city_of("B") == "grand-station"
    assert sorted(Stop.objects.values_list("source_id", flat=True)) == ["A", "B", "C"]
    assert Stop.objects.get(source_id="A").name == "Bay 1"
    assert report.problems.count == 0


def test_a_station_that_is_called_at_is_a_stop(tmp_path: Path) -> None:
    import_small(
        tmp_path, {"stops.txt": f"{STOPS}A,Grand Station,-26.2,28.05,1,\nB,Bay,-29.1,26.2,0,A\n{CITIES}"}
    )

    assert city_of("A") == city_of("B") == "grand-station"


def test_a_parent_that_is_no_station_is_reported(tmp_path: Path) -> None:
    report = import_small(
        tmp_path, {"stops.txt": f"{STOPS}A,Aandster,-26.2,28.05,0,X\nB,Bergdal,-29.1,26.2,0,A\n{CITIES}"}
    )

    assert report.problems.lines == [
        "stops.txt:2: parent station X is not a station of this file",
        "stops.txt:3: parent station A is not a station of this file",
    ]
    assert city_of("A") == "aandster"


def test_a_city_of_ours_near_by_is_the_same_city(tmp_path: Path) -> None:
    ours = place_city("Aandster", "-26.10", "28.00")

    import_small(tmp_path)

    assert Stop.objects.get(source_id="A").city == ours
    assert City.objects.count() == 3


def test_a_city_of_ours_with_that_name_elsewhere_is_another_city(tmp_path: Path) -> None:
    place_city("Aandster", "52.5", "13.4")

    import_small(tmp_path)

    assert city_of("A") == "aandster-2"


def test_a_city_of_ours_without_a_place_on_the_map_is_left_alone(tmp_path: Path) -> None:
    ours = make_city("Aandster")

    import_small(tmp_path)

    assert city_of("A") == "aandster-2"
    assert not ours.stops.exists()


def test_another_name_with_the_same_slug_is_another_city(tmp_path: Path) -> None:
    import_small(
        tmp_path, {"stops.txt": f"{STOPS}A,Bad-Ems,-26.2,28.05,,\nB,Bad Ems,-26.2,28.05,,\n{CITIES}"}
    )

    assert (city_of("A"), city_of("B")) == ("bad-ems", "bad-ems-2")


def test_two_feeds_share_the_cities_they_share_and_no_others(tmp_path: Path) -> None:
    import_small(tmp_path, name="one.zip")
    import_small(
        tmp_path,
        {"stops.txt": GOOD["stops.txt"].replace("B,Bergdal,-29.12,26.22", "B,Bergdal,50.1,8.6")},
        name="two.zip",
        accept={"same-feed"},
    )

    assert (city_of("A", "one"), city_of("A", "two")) == ("aandster", "aandster")
    assert (city_of("B", "one"), city_of("B", "two")) == ("bergdal", "bergdal-2")
    assert get_place("bergdal").stop_ids == (Stop.objects.get(source="one", source_id="B").pk,)


def test_stops_without_places_stay_in_their_cities_at_the_next_import(tmp_path: Path) -> None:
    bare = {"stops.txt": "stop_id,stop_name\nA,Aandster\nB,Bergdal\nC,Cilliers\n"}
    import_small(tmp_path, bare)

    again = import_small(tmp_path, bare)

    assert again.written.counts["cities"].new == 0
    assert City.objects.count() == 3


def test_cities_and_codes_have_slugs_whatever_their_names(tmp_path: Path) -> None:
    import_small(
        tmp_path,
        {
            "stops.txt": (
                f"{STOPS}A,München Süd,48.1,11.5,,\nB,東京,35.7,139.7,,\nb,Ñandú 🚌,-26,28,,\n{CITIES}"
            )
        },
    )

    assert sorted(City.objects.values_list("slug", flat=True)) == [
        "cilliers",
        "munchen-sud",
        "nandu",
        "small",
    ]
    assert sorted(Stop.objects.values_list("code", flat=True)) == [
        "small-a",
        "small-b",
        "small-b-2",
        "small-c",
    ]


def test_very_long_names_are_cut_to_fit(tmp_path: Path) -> None:
    name = "Llanfair" * 40

    import_small(tmp_path, {"stops.txt": f"{STOPS}A,{name},48.1,11.5,,\nB,Bergdal,-29.1,26.2,,\n{CITIES}"})
    again = import_small(
        tmp_path, {"stops.txt": f"{STOPS}A,{name},48.1,11.5,,\nB,Bergdal,-29.1,26.2,,\n{CITIES}"}
    )

    assert Stop.objects.get(source_id="A").name == name[:160]
    assert (again.written.counts["cities"].new, again.written.counts["stops"].changed) == (0, 0)


@pytest.mark.parametrize("name", ["Port Elizabeth", "PORT-ELIZABETH", "Gqeberha"])
def test_a_city_is_known_by_another_name_within_reach(tmp_path: Path, name: str) -> None:
    make_place_name(place_city("Gqeberha", "-33.96", "25.61"), "Port Elizabeth")

    import_small(
        tmp_path, {"stops.txt": f"{STOPS}A,{name},-33.961,25.612,,\nB,Hills,-26.2,28.05,,\n{CITIES}"}
    )

    assert city_of("A") == "gqeberha"
    assert not City.objects.filter(name__in=["Port Elizabeth", "PORT-ELIZABETH"]).exists()


def test_a_namesake_of_another_name_far_away_is_a_city_of_its_own(tmp_path: Path) -> None:
    make_place_name(place_city("Gqeberha", "-33.96", "25.61"), "Port Elizabeth")

    import_small(
        tmp_path, {"stops.txt": f"{STOPS}A,Port Elizabeth,13.0,-61.2,,\nB,Hills,-26.2,28.05,,\n{CITIES}"}
    )

    assert city_of("A") == "port-elizabeth"


def test_a_citys_own_name_goes_before_another_ones_other_name(tmp_path: Path) -> None:
    make_place_name(place_city("Gqeberha", "-33.96", "25.61"), "Walmer")
    place_city("Walmer", "-33.98", "25.58")

    import_small(
        tmp_path, {"stops.txt": f"{STOPS}A,Walmer,-33.961,25.611,,\nB,Hills,-26.2,28.05,,\n{CITIES}"}
    )

    assert city_of("A") == "walmer"
