"""Pages, fields and problems, the same everywhere."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client

from bookings.api.schema import document
from bookings.api.v1.views import network
from bookings.models import ApiKey, City, Order, Ticket
from bookings.tests.api.conftest import API, Program, problem
from bookings.tests.api.sale import order, segment_request
from bookings.tests.api.test_access import PUBLIC_NAMES, address, calls, patterns
from bookings.tests.make import NOW, make_city, make_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def cities() -> None:
    for number in range(5):
        make_city(f"City {number}")


def test_pages_lead_on_and_back_without_counting(anybody: Program, cities: None) -> None:
    def slugs(query: dict[str, Any]) -> tuple[list[str], str | None, str | None]:
        answer = anybody.get("/cities/", query).json()
        return [city["slug"][-1] for city in answer["results"]], answer["previous"], answer["next"]

    here = f"http://127.0.0.1:8000{API}/cities/"
    assert slugs({"page_size": 2}) == (["0", "1"], None, f"{here}?page=2&page_size=2")
    assert slugs({"page_size": 2, "page": 2}) == (
        ["2", "3"],
        f"{here}?page_size=2",
        f"{here}?page=3&page_size=2",
    )
    assert slugs({"page_size": 2, "page": 3}) == (["4"], f"{here}?page=2&page_size=2", None)
    assert slugs({"page_size": 5}) == (["0", "1", "2", "3", "4"], None, None)
    assert slugs({"page": 4}) == ([], f"{here}?page=3", None)


@pytest.mark.parametrize(
    "query",
    [{"page": 0}, {"page": "x"}, {"page_size": 101}, {"page_size": 0}, {"page": 101}, {"page": "9" * 30}],
)
def test_a_page_that_is_none_is_refused(anybody: Program, query: dict[str, Any]) -> None:
    assert problem(anybody.get("/cities/", query))["status"] == 400


def test_twenty_to_a_page_unless_said(anybody: Program) -> None:
    for number in range(21):
        make_city(f"City {number}")

    assert len(anybody.get("/cities/").json()["results"]) == 20


def test_fields_are_chosen_and_unknown_ones_named(anybody: Program, cities: None) -> None:
    assert anybody.get("/cities/", {"fields": ["name", "slug"], "page_size": 1}).json()["results"] == [
        {"slug": "city-0", "name": "City 0"}
    ]
    assert anybody.get("/cities/", {"fields": "name", "page_size": 1}).json()["results"] == [
        {"name": "City 0"}
    ]
    assert problem(anybody.get("/cities/", {"fields": "name,mayor"})) == {
        "type": "http://127.0.0.1:8000/api/v1/problems/#invalid",
        "title": "The request is not valid",
        "status": 400,
        "detail": "Some fields are not valid.",
        "errors": [
            {
                "field": "fields",
                "detail": "There is no field “mayor”. Choose from slug, name, region, latitude, longitude.",
            }
        ],
    }


def test_whatever_a_browser_would_rather_have_it_gets_json(anybody: Program) -> None:
    answer = anybody.get("/cities/", Accept="text/html")

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert "Set-Cookie" not in answer


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("GET", "/nowhere/", 404, "Not found"),
        ("POST", "/cities/", 405, "Method not allowed"),
        ("OPTIONS", "/cities/", 405, "Method not allowed"),
        ("GET", "/quotes/", 401, "An API key is required"),
    ],
)
def test_refusals_are_problem_details(
    client: Client, method: str, path: str, status: int, title: str
) -> None:
    answer = client.generic(method, f"{API}{path}")

    told = problem(answer)
    assert (answer.status_code, told["status"], told["title"]) == (status, status, title)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[" * 50_000,
        '{"quote": NaN}',
        b"\xff\xfe",
        '"text"',
        "null",
        '{"rides": 7}',
        '{"passengers": ["\\ud800"]}',
        "1" * 5_000,
    ],
)
def test_a_body_that_is_none_is_a_400(program: Program, body: Any) -> None:
    assert problem(program.post("/quotes/", body))["status"] == 400


def test_bodies_are_small_and_json(program: Program) -> None:
    assert problem(program.post("/quotes/", " " * 100_001))["status"] == 413

    form = program._client.post(f"{API}/quotes/", {"a": "b"}, headers=program._headers({}))
    assert problem(form)["status"] == 415


def test_nested_errors_say_where(program: Program) -> None:
    body = {
        "hold": "x",
        "passengers": [{"first_name": "", "surname": "", "passenger_type": "adult"}],
        "email": "no",
        "phone": "12",
    }

    errors = problem(program.post("/orders/", body))["errors"]

    assert sorted(each["field"] for each in errors) == ["email", "passengers.0.surname", "phone"]


@pytest.mark.parametrize(
    ("trip", "contact", "number"),
    [
        ("ZW", {"phone": "0772 123 456"}, "+263772123456"),
        ("ZA", {"phone": "0772 123 456", "phone_country": "ZW"}, "+263772123456"),
        ("ZW", {"phone": "+27 82 123 4567"}, "+27821234567"),
        ("", {"phone": "082 123 4567"}, "+27821234567"),
    ],
)
def test_a_number_is_of_the_country_beside_it_else_of_the_trips(
    program: Program, trip: str, contact: dict[str, str], number: str
) -> None:
    schedule = make_schedule()
    City.objects.update(country=trip)
    person = {"first_name": "Thandi", "surname": "Nkosi", "passenger_type": "adult"}

    assert order(program, schedule, people=[person], **contact)["phone"] == number


@pytest.mark.parametrize(
    "name",
    [{"first_name": "Suharto"}, {"surname": "Suharto"}, {"first_name": "", "surname": "Su\u200bharto"}],
)
def test_one_name_is_enough(program: Program, name: dict[str, str]) -> None:
    placed = order(
        program, make_schedule(), people=[{"passenger_type": "adult", **name}], email="ann@exam\u200bple.com"
    )

    assert Ticket.objects.get().full_name == "Suharto"
    assert placed["email"] == "ann@example.com"


def test_a_database_that_is_away_is_a_503(anybody: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any) -> None:
        raise OperationalError("connection refused to db.internal")

    monkeypatch.setattr(network.queries, "cities", away)

    answer = anybody.get("/cities/")

    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert "db.internal" not in json.dumps(problem(answer))


def test_what_nobody_expected_is_a_500_without_its_words(
    anybody: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise ValueError("secret")

    monkeypatch.setattr(network.queries, "cities", broken)

    answer = anybody.get("/cities/")

    assert (answer.status_code, problem(answer)["title"]) == (500, "Server error")
    assert "secret" not in answer.content.decode()


def test_the_list_of_problems_has_every_type(anybody: Program) -> None:
    types = {each["type"].partition("#")[2] for each in anybody.get("/problems/").json()}

    assert {"404", "invalid", "seat-taken", "quote-outdated", "already-submitted", "credit-exceeded"} <= types


def test_the_index_leads_to_everything_open(anybody: Program) -> None:
    for url in anybody.get("/").json().values():
        path = url.removeprefix("http://127.0.0.1:8000/api/v1")
        assert anybody.get(path, {}).status_code in (200, 400)


def unknown(answer: HttpResponse) -> list[str]:
    assert answer.status_code == 400
    return [each["field"] for each in problem(answer)["errors"]]


def test_unknown_parameters_are_refused_by_name_at_every_address(anybody: Program, program: Program) -> None:
    for method, path, _scope in calls():
        call = Client(raise_request_exception=False).generic
        answer = call(
            method,
            f"{path}?colour=red&utm_source=x",
            "{}",
            content_type="application/json",
            headers=program._headers({}),
        )
        assert unknown(answer) == ["colour", "utm_source"], (method, path)
    for _path, pattern in patterns():
        if pattern.name in PUBLIC_NAMES - {"schema", "docs"}:
            answer = anybody.get(address(pattern).removeprefix(API), {"colour": "red"})
            assert unknown(answer) == ["colour"], pattern.name


def test_a_refused_parameter_comes_with_those_that_there_are(anybody: Program) -> None:
    (error,) = problem(anybody.get("/stops/", {"town": "durban"}))["errors"]

    assert error == {
        "field": "town",
        "detail": "There is no such parameter here. Choose from page, page_size, city, fields.",
    }


def test_a_parameter_that_is_given_twice_is_refused_by_name(program: Program) -> None:
    twice = program.get("/orders/", {"status": ["pending", "confirmed"]})

    assert problem(twice)["errors"] == [{"field": "status", "detail": "Give this parameter once."}]
    assert program.get("/orders/", {"fields": ["id", "status"]}).status_code == 200


def test_every_documented_parameter_is_known(program: Program) -> None:
    samples = {"{token}": "x", "{reference}": "x", "{schedule_id}": "1", "{route_id}": "1"}
    for path, methods in json.loads(document())["paths"].items():
        for sample, value in samples.items():
            path = path.replace(sample, value)
        for method, operation in methods.items():
            names = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
            answer = Client(raise_request_exception=False).generic(
                method.upper(),
                f"{path}?{'&'.join(f'{name}=' for name in names)}",
                "{}",
                content_type="application/json",
                headers=program._headers({}),
            )
            assert "no such parameter" not in answer.content.decode(), (method, path)


def test_unknown_fields_are_refused_by_name_at_any_depth_and_beside_other_errors(program: Program) -> None:
    body = {
        "hold": "x",
        "passengers": [
            {"first_name": "A", "surname": "B", "passenger_type": "adult", "title": "Dr"},
            {"first_name": "A", "surname": "B", "passenger_type": "adult", "age": {"years": 7}},
        ],
        "email": "no",
        "voucher": "X",
    }
    seat = {"schedule_id": 1, "origin": "a", "destination": "b", "class": 1}

    assert sorted(unknown(program.post("/orders/", body))) == [
        "email",
        "passengers.0.title",
        "passengers.1.age",
        "voucher",
    ]
    assert unknown(program.post("/quotes/", {"rides": [seat], "passengers": ["adult"]})) == ["rides.0.class"]
    assert not Order.objects.exists()


def test_keys_from_before_are_warned_until_their_time_and_then_refused(
    program: Program, anybody: Program, clock: Any
) -> None:
    ApiKey.objects.update(lenient_until=NOW + timedelta(days=90))
    coach = make_schedule()
    ask = {
        "rides": [segment_request(coach, note='\u2192 "x"\r\n')],
        "passengers": ["adult"],
        "colo\u00fcr\r\n": 1,
    }

    for answer in (program.post("/quotes/", ask), program.get("/orders/", {"colour": "red"})):
        assert answer.status_code == 200
        assert answer["Warning"].startswith('299 - "Ignored, and refused from 2027-03-01 on: ')
        assert answer["Sunset"] == "Mon, 01 Mar 2027 08:00:00 GMT"
        assert answer["Deprecation"] == f"@{int(NOW.timestamp())}"
    assert "colour" in program.get("/orders/", {"colour": "red"})["Warning"]
    assert "rides.0.note" in program.post("/quotes/", ask)["Warning"]
    assert "Warning" not in program.get("/orders/")
    assert program.get("/cities/", {"colour": "red"}).status_code == 200  # sent with the key
    assert anybody.get("/cities/", {"colour": "red"}).status_code == 400

    clock.shift(timedelta(days=90))

    assert program.post("/quotes/", ask).status_code == 400
    assert program.get("/orders/", {"colour": "red"}).status_code == 400
    assert program.get("/cities/", {"colour": "red"}).status_code == 400


def test_a_new_key_is_never_lenient(program: Program) -> None:
    assert ApiKey.objects.get().lenient_until is None


def test_passenger_pages_ignore_what_they_do_not_know(client: Client) -> None:
    assert client.get("/", {"utm_source": "x"}).status_code == 200
    assert client.get("/departures/", {"utm_source": "x"}).status_code == 200
