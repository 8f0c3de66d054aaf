"""An import asks before it does something absurd, in words with numbers, and changes nothing meanwhile."""

import zipfile
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from bookings.domain.timetable.gtfs.importing import ImportOptions, ImportReport, import_feed
from bookings.domain.timetable.gtfs.problems import FeedRefused
from bookings.domain.timetable.gtfs.questions import CODES, ConsentNeeded, Question
from bookings.models import City, Fare, Schedule, Service
from bookings.tests.domain.timetable.gtfs.feeds import GOOD, MONDAY, import_small, write_feed
from bookings.tests.domain.timetable.gtfs.test_importing import TWO_TRIPS, everything
from bookings.tests.make import make_fare_classes

pytestmark = pytest.mark.django_db

ATTRIBUTES = "fare_id,price,currency_type,payment_method,transfers\n"
NEVER = {"calendar.txt": GOOD["calendar.txt"].replace(",1" * 7, ",0" * 7)}
PAST = {"calendar.txt": GOOD["calendar.txt"].replace("20261207,20261213", "20240101,20241231")}
FREE = {"fare_attributes.txt": f"{ATTRIBUTES}p,0.00,ZAR,0,0\n"}
DOLLARS = {"fare_attributes.txt": f"{ATTRIBUTES}p,9.00,USD,0,0\nq,x,ZAR,0,0\n"}
TWICE = {
    "trips.txt": GOOD["trips.txt"] + "R1,DAILY,T2\n",
    "stop_times.txt": GOOD["stop_times.txt"] + GOOD["stop_times.txt"].partition("\n")[2].replace("T1", "T2"),
}
OVERLAPPING = {
    "frequencies.txt": "trip_id,start_time,end_time,headway_secs\n"
    "T1,06:00:00,10:00:00,3600\nT1,09:00:00,12:00:00,3600\n"
}
WHOLE_FEED = {"first": None, "last": None}


def ask(folder: Path, changes: Mapping[str, Any] | None = None, **options: Any) -> tuple[Question, ...]:
    """What a real import asks, which then changes nothing, and what a dry run tells: the same."""
    before = everything()
    options = {"first": MONDAY, "last": MONDAY} | options
    path = write_feed(folder, dict(changes or {}), name=options.pop("name", "small.zip"))
    with pytest.raises(ConsentNeeded) as needed:
        import_feed(path, ImportOptions(**options))
    dry = import_feed(path, ImportOptions(**options, dry_run=True))
    assert everything() == before
    assert dry.questions == needed.value.questions
    assert needed.value.questions[0].code in needed.value.message
    return dry.questions


def codes(questions: tuple[Question, ...]) -> dict[str, Mapping[str, int]]:
    return {question.code: question.numbers for question in questions}


def accept(folder: Path, changes: Mapping[str, Any], *given: str, **options: Any) -> ImportReport:
    return import_small(folder, dict(changes), accept=set(given), **options)


def test_no_departures_at_all(tmp_path: Path) -> None:
    assert codes(ask(tmp_path, NEVER)) == {"no-departures": {"trips": 1, "days": 1}}

    accept(tmp_path, NEVER, "no-departures")

    assert Service.objects.exists()
    assert not Schedule.objects.exists()


def test_a_calendar_that_is_all_in_the_past(tmp_path: Path) -> None:
    (question,) = ask(tmp_path, PAST, **WHOLE_FEED)

    assert (question.code, question.numbers["departures"]) == ("past", 366)
    assert "All 366 departures are in the past: the last day, 2024-12-31, was" in question.message


def test_a_feed_that_goes_on_is_asked_about_with_the_way_out(tmp_path: Path) -> None:
    long = {"calendar.txt": GOOD["calendar.txt"].replace("20261207,20261213", "20150101,20991231")}

    (question,) = ask(tmp_path, long, **WHOLE_FEED)

    assert question.code == "past"
    assert question.message.endswith("The feed runs until 2099-12-31; use --from for later days.")


def test_the_guide_lists_what_is_asked() -> None:
    guide = (settings.BASE_DIR / "falcon_web" / "DEPLOY.md").read_text()

    assert [code for code in CODES if f"`{code}`" not in guide] == []


def test_a_feed_that_says_to_hold_no_longer(tmp_path: Path) -> None:
    info = "feed_publisher_name,feed_start_date,feed_end_date\nX,20240101,{}\n"

    ended = ask(
        tmp_path,
        {
            "feed_info.txt": info.format("20240131"),
            "calendar.txt": GOOD["calendar.txt"].replace("20261207,20261213", "20240101,20991231"),
        },
        **WHOLE_FEED,
    )

    assert codes(ended)["past"]["departures"] == 31


def test_no_days_outside_of_those_the_feed_holds_for(tmp_path: Path) -> None:
    info = "feed_publisher_name,feed_start_date,feed_end_date\nX,20261208,20261210\n"
    dates = "service_id,date,exception_type\nDAILY,20261212,1\nDAILY,20261209,2\n"

    import_small(tmp_path, {"feed_info.txt": info, "calendar_dates.txt": dates}, **WHOLE_FEED)

    days = Schedule.objects.order_by("service_date").values_list("service_date", flat=True)
    assert list(days) == [date(2026, 12, 8), date(2026, 12, 10)]
    assert Service.objects.get().ends_on == date(2026, 12, 10)


@pytest.mark.parametrize("dates", ["20261210,20261201", "soon,", "20261301,"])
def test_impossible_dates_of_a_feed_are_reported_and_do_not_count(tmp_path: Path, dates: str) -> None:
    info = f"feed_publisher_name,feed_start_date,feed_end_date\nX,{dates}\n"

    report = import_small(tmp_path, {"feed_info.txt": info}, **WHOLE_FEED)

    assert (report.departures.new, report.problems.by_file) == (7, {"feed_info.txt": 1})


def test_a_fare_of_nothing(tmp_path: Path) -> None:
    make_fare_classes()

    assert codes(ask(tmp_path, FREE)) == {"free": {"free": 3, "fares": 3}}
    assert not Fare.objects.exists()

    accept(tmp_path, FREE, "free")

    assert set(Fare.objects.values_list("amount", flat=True)) == {Decimal(0)}


def test_fares_of_which_none_can_be_used(tmp_path: Path) -> None:
    assert codes(ask(tmp_path, DOLLARS)) == {"fares-unread": {"fares": 2}}


def test_the_same_timetable_under_another_file_name(tmp_path: Path) -> None:
    import_small(tmp_path, TWO_TRIPS, name="feed.zip")

    (question,) = ask(tmp_path, TWO_TRIPS, name="feed (1).zip")

    assert (question.code, question.numbers) == ("same-feed", {"trips": 2, "all": 2})
    assert "2 of 2 trips are those of “feed” as well" in question.message


def test_the_same_timetable_under_other_ids_too(tmp_path: Path) -> None:
    import_small(tmp_path, name="feed.zip")
    changes = {
        file: text.replace("T1", "X9").replace("R1", "L9").replace("DAILY", "D9")
        for file, text in GOOD.items()
    }

    assert "same-feed" in codes(ask(tmp_path, changes, name="other.zip"))


def test_a_feed_that_holds_what_two_others_have(tmp_path: Path) -> None:
    late = {file: text.replace("T1", "T2").replace("08:00", "09:17") for file, text in GOOD.items()}
    import_small(tmp_path, name="north.zip")
    import_small(tmp_path, late, name="south.zip")
    both = {
        "trips.txt": GOOD["trips.txt"] + "R1,DAILY,T2\n",
        "stop_times.txt": GOOD["stop_times.txt"] + late["stop_times.txt"].partition("\n")[2],
    }

    (question,) = ask(tmp_path, both, name="whole.zip")

    assert (question.code, question.numbers) == ("same-feed", {"trips": 2, "all": 2})
    assert "“north”, “south”" in question.message


def test_another_timetable_on_the_same_stops_is_another(tmp_path: Path) -> None:
    import_small(tmp_path, name="one.zip")

    import_small(
        tmp_path, {"stop_times.txt": GOOD["stop_times.txt"].replace("08:00", "09:17")}, name="two.zip"
    )

    assert Schedule.objects.count() == 2


def test_trips_that_are_there_twice(tmp_path: Path) -> None:
    assert codes(ask(tmp_path, TWICE)) == {"doubles": {"departures": 1, "same_trip": 0}}


def test_one_trip_that_starts_twice_at_a_minute(tmp_path: Path) -> None:
    assert codes(ask(tmp_path, OVERLAPPING)) == {"doubles": {"departures": 1, "same_trip": 1}}


def test_a_second_coach_on_a_busy_day_is_nothing_to_ask_about(tmp_path: Path) -> None:
    import_small(
        tmp_path,
        TWICE
        | {
            "calendar_dates.txt": "service_id,date,exception_type\nBUSY,20261211,1\n",
            "trips.txt": GOOD["trips.txt"] + "R1,BUSY,T2\n",
        },
        **WHOLE_FEED,
    )

    assert Schedule.objects.count() == 8


def test_most_of_a_timetable_that_would_go(tmp_path: Path) -> None:
    import_small(tmp_path, **WHOLE_FEED)

    (question,) = ask(
        tmp_path, {"calendar.txt": GOOD["calendar.txt"].replace(",1" * 7, ",1,1,1,0,0,0,0")}, **WHOLE_FEED
    )

    assert (question.code, question.numbers) == ("most-removed", {"removed": 4, "before": 7, "planned": 3})
    assert question.message.startswith("4 of 7 departures from 2026-12-07 on would be removed")


def test_half_of_a_timetable_may_go_without_a_question(tmp_path: Path) -> None:
    import_small(tmp_path, **WHOLE_FEED)

    report = import_small(
        tmp_path, {"calendar.txt": GOOD["calendar.txt"].replace(",1" * 7, ",1,1,1,1,0,0,0")}, **WHOLE_FEED
    )

    assert (report.withdrawal.removed, report.questions) == (3, ())


def test_a_feed_of_somebody_else_under_our_name(tmp_path: Path) -> None:
    import_small(tmp_path, **WHOLE_FEED)
    other = {file: text.replace("T1", "X1").replace("08:00", "11:00") for file, text in GOOD.items()}

    assert codes(ask(tmp_path, other, **WHOLE_FEED))["most-removed"]["removed"] == 7


def test_two_feeds_in_one_zip(tmp_path: Path) -> None:
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in GOOD.items():
            archive.writestr(f"north/{file}", text)
            archive.writestr(f"south\\{file}", text.replace("Aandster", "Zand"))

    with pytest.raises(ConsentNeeded) as needed:
        import_feed(path, ImportOptions(first=MONDAY, last=MONDAY, accept=frozenset({"past"})))
    import_feed(path, ImportOptions(first=MONDAY, last=MONDAY, accept=frozenset({"past", "two-feeds"})))

    (question,) = needed.value.questions
    assert (question.code, question.numbers) == ("two-feeds", {"feeds": 2})
    assert "those in south would not be read" in question.message
    assert City.objects.filter(name="Aandster").exists()
    assert not City.objects.filter(name="Zand").exists()


def test_a_table_that_is_there_twice_is_of_a_second_feed(tmp_path: Path) -> None:
    path = write_feed(tmp_path, {"STOPS.txt": GOOD["stops.txt"].replace("Aandster", "Zand")})

    with pytest.raises(ConsentNeeded) as needed:
        import_feed(path, ImportOptions(first=MONDAY, last=MONDAY, accept=frozenset({"past"})))

    assert [question.code for question in needed.value.questions] == ["two-feeds"]


def test_a_zip_of_zips_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "outer.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(write_feed(tmp_path, name="north.zip"), "north.zip")

    with pytest.raises(FeedRefused, match=r"It holds other zips: unpack it and import north\.zip\."):
        import_feed(path, ImportOptions())


def test_all_that_is_odd_is_asked_at_once(tmp_path: Path) -> None:
    make_fare_classes()

    assert set(codes(ask(tmp_path, PAST | FREE | TWICE, **WHOLE_FEED))) == {"past", "free", "doubles"}


def test_what_is_accepted_is_only_what_was_named(tmp_path: Path) -> None:
    make_fare_classes()

    with pytest.raises(ConsentNeeded) as needed:
        accept(tmp_path, FREE | TWICE, "doubles")

    assert [question.code for question in needed.value.questions] == ["free"]
    assert needed.value.message.startswith(
        "Nothing was changed. Is this meant? If so, go on with --accept free\n"
    )


def test_a_code_that_nothing_asks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedRefused, match="There is no question “everything”"):
        accept(tmp_path, {}, "everything")


def test_a_plain_import_asks_nothing(tmp_path: Path) -> None:
    day = timezone.localdate() + timedelta(days=1)
    path = write_feed(
        tmp_path,
        {"calendar.txt": GOOD["calendar.txt"].replace("20261207,20261213", f"{day:%Y%m%d},20991231")},
    )

    report = import_feed(path, ImportOptions(last=day + timedelta(days=2)))

    assert (report.questions, report.departures.new) == ((), 3)
