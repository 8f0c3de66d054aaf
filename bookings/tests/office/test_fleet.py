"""Seat layouts are drawn and coaches kept in the office, each change with who made it."""

from datetime import timedelta

import pytest

from bookings.models import AuditEntry, Bus, Schedule, Seat, SeatLayout
from bookings.tests.make import NOW, make_bus, make_layout, make_schedule
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
FLEET = "/office/fleet/"
LAYOUTS = f"{FLEET}layouts/"
DRAWING = {"name": "Semi 12", "lower": "w...d\naa.ss\nss.ss\nsstss", "rule": "rows", "submission": "one"}
DAYS = {"days-TOTAL_FORMS": "2", "days-INITIAL_FORMS": "0"}
COACH = {"number": "F200", "registration": "fb 200 gp"} | DAYS


def test_a_layout_is_drawn_and_saved_once(manager: StaffClient) -> None:
    for _twice in range(2):
        manager.post(f"{LAYOUTS}new/", DRAWING | {"amenities": ["aircon", "toilet"]})

    layout = SeatLayout.objects.get()
    assert (layout.code, layout.decks, layout.amenities) == ("semi-12", 1, ["aircon", "toilet"])
    assert list(layout.seats.values_list("label", "kind"))[:3] == [
        ("1A", "accessible"), ("1B", "accessible"), ("1C", "standard"),
    ]  # fmt: skip
    assert layout.seats.count() == 12
    assert AuditEntry.objects.get(subject=f"layout:{layout.pk}").after["labels"][0] == "1A 1B 1C 1D"
    page = manager.get(f"{LAYOUTS}{layout.pk}/").content.decode()
    assert "12 seats are sold: 2 accessible, 10 standard" in page
    assert 'class="fixture is-toilet"' in page


def test_a_preview_draws_and_keeps_what_is_typed(manager: StaffClient) -> None:
    answer = manager.post(f"{LAYOUTS}new/", DRAWING | {"preview": "1", "rule": "numbers"})
    typed = manager.post(f"{LAYOUTS}preview/", DRAWING | {"name": "", "rule": "numbers"}).content.decode()
    wrong = manager.post(f"{LAYOUTS}new/", DRAWING | {"lower": "ss.sz"})

    assert not SeatLayout.objects.exists()
    assert "1 2 3 4\n5 6 7 8" in answer.content.decode()
    assert 'hx-swap-oob="true"' in typed
    assert "9 10 11 12" in typed
    assert wrong.status_code == 422
    assert "Deck 1, row 1: “z”" in wrong.content.decode()
    assert "ss.sz</textarea>" in wrong.content.decode()


def test_a_layout_without_departures_is_drawn_anew_in_place(manager: StaffClient) -> None:
    layout = make_layout(seats=4)

    manager.post(f"{LAYOUTS}{layout.pk}/", DRAWING)

    assert Seat.objects.filter(layout=layout).count() == 12
    assert SeatLayout.objects.get().name == "Semi 12"
    assert AuditEntry.objects.get().before["labels"] == ["1A 1B 1C 1D"]


def test_what_departures_run_on_stays_and_another_drawing_is_a_new_layout(manager: StaffClient) -> None:
    layout = make_schedule(seats=8).layout
    page = manager.get(f"{LAYOUTS}{layout.pk}/")
    same = {"lower": "ss.ss\nss.ss", "rule": "rows"}

    manager.post(f"{LAYOUTS}{layout.pk}/", same | {"name": "Old eight", "submission": "a"})
    answer = manager.post(f"{LAYOUTS}{layout.pk}/", DRAWING | {"submission": "b"}, follow=True)

    assert "saved as a new layout" in page.content.decode()
    layout.refresh_from_db()
    assert layout.name == "Old eight"
    assert layout.seats.count() == 8
    new = SeatLayout.objects.exclude(pk=layout.pk).get()
    assert (new.seats.count(), Schedule.objects.get().layout) == (12, layout)
    assert "The new drawing is the layout “Semi 12”" in answer.content.decode()
    copy = manager.get(f"{LAYOUTS}new/?copy={new.pk}").content.decode()
    assert "Copy of Semi 12" in copy
    assert "sstss" in copy


def test_a_coach_is_taken_on_and_its_days_out_are_kept(dispatcher: StaffClient) -> None:
    layout = make_layout(seats=8)
    days = {"days-0-starts_on": "2026-12-01", "days-0-reason": "Gearbox"}

    dispatcher.post(f"{FLEET}coaches/new/", COACH | {"layout": layout.pk})
    coach = Bus.objects.get()
    dispatcher.post(
        f"{FLEET}coaches/{coach.pk}/", COACH | days | {"layout": layout.pk, "operator": "Greyline"}
    )

    assert (coach.bus_number, coach.registration) == ("F200", "FB 200 GP")
    page = dispatcher.get(f"{FLEET}?q=grey").content.decode()
    assert "Gearbox" in page
    assert "Greyline" in page
    added, changed = AuditEntry.objects.filter(subject=f"coach:{coach.pk}").order_by("pk")
    assert (added.before, changed.before["out_of_service"]) == (None, [])
    assert changed.after["out_of_service"] == ["2026-12-01 –  Gearbox"]


def test_a_hired_coach_has_free_seating(dispatcher: StaffClient) -> None:
    for number, seats in (("H1", 49), ("H2", 49)):
        dispatcher.post(
            f"{FLEET}coaches/new/", COACH | {"number": number, "registration": number, "free_seats": seats}
        )

    layout = SeatLayout.objects.get()  # one for both
    assert (layout.is_free_seating, layout.seats.count(), Bus.objects.count()) == (True, 49, 2)
    assert 'value="49"' in dispatcher.get(f"{FLEET}coaches/{Bus.objects.first().pk}/").content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, "Choose a layout, or enter the number"),
        ({"free_seats": "40", "number": "F100"}, "has this number or registration"),
        (
            {"free_seats": "40", "in_service_from": "2026-12-05", "in_service_to": "2026-12-01"},
            "before it comes",
        ),
        ({"free_seats": "40", "days-0-reason": "Gearbox"}, "Enter the first day"),
        ({"free_seats": "40", "days-0-starts_on": "2026-12-05"}, "Enter the reason"),
        (
            {
                "free_seats": "40",
                "days-0-starts_on": "2026-12-05",
                "days-0-ends_on": "2026-12-04",
                "days-0-reason": "Brakes",
            },
            "“Brakes” ends before it begins",
        ),
    ],
)
def test_what_is_wrong_with_a_coach_is_told_and_stays(
    dispatcher: StaffClient, wrong: dict, words: str
) -> None:
    make_bus(number="F100")

    answer = dispatcher.post(f"{FLEET}coaches/new/", COACH | wrong)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert 'value="fb 200 gp"' in answer.content.decode()
    assert Bus.objects.count() == 1


def test_a_dispatcher_draws_no_layout(dispatcher: StaffClient) -> None:
    layout = make_layout()

    assert dispatcher.get(f"{LAYOUTS}{layout.pk}/").status_code == 200
    assert dispatcher.post(f"{LAYOUTS}{layout.pk}/", DRAWING).status_code == 403
    assert dispatcher.get(f"{LAYOUTS}new/").status_code == 403


@pytest.mark.parametrize("address", [FLEET, LAYOUTS])
def test_lists_ask_as_often_however_long_they_are(
    manager: StaffClient, django_assert_max_num_queries: object, address: str
) -> None:
    for _number in range(3):
        make_bus()

    with django_assert_max_num_queries(7):
        manager.get(address)


def test_the_board_shows_who_drives_what_and_a_coach_is_assigned(dispatcher: StaffClient) -> None:
    schedule = make_schedule(departs=NOW + timedelta(hours=2))
    fitting, other = make_bus(layout=schedule.layout, number="F100"), make_bus(number="F300")
    address = f"/office/departures/{schedule.pk}/coach/"

    assert f'href="{address}"' in dispatcher.get(f"{FLEET}board/").content.decode()
    refused = dispatcher.post(address, {"coach": other.pk})
    dispatcher.post(address, {"coach": fitting.pk})

    assert refused.status_code == 422
    assert "other seats than those on sale" in refused.content.decode()
    assert "disruption/?kind=swap_coach" in refused.content.decode()
    assert Schedule.objects.get().bus == fitting
    page = dispatcher.get(f"{FLEET}board/?from=2026-12-01").content.decode()
    assert "Every departure of these days has a coach" in page
    assert "Tue 1 Dec, 12:00 Johannesburg → Cape Town" in page
