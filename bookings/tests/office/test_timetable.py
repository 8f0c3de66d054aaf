"""A manager fills a timetable in the office, looks at what it changes, publishes it, and it is sold."""

import re
from datetime import date

import pytest
from django.test import Client

from bookings.domain.timetable.generate import generate_departures
from bookings.models import DraftChange, Route, RouteStop, Schedule, Service, TimetableDraft
from bookings.tests.domain.timetable.test_generate import make_service
from bookings.tests.make import (
    make_booking,
    make_fare_classes,
    make_layout,
    make_passenger_types,
    make_stop,
    make_user,
)
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
PAGE = "/office/timetable/"
LINES = """Stop\tArrives\tDeparts\tkm
upington-main\t\t22:00\t0
Kimberley\t02:10\t02:30\t400
welkom-main\t05:15\t\t640,5"""


def new_route(manager: StaffClient) -> str:
    return manager.get(f"{PAGE}routes/new/")["Location"]


def grid(*rows: tuple[str, ...]) -> dict[str, str]:
    """Rows of stop, arrive, depart, km as the grid posts them."""
    form = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": "0", "action": "save", "seen": "0"}
    for number, row in enumerate(rows):
        form |= {
            f"form-{number}-{name}": value
            for name, value in zip(("stop", "arrive", "depart", "km"), row, strict=True)
        }
        form |= {f"form-{number}-may_board": "on", f"form-{number}-may_alight": "on"}
    return form


def posted(html: str, prefix: str = "form-") -> dict[str, str]:
    """The fields of the grid as a browser would send them."""
    inputs = re.findall(r"<input[^>]*>", html)
    form = {}
    for tag in inputs:
        name, value = re.search(rf'name="({prefix}[^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or "checked" in tag):
            form[name[1]] = value[1] if value else "on" if "checkbox" in tag else ""
    return form


@pytest.fixture
def stops(db: None) -> None:
    for name in ("Upington", "Kimberley", "Welkom"):
        make_stop(name)


def test_a_route_is_pasted_published_and_found_by_passengers(manager: StaffClient, stops: None) -> None:
    make_fare_classes()
    make_passenger_types()
    layout = make_layout()
    address = new_route(manager)

    filled = manager.post(address, {"action": "fill", "lines": LINES, "line_code": "UPW"})
    assert filled.status_code == 200
    saved = manager.post(
        address, posted(filled.content.decode()) | {"line_code": "UPW", "since": "+1", "seen": "0"}
    )
    assert saved.status_code == 302
    row = address.rstrip("/").rpartition("/")[2]
    service = manager.get(f"{PAGE}routes/{row}/services/new/")["Location"]
    form = {"departs": "22:00", "weekdays": "daily", "starts_on": "+1", "layout": layout.pk, "price": "500"}
    answer = manager.post(service, form | {"route": row, "seen": "0"}, follow=True)
    page = answer.content.decode()
    assert "<b>59</b>" in page  # departures appear
    assert "UPW Upington – Welkom" in page
    assert not Schedule.objects.exists()

    draft = TimetableDraft.objects.get()
    done = manager.post(f"{PAGE}drafts/{draft.pk}/publish/", {"seen": draft.version}, follow=True)

    assert "59 departures are new" in done.content.decode()
    calls = RouteStop.objects.filter(route=Route.objects.get()).order_by("position")
    assert list(calls.values_list("arrive_min", "depart_min", "may_board", "may_alight")) == [
        (0, 0, True, False),
        (250, 270, True, True),
        (435, 435, False, True),
    ]
    found = Client().get("/search/?from=kimberley&to=welkom&date=2026-12-04", follow=True).content.decode()
    assert "02:30" in found
    assert "UPW" in found


def test_each_cell_tells_its_mistake_and_everything_stays(manager: StaffClient, stops: None) -> None:
    address = new_route(manager)
    rows = (("Uppington", "", "22h", "0"), ("Kimberley", "21:00", "x", "-3"), ("Welkom", "05:15", "", "640"))

    answer = manager.post(address, grid(*rows) | {"line_code": "UPW", "since": "+1"})

    page = answer.content.decode()
    assert answer.status_code == 422
    told = ("could not find the place “Uppington”", "It must not be before 22:00")
    for text in (*told, 'value="Uppington"', 'value="-3"'):
        assert text in page
    assert not DraftChange.objects.exists()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("Upington", "", "22:00", "0")], "at least two stops"),
        ([("Upington", "", "22:00", "0"), ("Welkom", "22:00", "", "5")], "later and further"),
        ([("Upington", "", "22:00", "5"), ("Welkom", "23:00", "", "4")], "cannot decrease"),
        ([("", "", "22:00", "5"), ("Welkom", "23:00", "", "9")], "Which stop?"),
        ([("Upington", "", "", "5"), ("Welkom", "23:00", "", "9")], "When?"),
    ],
)
def test_a_route_that_cannot_be_driven_is_refused(
    manager: StaffClient, stops: None, rows: list, words: str
) -> None:
    answer = manager.post(new_route(manager), grid(*rows) | {"line_code": "UPW", "since": "+1"})

    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_the_way_back_has_the_same_times_between_the_stops(manager: StaffClient) -> None:
    route = make_service().route
    calls = list(route.calls.order_by("position"))

    answer = manager.get(f"{PAGE}routes/new/?reverse={route.pk}", follow=True)

    form = posted(answer.content.decode())
    assert form["form-0-stop"] == calls[-1].stop.code
    assert form["form-0-depart"] == "08:00"
    last = f"form-{len(calls) - 1}"
    assert form[f"{last}-stop"] == calls[0].stop.code
    assert form[f"{last}-km"] == f"{calls[-1].km.normalize():f}"


def test_the_second_manager_is_told_and_loses_nothing(manager: StaffClient) -> None:
    service = make_service()
    address = f"{PAGE}services/{service.pk}/"
    form = {
        "departs": "09:00",
        "weekdays": "1-5",
        "starts_on": "2026-01-01",
        "layout": service.layout_id,
        "price": "480",
        "since": "+1",
        "seen": "0",
    }
    manager.post(address, form)
    draft = TimetableDraft.objects.get()
    other = StaffClient()
    other.force_login(make_user(role="manager", first_name="Sipho", last_name="Zulu"))
    other.post(f"{PAGE}drafts/{draft.pk}/choose/")

    answer = other.post(address, form | {"price": "530"})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Priya Naidoo changed this" in page
    assert 'value="530"' in page
    seen = re.search(r'name="seen" value="(\d+)"', page)
    assert seen
    other.post(address, form | {"price": "530", "seen": seen[1]})
    assert DraftChange.objects.last().data["price"] == "530.00"


def test_a_form_sent_twice_is_one_step(manager: StaffClient, stops: None) -> None:
    address = new_route(manager)
    rows = (("Upington", "", "22:00", "0"), ("Welkom", "05:15", "", "640"))

    for _click in range(2):
        answer = manager.post(address, grid(*rows) | {"line_code": "UPW", "since": "+1"})

    assert answer.status_code == 302
    assert DraftChange.objects.count() == 1


def test_steps_are_left_out_undone_and_dropped(manager: StaffClient) -> None:
    service = make_service()
    generate_departures(days=3)
    form = {"departs": "09:00", "weekdays": "daily", "starts_on": "2026-01-01", "price": "480", "since": "+1"}
    manager.post(f"{PAGE}services/{service.pk}/", form | {"layout": service.layout_id, "seen": "0"})
    draft = TimetableDraft.objects.get()
    page = f"{PAGE}drafts/{draft.pk}/"

    manager.post(f"{page}leave-out/", {"subject": f"service:{service.pk}", "number": "1"})
    assert "This draft is empty." in manager.get(page).content.decode()
    manager.post(f"{page}undo/", {"number": "2"})
    assert "08:00" in manager.get(page).content.decode()
    stale = manager.post(f"{page}publish/", {"seen": "1"})
    assert stale.status_code == 409
    assert "changed since you looked" in stale.content.decode()
    manager.post(f"{page}drop/")
    assert manager.post(f"{page}publish/", {"seen": "2"}).status_code == 409
    assert Service.objects.get().departs_min == 480


def test_departures_with_passengers_are_listed_with_their_money(manager: StaffClient) -> None:
    make_fare_classes()
    make_passenger_types()
    service = make_service(weekdays=0b0010000)
    generate_departures(first_day=date(2026, 12, 1), days=30)
    sold = Schedule.objects.order_by("departure_time")[0]
    make_booking(schedule=sold, names=("Thandi Nkosi", "Sipho Nkosi"))
    form = {"departs": "09:00", "weekdays": "fri", "starts_on": "2026-01-01", "price": "480", "since": "+1"}

    answer = manager.post(
        f"{PAGE}services/{service.pk}/", form | {"layout": service.layout_id, "seen": "0"}, follow=True
    )

    page = answer.content.decode()
    for text in ("Fri 4 Dec 2026, 08:00", "2 passengers", "R1 200", "09:00"):
        assert text.replace("R1 200", "R1\u00a0200") in page


def test_auditors_look_and_clerks_do_not(auditor: StaffClient, clerk: StaffClient) -> None:
    service = make_service()
    address = f"{PAGE}services/{service.pk}/"

    assert "Save in the draft" not in auditor.get(address).content.decode()
    assert auditor.post(address).status_code == 403
    assert clerk.get(PAGE).status_code == 403


def test_public_holidays_are_entered_before_anything_is_saved(manager: StaffClient) -> None:
    service = make_service()
    form = {"departs": "08:00", "weekdays": "mon-fri", "starts_on": "2026-12-01", "ends_on": "2026-12-31"}
    form |= {"layout": service.layout_id, "price": "480", "since": "+1", "seen": "0"}
    form |= {"holidays": "not", "runs_not": "2026-12-18", "action": "holidays"}

    answer = manager.post(f"{PAGE}services/{service.pk}/", form)

    assert answer.status_code == 200
    assert "2026-12-16\n2026-12-18\n2026-12-25</textarea>" in answer.content.decode()
    assert not DraftChange.objects.exists()


def test_a_dispatcher_changes_single_days_and_nothing_else(
    dispatcher: StaffClient, manager: StaffClient
) -> None:
    service = make_service()
    generate_departures(days=5)
    address = f"{PAGE}services/{service.pk}/"
    form = {"departs": "05:00", "weekdays": "sun", "price": "1", "runs_not": "2026-12-03", "seen": "0"}

    answer = dispatcher.post(address, form | {"since": "+1", "action": "save"}, follow=True)

    data = DraftChange.objects.get().data
    assert (data["departs_min"], data["weekdays"], data["price"]) == (480, 127, "500.00")
    assert data["runs_not"] == ["2026-12-03"]
    assert "Publish" in answer.content.decode()
    draft = TimetableDraft.objects.get()
    dispatcher.post(f"{PAGE}drafts/{draft.pk}/publish/", {"seen": draft.version})
    assert not Schedule.objects.filter(service_date=date(2026, 12, 3)).exists()
    assert dispatcher.post(f"{PAGE}services/new-abc/", form | {"route": service.route_id}).status_code == 403
    manager.post(address, form | {"starts_on": "2026-01-01", "layout": service.layout_id, "since": "+1"})
    of_manager = TimetableDraft.objects.latest("pk")
    refused = dispatcher.post(f"{PAGE}drafts/{of_manager.pk}/publish/", {"seen": of_manager.version})
    assert "Only managers can work on drafts of other people." in refused.content.decode()


def test_a_season_is_copied_to_the_same_weekdays_of_the_next(manager: StaffClient) -> None:
    service = make_service(starts_on=date(2026, 12, 7), ends_on=date(2027, 1, 10))

    answer = manager.get(f"{PAGE}routes/{service.route_id}/services/new/?copy={service.pk}", follow=True)

    page = answer.content.decode()
    assert 'value="2027-12-06"' in page
    assert 'value="2028-01-09"' in page
