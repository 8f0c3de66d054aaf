"""The benchmarks measure what they say, tried on a very small world."""

import os
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.utils import timezone

from bookings.benchmarks.__main__ import FULL, QUICK, read_options
from bookings.benchmarks.call_path import (
    DIRECTORIES_AT_MOST,
    FUNCTIONS_AT_MOST,
    directories,
    functions_of_a_hold,
)
from bookings.benchmarks.data import build
from bookings.benchmarks.floor3 import frozen_sales, run
from bookings.benchmarks.meter import Meter
from bookings.benchmarks.pages import cases
from bookings.benchmarks.plans import plan_of, statements_of
from bookings.benchmarks.prepare import facts
from bookings.benchmarks.probe_headers import COUNT, QUERIES, forgotten
from bookings.benchmarks.results import Result, markdown, plain, verdict
from bookings.benchmarks.sizes import Size
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.order_lines import write_missing_lines
from bookings.models import Booking, Schedule, SeatClaim
from bookings.passenger.views import boards as boards_page
from bookings.passenger.views import search as search_page
from bookings.tests.make import make_schedule
from bookings.web import fragments
from bookings.web.render import render_page

TINY = Size.read("400:2k", routes=8)
_ROW = re.compile(r"href=['\"]/departures/(\d+)/")


@pytest.fixture
def world(db: None, settings: Any) -> dict[str, Any]:
    settings.ROOT_URLCONF = "bookings.benchmarks.urls"
    settings.MIDDLEWARE = ["bookings.benchmarks.probe_headers.ProbeHeaders", *settings.MIDDLEWARE]
    build(TINY)
    return facts(TINY)


@pytest.mark.database
def test_the_data_are_consistent_and_as_many_as_asked_for(world: dict[str, Any]) -> None:
    assert violations(now=timezone.now()) == []
    assert Schedule.objects.count() == 400
    assert Booking.objects.count() == 400
    assert 1_500 < SeatClaim.objects.count() < 2_500
    make_schedule()  # numbers go on where the data end


@pytest.mark.django_db
def test_a_hold_takes_a_short_way_to_its_claim() -> None:
    schedule = make_schedule(departs=timezone.now() + timedelta(days=3))

    functions = functions_of_a_hold(schedule.pk, "johannesburg", "cape-town")

    assert functions[0].endswith(" departure")
    assert functions[-1].endswith(" claim")
    assert len(functions) <= FUNCTIONS_AT_MOST
    assert len(directories(functions)) <= DIRECTORIES_AT_MOST


@pytest.mark.database
def test_the_floor_shows_the_same_departures_as_the_page(world: dict[str, Any]) -> None:
    floor = _ROW.findall(Client().get(f"/floor/departures/{world['search'][0]}").content.decode())
    page = _ROW.findall(Client().get(f"/search/{world['search'][0]}").content.decode())

    assert floor == page
    assert floor


@pytest.mark.database
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite prepares nothing by itself")
@pytest.mark.parametrize(("floor", "number"), [("departures", 0), ("departures/today", 1)])
def test_the_floor_is_never_prepared(
    world: dict[str, Any], monkeypatch: pytest.MonkeyPatch, floor: str, number: int
) -> None:
    from django.db.backends.postgresql.base import ServerBindingCursor

    monkeypatch.setattr(connection.connection, "cursor_factory", ServerBindingCursor)
    monkeypatch.setattr(connection.connection, "prepare_threshold", 0)
    Client().get(f"/floor/{floor}/{world['search'][0]}")

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM pg_prepared_statements WHERE strpos(statement, %s) > 0",
            ["start AS MATERIALIZED"],
        )
        assert cursor.fetchone() == (number,)
        cursor.execute("DEALLOCATE ALL")


def test_every_page_is_there(world: dict[str, Any]) -> None:
    asked = {
        case.name: Client(headers=case.headers).get(case.addresses[0], headers=case.headers).status_code
        for case in cases(world)
    }

    assert {name: status for name, status in asked.items() if status != 200} == {}


@pytest.fixture
def cold_cache(settings: Any) -> Any:
    settings.SITE_CACHE = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {**settings.CACHES, "default": {"BACKEND": "bookings.benchmarks.cold_cache.ColdCache"}}
    return caches["default"]


def test_what_is_said_to_be_made_anew_is_made_anew(
    world: dict[str, Any], cold_cache: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that is kept whole would hide its parts."""
    made: list[str] = []
    draw = fragments.render_to_string
    monkeypatch.setattr(
        fragments, "render_to_string", lambda name, context: made.append(name) or draw(name, context)
    )
    monkeypatch.setattr(
        search_page, "render_page", lambda *args, **kw: made.append("page") or render_page(*args, **kw)
    )
    monkeypatch.setattr(
        boards_page, "render_page", lambda *args, **kw: made.append("page") or render_page(*args, **kw)
    )
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)  # a page is kept by the minute
    found: dict[str, list[str]] = {}
    for case in cases(world):
        if case.name.startswith(("results", "departure board")):
            Client().get(case.addresses[0])
            made.clear()
            Client().get(case.addresses[0], headers=case.headers)
            found[case.name] = made[:]

    assert found == {
        "results, whole page kept": [],
        "results, page made from kept fragments": ["page"],
        "results, list made anew": ["page", "passenger/_offers.html"],
        "results, prices of 15 days made anew": ["page", "passenger/_days.html"],
        "departure board, kept": [],
        "departure board, made anew": ["page"],
    }


def test_queries_are_told_on_request_only(world: dict[str, Any]) -> None:
    address = f"/floor/departures/{world['search'][0]}"

    assert Client().get(address, headers={COUNT: "1"})[QUERIES] == "1"
    assert QUERIES not in Client().get(address)


def test_a_cache_forgets_what_it_is_asked_to(cold_cache: Any) -> None:
    cold_cache.set("results:1", "list")
    cold_cache.set("results:1:page:2", "page")
    cold_cache.set("days:1", "strip")

    token = forgotten.set("results:*:page:*,days:*")
    assert cold_cache.get("results:1:page:2") is None
    assert cold_cache.get_many(["results:1", "results:1:page:2", "days:1"]) == {"results:1": "list"}
    forgotten.reset(token)
    assert cold_cache.get("results:1:page:2") == "page"


@pytest.mark.parametrize(
    ("text", "days", "bookings"), [("10k:500k", 5, 100_000), ("1m:5m", 500, 1_000_000), ("10k", 5, 0)]
)
def test_a_larger_size_has_more_days_not_fuller_ones(text: str, days: int, bookings: int) -> None:
    size, today = Size.read(text), date(2026, 12, 1)

    assert (size.days, size.bookings, size.a_day) == (days, bookings, 2_000)
    assert size.first_day(today) <= today < size.first_day(today) + timedelta(days=size.days)
    assert size.first_booked(today) + bookings // 10 <= size.schedules


def test_a_size_of_too_few_days_is_refused() -> None:
    with pytest.raises(ValueError, match="10000 departures"):
        Size.read("4k")


def test_the_meter_counts_children_that_have_ended() -> None:
    meter = Meter(lambda: {"tests": [os.getpid()]})
    before = meter.read()
    subprocess.run([sys.executable, "-c", "sum(range(6_000_000))"], check=True)

    assert 0.03 < meter.since(before)["tests"] < 5


def test_the_table_says_what_is_met_and_what_is_missed() -> None:
    rows = [
        Result("Pages", "here", "board", 3.0, "floor 2", 2.5, 4, queries=4, kilobytes=17.2),
        Result("Pages", "here", "results", 9.0, "floor 2", 7.5, 6),
        Result("Pages", "here", "floor 2", 1.2),
    ]

    assert [row.verdict for row in rows] == ["met", "missed", ""]
    assert verdict(rows) == "1 of 2 figures reached.\nmissed: results (here): 7.50 × floor 2, must be ≤ 6"
    assert "| board | 3.00 | 2.50 × floor 2 | ≤ 4 | met | 4 | 17.2 |  |" in markdown(rows)
    assert "board" in plain(rows)


def test_a_number_of_its_own_has_no_floor() -> None:
    row = Result("Purchases", "here", "its statements", ratio=71, target=70)

    assert row.cells()[2:5] == ("71", "≤ 70", "missed")


@pytest.mark.database
@pytest.mark.skipif(connection.vendor != "postgresql", reason="floor 3 is of PostgreSQL")
def test_floor_3_is_a_whole_sale_on_the_tables_of_today(world: dict[str, Any]) -> None:
    rides = world["sales"][:2]
    sales = frozen_sales(connection.connection, rides)
    for step in ("hold", "type", "order", "tell", "pay"):
        for sale in sales:
            # The test itself is the transaction.
            run(
                connection.connection,
                [each for each in sale.statements(step) if each not in ("BEGIN", "COMMIT")],
            )

    sold = Booking.objects.order_by("-pk")[:2]
    assert [(booking.status, booking.schedule_id, booking.tickets.count()) for booking in sold] == [
        ("confirmed", schedule, 1) for schedule, _start, _end in reversed(rides)
    ]
    assert write_missing_lines() == 2  # the statements are older than order lines
    assert violations(now=timezone.now()) == []


def test_the_quick_form_is_the_default() -> None:
    def sizes(*arguments: str) -> dict[str, list[str]]:
        return {kind: [size.name for size in found] for kind, found in read_options(arguments).sizes.items()}

    assert sizes() == {kind: list(found) for kind, found in QUICK.items()}
    assert sizes("--full") == {kind: list(found) for kind, found in FULL.items()}
    assert sizes("--databases", "sqlite", "--sizes", "10k, 1m:5m") == {"sqlite": ["10k:0", "1m:5m"]}


@pytest.mark.database
@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL explains its plans")
def test_a_plan_tells_what_it_reads_and_by_which_index(db: None) -> None:
    with statements_of() as statements:
        list(Booking.objects.filter(booking_reference="7K3M9Q2X"))
        list(Booking.objects.order_by())
    by_reference, everything = (plan_of(statement) for statement in statements)

    assert by_reference.possible == {"booking_ref_idx"}
    assert everything.unaided == {"bookings_booking"}


def test_floors_are_refused_in_production(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "ENVIRONMENT": "production",
        "DEBUG": "",
        "SECRET_KEY": "x7" * 30,
        "FIELD_KEYS": "Zm9yIHRlc3RzIG9mIHRoZSBzZXR0aW5ncyBhbG9uZS4=",
        "VOUCHER_KEYS": "Zm9yIHRlc3RzIG9mIHRoZSBzZXR0aW5ncyBhbG9uZS4=",
        "SITE_URL": "https://example.com",
        "ALLOWED_HOSTS": "example.com",
        "PAYMENT_GATEWAY": "outside",
        "PAYMENT_GATEWAYS": "outside=bookings.benchmarks.gateway.OutsideGateway",
        "LOCAL_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "bookings.benchmarks.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "never in production" in done.stderr
