import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from django.urls import resolve
from django.utils import timezone

from bookings.base.errors import Busy, NotFound, RuleBroken, TooMany
from bookings.base.logs import BoundToRequest, Fields, JsonFormatter, request_id
from bookings.database.query_log import _slow, take_slow_queries
from bookings.domain.maintenance.slow_queries import MOST_STORED, forget_slow_queries, keep_slow_queries
from bookings.models import City, SlowQuery
from bookings.ops import request_log as requestlog
from bookings.ops.request_log import RequestLog, keep_what_was_slow
from bookings.tests.make import make_user
from bookings.tests.passenger.buying import departure_ahead, hold_by, seats_page
from bookings.web.errors import bad_request, forbidden, not_found, server_error, unavailable
from bookings.web.render import render_problem


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[Fields]]:
    caplog.set_level(logging.INFO, "bookings.requests")
    return lambda: [record.msg for record in caplog.records if record.name == "bookings.requests"]


def through(view: Callable[[HttpRequest], HttpResponse], **headers: str) -> HttpResponse:
    """The answer of a view behind the request log alone, resolved as /search/."""

    def resolved(request: HttpRequest) -> HttpResponse:
        request.resolver_match = resolve("/search/")
        return view(request)

    return RequestLog(resolved)(RequestFactory().get("/search/", {"from": "a"}, **headers))


@pytest.mark.django_db
def test_each_request_is_one_line_without_paths_or_people(
    client: Client, lines: Callable[[], list[Fields]]
) -> None:
    answer = client.get("/bookings/?reference=ABCD1234&email=ann@example.com")

    (line,) = lines()
    assert list(line) == ["id", "route", "method", "status", "ms", "queries", "db_ms", "who", "bytes"]
    assert (line["route"], line["method"], line["status"], line["who"]) == ("passenger:find", "GET", 200, "-")
    assert line["bytes"] == len(answer.content)
    assert answer["X-Request-ID"] == line["id"]
    assert "ABCD1234" not in str(line)
    assert "example" not in str(line)


@pytest.mark.django_db
def test_the_line_counts_queries_on_every_connection_and_says_who(
    client: Client, lines: Callable[[], list[Fields]]
) -> None:
    schedule = departure_ahead()
    hold_by(client, schedule, "1A")
    client.get(seats_page(schedule))
    client.force_login(user := make_user())
    client.get("/office/")

    held, seats, office = lines()
    assert held["who"] == seats["who"]
    assert re.fullmatch(r"visitor:[0-9a-f]{12}", held["who"])
    assert office["who"] == f"user:{user.pk}"
    assert held["queries"] > seats["queries"] >= 2
    assert held["db_ms"] > 0


@pytest.mark.django_db
def test_the_number_of_queries_is_djangos_own(
    lines: Callable[[], list[Fields]], django_assert_num_queries: Any
) -> None:
    def view(_request: HttpRequest) -> HttpResponse:
        with connection.cursor() as cursor:
            for _each in range(3):
                cursor.execute("SELECT 1")
        return HttpResponse()

    with django_assert_num_queries(3):
        through(view)

    assert lines()[0]["queries"] == 3


def test_a_page_that_is_not_there_says_no_address(
    client: Client, db: None, lines: Callable[[], list[Fields]]
) -> None:
    client.get("/bookings/link/secret-token-of-ann/")
    client.get("/no/such/ABCD1234/")

    found, lost = lines()
    assert (found["route"], found["status"]) == ("passenger:link", 404)
    assert (lost["route"], lost["status"]) == ("unmatched", 404)


@pytest.mark.django_db
def test_what_is_streamed_is_measured_to_its_end(lines: Callable[[], list[Fields]]) -> None:
    def parts() -> Iterator[bytes]:
        with connection.cursor() as cursor:
            for number in range(4):
                cursor.execute("SELECT 1")
                yield b"x" * number

    answer = through(lambda request: StreamingHttpResponse(parts()))
    assert lines() == []
    assert request_id.get() == answer["X-Request-ID"]
    sent = b"".join(answer.streaming_content)
    answer.close()

    assert (lines()[0]["bytes"], lines()[0]["queries"]) == (len(sent), 4) == (6, 4)
    assert request_id.get() == ""


@pytest.mark.django_db
def test_a_stream_that_breaks_has_its_line_too(lines: Callable[[], list[Fields]]) -> None:
    def parts() -> Iterator[bytes]:
        yield b"abc"
        raise OSError

    answer = through(lambda request: StreamingHttpResponse(parts()))
    with pytest.raises(OSError):
        list(answer.streaming_content)
    answer.close()

    assert lines()[0]["bytes"] == 3


def test_an_answer_to_head_is_a_line_of_no_bytes(client: Client, lines: Callable[[], list[Fields]]) -> None:
    client.head("/health/live/")

    assert (lines()[0]["method"], lines()[0]["bytes"]) == ("HEAD", 0)


def test_an_answer_304_is_a_line_of_no_bytes(lines: Callable[[], list[Fields]]) -> None:
    answer = through(lambda request: HttpResponse(status=304))

    assert answer.has_header("X-Request-ID")
    assert (lines()[0]["status"], lines()[0]["bytes"]) == (304, 0)


@pytest.mark.parametrize("error", [RuntimeError, Http404])
def test_a_view_that_raises_has_its_line(
    client: Client, db: None, lines: Any, monkeypatch: pytest.MonkeyPatch, error: type
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr("bookings.passenger.views.booking.find_booking", broken)
    client.raise_request_exception = False

    answer = client.post("/bookings/", {"reference": "ABCD1234", "proof": "Nkosi"})

    (line,) = lines()
    assert line["status"] == answer.status_code == {RuntimeError: 500, Http404: 404}[error]
    assert f">{line['id']}</code>" in answer.content.decode()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (bad_request, 400),
        (forbidden, 403),
        (not_found, 404),
        (server_error, 500),
        (unavailable, 503),
        (lambda request: render_problem(request, NotFound("gone")), 404),
        (lambda request: render_problem(request, Busy()), 409),
        (lambda request: render_problem(request, RuleBroken("no")), 422),
        (lambda request: render_problem(request, TooMany("no")), 429),
    ],
)
def test_every_error_page_shows_the_number_of_its_request(
    answer: Callable[[HttpRequest], HttpResponse], status: int
) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        request.htmx = False
        return answer(request)

    shown = through(view)

    assert shown.status_code == status
    assert f"{shown['X-Request-ID']}</code>" in shown.content.decode()


@pytest.mark.parametrize(
    ("peer", "given", "is_taken"),
    [
        ("10.0.0.1", "5f2c9a1b77d04e6c", True),
        ("203.0.113.7", "5f2c9a1b77d04e6c", False),  # not our proxy
        ("10.0.0.1", "short", False),
        ("10.0.0.1", "x" * 65, False),
        ("10.0.0.1", "five fields=6\nforged line", False),
    ],
)
def test_only_our_own_proxy_gives_the_id(settings: Any, peer: str, given: str, is_taken: bool) -> None:
    settings.TRUSTED_PROXIES, settings.TRUSTED_PROXY_NETS = 1, ["10.0.0.0/8"]

    answer = through(lambda request: HttpResponse(), REMOTE_ADDR=peer, HTTP_X_REQUEST_ID=given)

    assert (answer["X-Request-ID"] == given) is is_taken
    assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", answer["X-Request-ID"])


def test_every_line_of_a_request_carries_its_id_in_both_formats(settings: Any) -> None:
    text, as_json = StringIO(), StringIO()
    logger = logging.getLogger("bookings.test_of_logs")
    logger.propagate = False
    for stream, formatter in (
        (text, logging.Formatter(settings.LOGGING["formatters"]["text"]["format"])),
        (as_json, JsonFormatter()),
    ):
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        handler.addFilter(BoundToRequest())
        logger.addHandler(handler)

    def view(request: HttpRequest) -> HttpResponse:
        logger.warning("Not Found: %s", "/search/", extra={"request": request})
        try:
            raise RuntimeError
        except RuntimeError:
            logger.exception(Fields(route="x", ms=1))
        return HttpResponse()

    rid = through(view)["X-Request-ID"]
    logger.warning("after it")

    assert text.getvalue().count(f"[{rid}]") == 2
    assert "Not Found: passenger:search" in text.getvalue()
    assert "[-] after it" in text.getvalue()
    told = [json.loads(line) for line in as_json.getvalue().splitlines()]
    assert [line["request_id"] for line in told] == [rid, rid, "-"]
    assert (told[1]["route"], told[1]["ms"]) == ("x", 1)
    assert "RuntimeError" in told[1]["exception"]


@pytest.mark.django_db
def test_a_slow_query_is_logged_with_its_place_and_without_its_values(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    take_slow_queries()
    settings.SLOW_QUERY_MS = 0.0001

    found = list(City.objects.filter(name="secret value"))

    settings.SLOW_QUERY_MS = 0
    line = next(record.msg for record in caplog.records if record.name == "bookings.queries")
    assert found == []
    assert re.fullmatch(r"bookings/tests/ops/test_request_log\.py:\d+", line["place"])
    assert line["sql"].startswith("SELECT")
    assert "secret" not in str(line)
    assert [each.place for each in take_slow_queries()] == [line["place"]]


@pytest.mark.database
@pytest.mark.django_db
def test_slow_queries_of_all_processes_are_kept_together_and_the_oldest_forgotten(settings: Any) -> None:
    take_slow_queries()
    settings.SLOW_QUERY_MS = 0.0001
    for _time in range(2):
        City.objects.count()
        SlowQuery.objects.count()  # reading or keeping them is none of them
    settings.SLOW_QUERY_MS = 0
    assert len(_slow) == 1

    requestlog._last_stored[0] = time.monotonic() - 6
    keep_what_was_slow()
    keep_what_was_slow()  # at once again: nothing to keep

    kept = SlowQuery.objects.get()
    assert kept.times == 2
    assert kept.total_ms >= kept.longest_ms > 0
    SlowQuery.objects.bulk_create(
        SlowQuery(key=str(n), place="x", sql="y", last_at=timezone.now()) for n in range(MOST_STORED)
    )
    assert forget_slow_queries() == 1
    assert not SlowQuery.objects.filter(pk=kept.pk).exists()


@pytest.mark.django_db
def test_nothing_slow_keeps_nothing(django_assert_num_queries: Any) -> None:
    take_slow_queries()

    with django_assert_num_queries(0):
        keep_slow_queries()
