"""Stops and cities are made and changed in the office, each change with who made it."""

import pytest

from bookings.models import AuditEntry, City, PlaceName, Stop
from bookings.tests.make import make_stop
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
PAGE = "/office/timetable/stops/"
STOP = {"country": "za", "time_zone": "Africa/Johannesburg"}
NAMES = {"names-TOTAL_FORMS": "2", "names-INITIAL_FORMS": "0"}


def test_a_stop_makes_its_city_and_gets_a_code(manager: StaffClient) -> None:
    for name in ("", "Big Tree"):
        answer = manager.post(f"{PAGE}new/", STOP | {"city": "Upington", "name": name}, follow=True)

    city = City.objects.get(slug="upington")
    assert (city.name, city.slug, city.country) == ("Upington", "upington", "ZA")
    assert list(Stop.objects.order_by("pk").values_list("code", "name")) == [
        ("upington", "Upington"),
        ("upington-big-tree", "Big Tree"),
    ]
    assert "as upington-big-tree" in answer.content.decode()
    assert set(AuditEntry.objects.values_list("actor", flat=True)) == {manager.user.pk}
    assert "Big Tree" in manager.get(f"{PAGE}?q=uping").content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"city": "!"}, "contains letters"),
        ({"code": "known-main"}, "Another stop has this code"),
        ({"time_zone": "Mars/Base"}, "Unknown time zone"),
        ({"latitude": "-28"}, "both the latitude"),
        ({"latitude": "-99", "longitude": "20"}, "between -90 and 90"),
        ({"country": "South Africa"}, "Enter a valid value"),
    ],
)
def test_what_is_wrong_with_a_stop_is_told_and_stays(manager: StaffClient, wrong: dict, words: str) -> None:
    make_stop("Known")

    answer = manager.post(f"{PAGE}new/", STOP | {"city": "Upington", "name": "Depot"} | wrong)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert 'value="Depot"' in page
    assert Stop.objects.count() == 1


def test_a_city_is_found_by_its_other_names_and_the_change_is_kept(manager: StaffClient) -> None:
    stop = make_stop("Gqeberha")
    names = NAMES | {"names-0-name": "Port Elizabeth", "names-0-kind": "former", "names-1-kind": "former"}
    form = {"name": "Gqeberha", "country": "ZA", "latitude": "-33.96", "longitude": "25.60"}

    manager.post(f"/office/timetable/cities/{stop.city_id}/", form | names)

    assert PlaceName.objects.get().city_id == stop.city_id
    entry = AuditEntry.objects.get()
    assert (entry.before["other_names"], entry.after["other_names"]) == ("", "Port Elizabeth")
    assert entry.after["latitude"] == "-33.96"
    manager.post(
        f"/office/timetable/cities/{stop.city_id}/",
        form | NAMES | {"names-0-kind": "former", "names-1-kind": "former"},
    )
    assert not PlaceName.objects.exists()


def test_a_name_that_is_there_twice_is_refused(manager: StaffClient) -> None:
    stop = make_stop("Gqeberha")
    names = NAMES | {
        f"names-{number}-{key}": value
        for number in (0, 1)
        for key, value in (("name", "PE"), ("kind", "nickname"))
    }

    answer = manager.post(f"{PAGE}{stop.pk}/", {"name": "Depot", "time_zone": "Africa/Johannesburg"} | names)

    assert answer.status_code == 422
    assert "is entered twice" in answer.content.decode()
    stop.refresh_from_db()
    assert stop.name == "Gqeberha station"
