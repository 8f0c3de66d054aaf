"""The country of a city comes from the map, then from the agency, and is never guessed from a time zone."""

from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from bookings.domain.timetable.trip_facts import crosses_border
from bookings.models import Booking, City
from bookings.tests.domain.timetable.gtfs.feeds import GOOD, import_small
from bookings.tests.domain.timetable.gtfs.test_importing import schedule, sell

pytestmark = pytest.mark.django_db

BORDER = GOOD["stops.txt"].replace("-29.12,26.22", "-25.45,31.95").replace("-33.92,18.42", "-25.97,32.57")
BARE = "stop_id,stop_name\nA,Aandster\nB,Bergdal\nC,Cilliers\n"
AGENCY = (
    "agency_id,agency_name,agency_url,agency_timezone,agency_lang,agency_phone\n"
    "F,Feed,https://example.org,Africa/Johannesburg,{},{}\n"
)


def countries() -> dict[str, str]:
    return dict(City.objects.values_list("name", "country"))


def test_the_map_decides_not_the_clock(tmp_path: Path) -> None:
    import_small(tmp_path, {"stops.txt": BORDER})
    sell(schedule("T1:2026-12-07:0"))

    assert countries() == {"Aandster": "ZA", "Bergdal": "ZA", "Cilliers": "MZ"}
    booking = Booking.objects.get()
    assert crosses_border(booking.from_stop, booking.to_stop) is True


@pytest.mark.parametrize(("lang", "phone"), [("en-ZA", ""), ("en_za", ""), ("en", "+27 11 774 4555")])
def test_without_a_map_the_agency_decides_which_is_told(tmp_path: Path, lang: str, phone: str) -> None:
    report = import_small(tmp_path, {"stops.txt": BARE, "agency.txt": AGENCY.format(lang, phone)})

    assert set(countries().values()) == {"ZA"}
    assert report.written.notes[0] == (
        "3 cities have no coordinates and are taken to be in ZA, the agency's country."
    )


@pytest.mark.parametrize(("lang", "phone"), [("", ""), ("en", "011 774 4555"), ("english", "none")])
def test_a_country_that_nobody_says_stays_empty_which_is_told(tmp_path: Path, lang: str, phone: str) -> None:
    report = import_small(tmp_path, {"stops.txt": BARE, "agency.txt": AGENCY.format(lang, phone)})

    assert set(countries().values()) == {""}
    assert "3 cities have no country" in report.written.notes[0]
    assert "Aandster, Bergdal, Cilliers" in report.written.notes[0]


def test_what_staff_entered_stays(tmp_path: Path) -> None:
    import_small(tmp_path)
    City.objects.filter(name="Bergdal").update(country="LS")
    City.objects.filter(name="Cilliers").update(country="")

    import_small(tmp_path)

    assert countries() == {"Aandster": "ZA", "Bergdal": "LS", "Cilliers": "ZA"}


@pytest.mark.parametrize("country", ["za", "Z", "ZAF"])
def test_a_country_is_two_capital_letters(country: str) -> None:
    with pytest.raises(ValidationError):
        City(name="X", slug="x", country=country).clean_fields()
    if len(country) < 3:
        with pytest.raises(IntegrityError), transaction.atomic():
            City.objects.create(name="X", slug="x", country=country)


def test_another_import_finds_a_changed_name_in_the_same_country(tmp_path: Path) -> None:
    import_small(tmp_path)

    import_small(tmp_path, {"stops.txt": GOOD["stops.txt"].replace("Bergdal", "Bergville")})

    assert countries()["Bergville"] == "ZA"
