"""What was sold is known by its line, stops, day and minute, whatever ids a new export gives it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bookings.domain.integrity.invariants import violations
from bookings.domain.timetable.gtfs.questions import ConsentNeeded
from bookings.models import Booking, HoldTrip, Line, Route, Schedule, SeatClaim, Service, StaffTask, Stop
from bookings.tests.domain.timetable.gtfs.feeds import GOOD, MONDAY, import_small
from bookings.tests.domain.timetable.gtfs.test_importing import TWO_TRIPS, hold, on_sale, schedule, sell
from bookings.tests.make import NOW

pytestmark = pytest.mark.django_db

EIGHT = datetime(2026, 12, 7, 6, tzinfo=UTC)


def trip(old: str = "T1", new: str = "T1", **times: str) -> dict[str, str]:
    """The good feed with another trip id, or other times: t0800="07:50:00"."""
    calls = GOOD["stop_times.txt"].replace(old, new)
    for name, time in times.items():
        calls = calls.replace(f"{name[1:3]}:{name[3:]}:00", time)
    return {"trips.txt": GOOD["trips.txt"].replace(old, new), "stop_times.txt": calls}


def departures() -> list[tuple[int, str]]:
    return list(Schedule.objects.order_by("pk").values_list("pk", "source_id"))


@pytest.mark.database
@pytest.mark.parametrize("ids", [("T1", "T1_v2"), ("R1", "R9"), ("DAILY", "EVERY"), ("F", "G")])
def test_a_feed_with_other_ids_changes_nothing_that_passengers_see(
    tmp_path: Path, ids: tuple[str, str]
) -> None:
    import_small(tmp_path, last=MONDAY + timedelta(days=2))
    sell(schedule("T1:2026-12-07:0"))
    before = [pk for pk, _source_id in departures()]
    changes = {
        file: "\n".join(
            ",".join(ids[1] if cell == ids[0] else cell for cell in row.split(","))
            for row in text.split("\n")
        )
        for file, text in GOOD.items()
    }

    report = import_small(tmp_path, changes, last=MONDAY + timedelta(days=2))
    again = import_small(tmp_path, changes, last=MONDAY + timedelta(days=2))

    assert [pk for pk, _source_id in departures()] == before
    assert (report.departures.new, report.withdrawal.removed, report.withdrawal.withdrawn) == (0, 0, [])
    assert (again.renumbered.total, again.departures.new, again.withdrawal.removed) == (0, 0, 0)
    assert (Line.objects.count(), Route.objects.count(), Service.objects.count()) == (1, 1, 1)
    assert not StaffTask.objects.exists()


def test_the_ids_of_departures_follow_those_of_their_trips(tmp_path: Path) -> None:
    import_small(tmp_path)

    report = import_small(tmp_path, trip("T1", "Z9"))

    assert report.renumbered.services == 1
    assert [source_id for _pk, source_id in departures()] == ["Z9:2026-12-07:0"]


def test_a_stop_of_that_name_at_that_place_is_the_same_stop(tmp_path: Path) -> None:
    import_small(tmp_path)
    sell(schedule("T1:2026-12-07:0"))
    before = departures()

    report = import_small(
        tmp_path,
        {
            "stops.txt": GOOD["stops.txt"].replace("A,Aandster,-26.20", "A2,Aandster,-26.2001"),
            "stop_times.txt": GOOD["stop_times.txt"].replace(",A,", ",A2,"),
        },
    )

    assert (report.renumbered.stops, report.renumbered.routes) == (1, 1)
    assert departures() == before
    assert sorted(Stop.objects.values_list("source_id", flat=True)) == ["A2", "B", "C"]


def test_lines_of_one_name_without_codes_are_known_by_their_trips(tmp_path: Path) -> None:
    header = GOOD["routes.txt"].splitlines()[0]
    feed = {
        "routes.txt": f"{header}\n1,F,,Star,3\n2,F,,Star,3\n",
        "trips.txt": "route_id,service_id,trip_id\n1,DAILY,T1\n2,DAILY,T2\n",
        "stop_times.txt": TWO_TRIPS["stop_times.txt"],
    }
    import_small(tmp_path, feed)
    before = [pk for pk, _source_id in departures()]
    other = {
        "routes.txt": f"{header}\n8,F,,Star,3\n9,F,,Star,3\n",
        "trips.txt": "route_id,service_id,trip_id\n9,DAILY,T1\n8,DAILY,T2\n",
    }

    report = import_small(tmp_path, feed | other)

    assert [pk for pk, _source_id in departures()] == before
    assert (report.renumbered.lines, report.renumbered.routes, Line.objects.count()) == (2, 2, 2)


@pytest.mark.database
def test_numbers_that_stops_exchange_move_nobody(tmp_path: Path) -> None:
    import_small(tmp_path)
    sell(schedule("T1:2026-12-07:0"))
    stops = GOOD["stops.txt"].replace("A,Aand", "X,Aand").replace("C,Cill", "A,Cill")
    stops = stops.replace("X,Aand", "C,Aand")
    calls = GOOD["stop_times.txt"].replace(",A,1", ",X,1").replace(",C,3", ",A,3").replace(",X,1", ",C,1")

    import_small(tmp_path, {"stops.txt": stops, "stop_times.txt": calls})

    booking = Booking.objects.get()
    assert (booking.from_stop.stop.name, booking.to_stop.stop.name) == ("Aandster", "Cilliers")
    assert (Stop.objects.count(), Schedule.objects.count()) == (3, 1)
    assert Stop.objects.get(name="Aandster").source_id == "C"


@pytest.mark.database
def test_numbers_that_trips_exchange_move_nobody(tmp_path: Path) -> None:
    import_small(tmp_path, TWO_TRIPS)
    sell(schedule("T1:2026-12-07:0"))
    calls = TWO_TRIPS["stop_times.txt"].replace("T1", "X").replace("T2", "T1").replace("X", "T2")

    report = import_small(tmp_path, TWO_TRIPS | {"stop_times.txt": calls})

    assert Booking.objects.get().schedule.departure_time == EIGHT
    assert Booking.objects.get().schedule.source_id == "T2:2026-12-07:0"
    assert (report.departures.new, report.withdrawal.removed) == (0, 0)


@pytest.mark.database
@pytest.mark.parametrize("new_id", ["T1", "T7"])
def test_a_sold_departure_follows_a_small_retiming_and_a_person_is_told(tmp_path: Path, new_id: str) -> None:
    import_small(tmp_path)
    sell(schedule("T1:2026-12-07:0"))
    before = violations(now=NOW)
    pk = Schedule.objects.get().pk

    report = import_small(tmp_path, trip("T1", new_id, t0800="07:50:00"))

    row = Schedule.objects.get()
    assert (row.pk, row.departure_time, row.source_id) == (
        pk,
        EIGHT - timedelta(minutes=10),
        f"{new_id}:2026-12-07:0",
    )
    assert (report.relinked.departures, report.relinked.retimed) == (
        1,
        ["Aandster – Cilliers, Mon 7 Dec 2026, 08:00: now leaves at 07:50"],
    )
    booking = Booking.objects.get()
    assert booking.boards_at == row.departure_time
    assert booking.from_stop.route == booking.to_stop.route == row.route
    task = StaffTask.objects.get()
    assert task.kind == StaffTask.Kind.DEPARTURE_RETIMED
    assert "Thandi Nkosi" in task.detail
    assert violations(now=NOW) == before


def test_a_held_departure_follows_too(tmp_path: Path) -> None:
    import_small(tmp_path)
    hold(schedule("T1:2026-12-07:0"))
    SeatClaim.objects.update(expires_at=datetime(2099, 1, 1, tzinfo=UTC))

    import_small(tmp_path, trip("T1", "T7", t0800="08:10:00", t2300="23:20:00"))

    trip_ = HoldTrip.objects.get()
    assert trip_.schedule == Schedule.objects.get()
    assert trip_.from_stop.route == trip_.schedule.route
    assert not StaffTask.objects.exists()


def test_of_two_trips_the_nearest_is_the_successor(tmp_path: Path) -> None:
    import_small(tmp_path)
    sell(schedule("T1:2026-12-07:0"))
    first, second = (
        trip("T1", new, t0800=time)["stop_times.txt"] for new, time in (("X", "08:20:00"), ("Y", "07:55:00"))
    )
    feed = {
        "trips.txt": "route_id,service_id,trip_id\nR1,DAILY,X\nR1,DAILY,Y\n",
        "stop_times.txt": first + second.partition("\n")[2],
    }

    import_small(tmp_path, feed)

    assert Booking.objects.get().schedule.source_id == "Y:2026-12-07:0"
    assert Schedule.objects.count() == 2


@pytest.mark.database
def test_a_double_that_an_earlier_import_made_is_taken_away(tmp_path: Path) -> None:
    import_small(tmp_path)
    sold = schedule("T1:2026-12-07:0")
    sell(sold)
    import_small(tmp_path, trip("T1", "T2"))
    double = Schedule.objects.get()
    Schedule.objects.filter(pk=sold.pk).update(source_id="T1:2026-12-07:0", service=None)  # as it was left
    double.pk, double.coach, double._state.adding = None, 2, True
    double.save()

    import_small(tmp_path, trip("T1", "T2"))

    assert Schedule.objects.get().pk == sold.pk


def test_what_cannot_be_found_again_and_is_sold_is_asked_about(tmp_path: Path) -> None:
    import_small(tmp_path, TWO_TRIPS)
    sell(schedule("T2:2026-12-07:0"))

    with pytest.raises(ConsentNeeded) as asked:
        import_small(tmp_path)

    (question,) = asked.value.questions
    assert (question.code, question.numbers) == ("sold-removed", {"departures": 1, "passengers": 1})
    assert "Aandster – Cilliers, Mon 7 Dec 2026, 10:00" in question.message
    assert len(on_sale()) == 2


def test_a_withdrawn_departure_comes_back_with_its_trip(tmp_path: Path) -> None:
    import_small(tmp_path, TWO_TRIPS)
    sell(schedule("T2:2026-12-07:0"))
    pk = schedule("T2:2026-12-07:0").pk
    import_small(tmp_path, accept={"sold-removed"})

    report = import_small(tmp_path, TWO_TRIPS)

    assert (report.relinked.departures, report.departures.new) == (1, 0)
    assert Schedule.objects.on_sale().filter(pk=pk, source_id="T2:2026-12-07:0").exists()
    assert not StaffTask.objects.filter(done_at=None).exists()


def test_what_has_left_stays_as_it_is(tmp_path: Path) -> None:
    import_small(tmp_path, TWO_TRIPS)
    sell(schedule("T2:2026-12-07:0"))
    Schedule.objects.filter(source_id="T2:2026-12-07:0").update(status=Schedule.Status.DEPARTED)

    report = import_small(tmp_path)

    assert (report.withdrawal.withdrawn, len(report.withdrawal.remaining)) == ([], 1)
    assert schedule("T2:2026-12-07:0").is_active


def test_a_whole_feed_with_other_ids_costs_few_queries(
    tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    import_small(tmp_path, last=MONDAY + timedelta(days=6))

    with django_assert_max_num_queries(70):
        import_small(tmp_path, trip("T1", "T2"), last=MONDAY + timedelta(days=6))
