"""Nothing that is cached outlives a change: by whatever hand, in whatever process."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.signals import post_migrate
from django.test import Client

from bookings.cache.reference_data import (
    cached,
    note_version,
    reference_data_version,
    single_version_check,
    with_version,
)
from bookings.database.reference_triggers import (
    REFERENCE_TABLES,
    create_reference_triggers,
    missing_reference_triggers,
)
from bookings.domain.network.places import get_place
from bookings.models import (
    City,
    CompanySetting,
    Fare,
    FareClass,
    PassengerType,
    ReferenceDataVersion,
    Route,
    RouteStop,
    Schedule,
    SeatLayout,
    Stop,
)
from bookings.tests.make import (
    make_city,
    make_company,
    make_fare_classes,
    make_luggage_rule,
    make_place_name,
    make_schedule,
    make_stop,
)
from bookings.tests.passenger.timetable import make_day, search_address
from bookings.tests.races.service import database_url

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_what_was_read_is_not_read_again() -> None:
    make_city()
    reads: list[int] = []

    answers = [cached(("a", 1), lambda: reads.append(1) or len(reads)) for _time in range(3)]

    assert answers == [1, 1, 1]
    assert cached(("a", 2), lambda: "other") == "other"


@pytest.mark.parametrize("table", REFERENCE_TABLES)
def test_a_change_to_any_of_the_tables_is_noticed_even_by_hand(table: str) -> None:
    schedule = make_schedule()
    first, last = (
        schedule.route.calls.order_by("position")[0],
        schedule.route.calls.order_by("position").last(),
    )
    standard, _premium = make_fare_classes()
    Fare.objects.create(
        route=schedule.route,
        from_stop=first,
        to_stop=last,
        fare_class=standard,
        amount=9,
        valid_from=date(2026, 1, 1),
    )
    make_place_name(schedule.route.origin, "Jozi")
    make_company()
    CompanySetting.objects.create(name="hold_minutes", value="12")
    make_luggage_rule(schedule=schedule, space=3)
    before = reference_data_version()

    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET id = id")

    assert reference_data_version() != before


def test_rows_that_come_and_go_are_noticed() -> None:
    marks = [reference_data_version()]
    city = make_city("Durban")
    marks.append(reference_data_version())
    City.objects.bulk_create([City(slug="durban", name="Other")], ignore_conflicts=True)  # changes nothing
    City.objects.bulk_create([City(slug="new", name="New")], ignore_conflicts=True)
    marks.append(reference_data_version())
    city.delete()
    marks.append(reference_data_version())

    assert len(set(marks)) == 4


def test_the_watches_come_back_after_a_table_was_remade_and_nothing_from_before_is_believed() -> None:
    before = reference_data_version()
    with connection.cursor() as cursor:
        postgres = connection.vendor == "postgresql"
        cursor.execute(
            "DROP TRIGGER catalogue_city ON bookings_city"
            if postgres
            else "DROP TRIGGER catalogue_city_update"
        )
    assert missing_reference_triggers() == ["bookings_city"]

    assert create_reference_triggers in [receiver() for _key, receiver, *_rest in post_migrate.receivers]
    create_reference_triggers()

    assert missing_reference_triggers() == []
    assert reference_data_version() != before


def test_a_change_that_is_rolled_back_leaves_what_was_remembered() -> None:
    make_stop("Durban")
    before = reference_data_version()
    assert get_place("durban").name == "Durban"

    with transaction.atomic():
        City.objects.update(name="eThekwini")
        inside = get_place("durban").name
        transaction.set_rollback(True)

    assert (inside, get_place("durban").name, reference_data_version()) == ("eThekwini", "Durban", before)


def test_without_a_mark_nothing_is_remembered() -> None:
    ReferenceDataVersion.objects.all().delete()
    reads = iter([1, 2])

    assert [cached(("x",), lambda: next(reads)) for _time in range(2)] == [1, 2]


def test_one_look_asks_once(django_assert_num_queries: Any) -> None:
    make_city()

    with single_version_check(), django_assert_num_queries(1):
        for number in range(3):
            cached(("n", number), lambda: 1)


CHANGES: dict[str, Callable[[], object]] = {
    "a city's name": lambda: City.objects.filter(slug="cape-town").update(name="Kaapstad"),
    "a stop's name": lambda: Stop.objects.filter(code="cape-town-main").update(name="New station"),
    "a line": lambda: Route.objects.first().line.__class__.objects.update(name="Night line"),
    "a route": lambda: Route.objects.update(is_active=False),
    "a timing": lambda: RouteStop.objects.filter(position=2).update(arrive_min=333),
    "a discount": lambda: PassengerType.objects.filter(slug="adult").update(discount_percent=7),
    "a class": lambda: FareClass.objects.filter(code="standard").update(seat_kinds=["premium"]),
    "a layout": lambda: SeatLayout.objects.update(amenities=["wifi"]),
    "a departure's price": lambda: Schedule.objects.update(price_zar=777),
}


@pytest.mark.usefixtures("still")  # a page is kept for a minute
def test_a_query_can_bring_the_version_with_its_rows(django_assert_num_queries: Any) -> None:
    schedule = make_schedule()
    version = reference_data_version()
    with single_version_check(), django_assert_num_queries(1):
        assert note_version(list(with_version(Schedule.objects.filter(pk=schedule.pk)))) == [schedule]
        assert reference_data_version() == version

    with single_version_check(), django_assert_num_queries(2):
        note_version(
            list(with_version(Schedule.objects.none())) or list(with_version(Schedule.objects.filter(pk=0)))
        )
        assert reference_data_version() == version  # no row told it


def test_a_query_that_brings_the_version_sees_a_change_before_it() -> None:
    schedule = make_schedule()
    with single_version_check():
        note_version(list(with_version(Schedule.objects.filter(pk=schedule.pk))))
        before = cached(("name of a city",), lambda: City.objects.get(slug="johannesburg").name)
    City.objects.filter(slug="johannesburg").update(name="eGoli")
    with single_version_check():
        note_version(list(with_version(Schedule.objects.filter(pk=schedule.pk))))
        after = cached(("name of a city",), lambda: City.objects.get(slug="johannesburg").name)

    assert (before, after) == ("Johannesburg", "eGoli")


@pytest.mark.usefixtures("still")  # a page is kept for a minute
@pytest.mark.parametrize("what", CHANGES)
def test_the_next_page_shows_a_change(client: Client, what: str) -> None:
    make_day(8)
    before = client.get("/search/", search_address())
    assert (
        client.get("/search/", search_address(), headers={"If-None-Match": before["ETag"]}).status_code == 304
    )

    CHANGES[what]()
    after = client.get("/search/", search_address(), headers={"If-None-Match": before["ETag"]})

    assert after.status_code == 200
    assert after.content != before.content


_ELSEWHERE = """
import django; django.setup()
from bookings.models import {model}
{change}
"""


@pytest.mark.django_db(transaction=True)
def test_a_change_in_another_process_shows_on_the_next_page(client: Client) -> None:
    make_day(8)
    page = client.get("/search/", search_address()).content.decode()
    assert "Cape Town station" in page

    code = _ELSEWHERE.format(
        model="Stop",
        change="stop = Stop.objects.get(code='cape-town-main'); stop.name = 'Adderley Street'; stop.save()",
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env={**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "falcon_web.settings"},
    )

    page = client.get("/search/", search_address()).content.decode()
    assert "Adderley Street" in page
    assert "Cape Town station" not in page


def test_another_process_that_changes_while_we_read_is_not_missed() -> None:
    """What was read late is kept under a mark that nobody will see again."""
    make_city("Durban")

    def read() -> str:
        name = City.objects.get(slug="durban").name
        City.objects.update(name="eThekwini")  # as if by another process, between our look and our keeping
        return name

    assert cached(("late",), read) == "Durban"
    assert cached(("late",), lambda: City.objects.get(slug="durban").name) == "eThekwini"
