"""All or nothing, twice is once, and what is sold stays."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from bookings.domain.sales.holds import HoldRequest, hold_seats
from bookings.domain.timetable.gtfs import importing
from bookings.domain.timetable.gtfs.problems import FeedRefused
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import (
    Booking,
    Hold,
    Route,
    Schedule,
    SeatClaim,
    SeatLayout,
    Service,
    ServiceException,
    StaffTask,
    Ticket,
)
from bookings.tests.domain.timetable.gtfs.feeds import GOOD, MONDAY, import_small
from bookings.tests.make import NOW, make_booking, make_fare_classes, make_layout, make_passenger_types

pytestmark = pytest.mark.django_db

TUESDAY = MONDAY + timedelta(days=1)
TWO_TRIPS = {
    "trips.txt": GOOD["trips.txt"] + "R1,DAILY,T2\n",
    "stop_times.txt": GOOD["stop_times.txt"]
    + "T2,10:00:00,10:00:00,A,1\nT2,14:00:00,14:00:00,B,2\nT2,23:30:00,23:30:00,C,3\n",
}  # fmt: skip


def everything() -> dict[str, list[dict[str, Any]]]:
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in apps.get_app_config("bookings").get_models()
    }


def schedule(source_id: str) -> Schedule:
    return Schedule.objects.get(source_id=source_id)


def on_sale() -> list[datetime]:
    rows = Schedule.objects.on_sale().order_by("departure_time")
    return list(rows.values_list("departure_time", flat=True))


def sell(departure: Schedule) -> None:
    make_fare_classes()
    make_passenger_types()
    make_booking(schedule=departure)


def hold(departure: Schedule, now: datetime = NOW) -> Hold:
    make_fare_classes()
    make_passenger_types()
    return hold_seats(
        get_segment(SegmentRef(departure.pk, "small-a", "small-c")), ["1A"], HoldRequest("somebody"), now=now
    )


@pytest.mark.database
def test_a_second_import_changes_nothing(tmp_path: Path) -> None:
    options = {"last": MONDAY + timedelta(days=6)}
    dates = {"calendar_dates.txt": "service_id,date,exception_type\nDAILY,20261208,2\n"}
    import_small(tmp_path, TWO_TRIPS | dates, **options)
    before = everything()

    report = import_small(tmp_path, TWO_TRIPS | dates, **options)

    assert everything() == before
    assert {
        kind: (count.new, count.changed) for kind, count in report.written.counts.items()
    } == dict.fromkeys(["cities", "stops", "lines", "routes", "services"], (0, 0))
    assert (report.departures.new, report.departures.already_there, report.withdrawal.removed) == (0, 12, 0)


def test_more_dates_add_only_those(tmp_path: Path) -> None:
    import_small(tmp_path)

    report = import_small(tmp_path, last=MONDAY + timedelta(days=2))

    assert (report.departures.new, report.departures.already_there) == (2, 1)
    assert report.written.counts["services"].changed == 0


def test_what_staff_set_on_a_service_survives_unless_the_import_says_otherwise(tmp_path: Path) -> None:
    import_small(tmp_path)
    Service.objects.update(price_zar=777, layout=make_layout(code="our-own"))

    import_small(tmp_path)
    kept = Service.objects.get()
    make_layout(code="asked-for")
    import_small(tmp_path, layout="asked-for", price_per_km=Decimal(1))

    assert (kept.price_zar, kept.layout.code) == (777, "our-own")
    assert Service.objects.get().layout.code == "asked-for"
    assert Service.objects.get().price_zar != 777


def test_without_dates_the_feeds_own_are_made(tmp_path: Path) -> None:
    report = import_small(tmp_path, first=None, last=None)

    assert (report.dates.first, report.dates.last, report.departures.new, report.dates.note) == (
        MONDAY,
        date(2026, 12, 13),
        7,
        "",
    )


def test_an_endless_feed_is_capped_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookings.domain.timetable.gtfs.plan.MAX_DEPARTURES", 5)
    endless = GOOD["calendar.txt"].replace("20261213", "99991231")

    report = import_small(tmp_path, {"calendar.txt": endless}, first=None, last=None)

    assert report.departures.new == 5
    assert report.dates.note.startswith("No last day was asked for: up to 2026-12-11")


@pytest.mark.parametrize(
    ("to", "lands"),
    [
        (date(2030, 1, 7), date(2030, 1, 7)),  # a Monday, as the first date is
        (date(2030, 1, 8), date(2030, 1, 14)),
        (date(2030, 1, 13), date(2030, 1, 14)),
        (date(2020, 2, 29), date(2020, 3, 2)),
        (MONDAY, MONDAY),
    ],
)
def test_shifting_lands_on_the_first_same_weekday(tmp_path: Path, to: date, lands: date) -> None:
    dates = {"calendar_dates.txt": "service_id,date,exception_type\nDAILY,20261208,2\nDAILY,20261214,1\n"}

    import_small(tmp_path, dates, last=MONDAY + timedelta(days=7), shift_to=to)

    offsets = [0, 2, 3, 4, 5, 6, 7]
    assert list(Schedule.objects.order_by("service_date").values_list("service_date", flat=True)) == [
        lands + timedelta(days=each) for each in offsets
    ]
    assert Service.objects.get().starts_on == lands
    assert ServiceException.objects.count() == 2
    assert Schedule.objects.order_by("service_date")[0].source_id == f"T1:{lands}:0"


def test_shifting_again_changes_nothing(tmp_path: Path) -> None:
    import_small(tmp_path, shift_to=date(2030, 1, 8))
    before = everything()

    import_small(tmp_path, shift_to=date(2030, 1, 8))

    assert everything() == before


@pytest.mark.parametrize(
    "options",
    [
        {"first": TUESDAY, "last": MONDAY},
        {"first": date(1, 1, 1), "last": date(9999, 12, 31)},
        {"first": date(2026, 1, 1), "last": date(2036, 1, 1)},
        {"shift_to": date(9999, 12, 31)},
        {"layout": "no-such-layout"},
        {"price_per_km": Decimal(-1)},
        {"source": "!!!"},
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(FeedRefused):
        import_small(tmp_path, **options)

    assert not Schedule.objects.exists()
    assert not SeatLayout.objects.exists()


def test_a_dry_run_tells_and_writes_nothing(tmp_path: Path) -> None:
    import_small(tmp_path)
    before = everything()

    report = import_small(tmp_path, TWO_TRIPS, dry_run=True)

    assert (report.dry_run, report.departures.new, report.written.counts["services"].new) == (True, 1, 1)
    assert everything() == before


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_failure_in_the_middle_leaves_the_old_timetable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_small(tmp_path)
    before = everything()

    def fail(**_options: Any) -> None:
        assert Service.objects.count() == 2  # everything but the departures is written by now
        raise KeyboardInterrupt

    monkeypatch.setattr(importing, "generate_departures", fail)
    with pytest.raises(KeyboardInterrupt):
        import_small(tmp_path, TWO_TRIPS)

    assert everything() == before


def test_a_refused_feed_leaves_the_old_timetable(tmp_path: Path) -> None:
    import_small(tmp_path)
    before = everything()

    with pytest.raises(FeedRefused):
        import_small(tmp_path, {"stop_times.txt": b"trip_id,\xff"})

    assert everything() == before


@pytest.mark.database
def test_a_trip_that_left_the_feed_is_taken_out(tmp_path: Path) -> None:
    import_small(tmp_path, TWO_TRIPS, last=TUESDAY)

    report = import_small(tmp_path, last=TUESDAY)

    assert (report.withdrawal.removed, report.withdrawal.remaining) == (2, [])
    assert sorted(Schedule.objects.values_list("source_id", flat=True)) == [
        "T1:2026-12-07:0",
        "T1:2026-12-08:0",
    ]
    assert dict(Service.objects.values_list("source_id", "is_active")) == {"T1:0": True, "T2:0": False}
    assert list(Route.objects.order_by("pk").values_list("is_active", flat=True)) == [True, False]
    assert report.written.notes == ["1 services are no longer in the feed and were ended."]


def test_a_trip_that_comes_back_runs_again(tmp_path: Path) -> None:
    import_small(tmp_path, TWO_TRIPS)
    import_small(tmp_path)

    report = import_small(tmp_path, TWO_TRIPS)

    assert (report.departures.new, report.departures.already_there) == (1, 1)
    assert set(Service.objects.values_list("is_active", flat=True)) == {True}
    assert set(Route.objects.values_list("is_active", flat=True)) == {True}


@pytest.mark.database
def test_a_sold_departure_of_a_trip_that_left_the_feed_goes_off_sale_and_to_a_person(tmp_path: Path) -> None:
    import_small(tmp_path, TWO_TRIPS, last=TUESDAY)
    sell(schedule("T2:2026-12-07:0"))
    pk = schedule("T2:2026-12-07:0").pk

    report = import_small(tmp_path, last=TUESDAY, accept={"sold-removed"})
    again = import_small(tmp_path, last=TUESDAY)

    sold = Schedule.objects.get(pk=pk)
    assert (report.withdrawal.removed, report.withdrawal.withdrawn) == (
        1,
        ["Aandster – Cilliers, Mon 7 Dec 2026, 10:00"],
    )
    assert (again.withdrawal.removed, again.withdrawal.withdrawn, again.questions) == (0, [], ())
    assert (sold.is_active, sold.status, sold.service) == (False, Schedule.Status.CLOSED, None)
    assert Ticket.objects.get(schedule=sold).status == Ticket.Status.VALID
    task = StaffTask.objects.get()
    assert (task.kind, task.subject) == (StaffTask.Kind.DEPARTURE_WITHDRAWN, f"departure:{pk}")
    assert "Thandi Nkosi" in task.detail
    assert "thandi@example.com" in task.detail


def test_a_departure_without_standing_bookings_is_taken_out(tmp_path: Path) -> None:
    import_small(tmp_path, TWO_TRIPS)
    sell(schedule("T2:2026-12-07:0"))
    SeatClaim.objects.all().delete()  # as a cancellation leaves it
    Booking.objects.update(status="cancelled", cancelled_at=NOW)

    report = import_small(tmp_path)

    assert (report.withdrawal.removed, report.withdrawal.withdrawn) == (1, [])
    assert Booking.objects.get().schedule.status == Schedule.Status.CANCELLED
    assert not StaffTask.objects.exists()


@pytest.mark.database
def test_a_held_departure_goes_off_sale(tmp_path: Path) -> None:
    import_small(tmp_path, TWO_TRIPS)
    held = hold(schedule("T2:2026-12-07:0"))
    SeatClaim.objects.update(expires_at=datetime(2099, 1, 1, tzinfo=UTC))

    report = import_small(tmp_path, accept={"sold-removed"})

    assert report.withdrawal.removed == 0
    assert len(report.withdrawal.withdrawn) == 1
    assert not held.trips.get().schedule.is_active
    assert not StaffTask.objects.exists()  # nobody has a ticket


def test_a_departure_with_a_lapsed_hold_is_taken_off_sale_and_replaced(tmp_path: Path) -> None:
    import_small(tmp_path)
    lapsed = hold(schedule("T1:2026-12-07:0"))
    SeatClaim.objects.update(expires_at=datetime(2020, 1, 1, tzinfo=UTC))

    report = import_small(
        tmp_path, {"stop_times.txt": GOOD["stop_times.txt"].replace("08:00:00", "07:00:00")}
    )

    old = lapsed.trips.get().schedule
    assert (report.withdrawal.removed, report.departures.new) == (1, 1)
    assert (old.is_active, old.status, old.source) == (False, Schedule.Status.CANCELLED, "")
    assert schedule("T1:2026-12-07:0").departure_time == datetime(2026, 12, 7, 5, tzinfo=UTC)


def test_a_trip_at_quite_another_time_is_never_on_sale_beside_the_sold_one(tmp_path: Path) -> None:
    import_small(tmp_path, last=TUESDAY)
    sell(schedule("T1:2026-12-07:0"))

    report = import_small(
        tmp_path,
        {"stop_times.txt": GOOD["stop_times.txt"].replace("08:00:00", "07:00:00")},
        last=TUESDAY,
        accept={"sold-removed"},
    )

    assert (report.withdrawal.removed, len(report.withdrawal.withdrawn), report.departures.new) == (1, 1, 2)
    assert on_sale() == [datetime(2026, 12, 7, 5, tzinfo=UTC), datetime(2026, 12, 8, 5, tzinfo=UTC)]


def test_a_day_that_left_the_calendar_is_taken_out(tmp_path: Path) -> None:
    import_small(tmp_path, last=TUESDAY)

    report = import_small(
        tmp_path, {"calendar_dates.txt": "service_id,date,exception_type\nDAILY,20261208,2\n"}
    )

    assert report.withdrawal.removed == 1
    assert Schedule.objects.get().service_date == MONDAY


def test_days_before_the_asked_ones_are_history(tmp_path: Path) -> None:
    import_small(tmp_path, TWO_TRIPS, last=TUESDAY)

    import_small(tmp_path, first=TUESDAY, last=TUESDAY)

    assert Schedule.objects.filter(service_date=MONDAY).count() == 2
    assert Schedule.objects.filter(service_date=TUESDAY).count() == 1


@pytest.mark.database
def test_two_feeds_of_one_shape_live_side_by_side(tmp_path: Path) -> None:
    import_small(tmp_path, name="one.zip")

    report = import_small(tmp_path, name="two.zip", accept={"same-feed"})

    assert (report.written.counts["services"].new, report.departures.new, report.withdrawal.removed) == (
        1,
        1,
        0,
    )
    assert sorted(Schedule.objects.values_list("source", flat=True)) == ["one", "two"]


@pytest.mark.database
def test_names_that_change_are_taken_over(tmp_path: Path) -> None:
    import_small(tmp_path)
    stops = GOOD["stops.txt"].replace("Bergdal", "Bergville").replace("Cilliers", "Ceres")
    changes = {"stops.txt": stops, "routes.txt": GOOD["routes.txt"].replace("Aandster", "Star")}

    report = import_small(tmp_path, changes)

    route = Route.objects.get()
    assert {kind: report.written.counts[kind].changed for kind in ("stops", "lines", "routes")} == {
        "stops": 2,
        "lines": 1,
        "routes": 1,
    }
    assert (route.name, route.destination.slug, route.line.name) == (
        "Aandster – Ceres",
        "ceres",
        "Star to Cilliers",
    )
    assert route.calls.get(position=1).stop.city.slug == "bergville"
    assert report.withdrawal.removed == 0


@pytest.mark.database
def test_the_whole_import_is_one_transaction(tmp_path: Path, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(60) as queries:
        import_small(tmp_path, TWO_TRIPS, last=MONDAY + timedelta(days=6))

    assert (
        sum(query["sql"].startswith("SAVEPOINT") for query in queries) == 3
    )  # the import, and inside it withdrawal and generation
    assert not connection.needs_rollback
