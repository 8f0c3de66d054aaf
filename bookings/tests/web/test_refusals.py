import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django import forms
from django.test import Client

from bookings.base.errors import AlreadySubmitted, Conflict, NotFound, Refusal, TooMany
from bookings.base.metrics import REFUSALS
from bookings.tests.passenger.buying import departure_ahead, hold_by, seats_page
from bookings.web.refusals import add_refusal, counted

FACES = [Path("bookings") / face for face in ("web", "passenger", "office", "api")]


def refused(kind: str) -> float:
    return REFUSALS.labels(kind)._value.get()


def test_a_refusal_is_counted_where_it_is_shown_and_not_where_it_is_raised() -> None:
    before = refused("Refusal"), refused("Conflict")
    refusal, conflict, form = Refusal("No."), Conflict("Too late."), forms.Form({})

    assert (refused("Refusal"), refused("Conflict")) == before
    assert counted(refusal) is refusal
    assert counted(None) is None
    add_refusal(form, None, conflict)

    assert (refused("Refusal"), refused("Conflict")) == (before[0] + 1, before[1] + 1)
    assert form.non_field_errors() == ["Too late."]


@pytest.mark.django_db
def test_a_page_that_shows_a_refusal_counts_it_once(client: Client) -> None:
    schedule = departure_ahead()
    hold_by(client, schedule, "1A")
    before = refused("SeatTaken")

    response = Client().post(seats_page(schedule, passengers=1), {"seats": ["1A"]})

    assert (response.status_code, refused("SeatTaken")) == (409, before + 1)


@pytest.mark.parametrize("ends", [NotFound, TooMany, AlreadySubmitted])
def test_what_ends_a_request_is_no_refusal(ends: type[Exception]) -> None:
    assert not issubclass(ends, Refusal)


def handlers() -> Iterator[tuple[str, ast.ExceptHandler]]:
    for path in (path for face in FACES for path in sorted(face.rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                yield f"{path}:{node.lineno}", node


def test_nobody_raises_again_what_ends_a_request() -> None:
    again = [
        place
        for place, node in handlers()
        if len(node.body) == 1 and isinstance(node.body[0], ast.Raise) and not node.body[0].exc
    ]

    assert again == []


def test_pages_count_the_refusals_that_they_show() -> None:
    uncounted = [
        f"{path}:{value.lineno}"
        for path in (path for face in FACES for path in sorted(face.rglob("*.py")))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
        and key.value == "refusal"
        and isinstance(value, ast.Name)
        and "views" in path.parts
    ]

    assert uncounted == []
