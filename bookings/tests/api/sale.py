"""The steps of a sale by API, as a partner's program takes them."""

from typing import Any

from bookings.models import Schedule
from bookings.tests.api.conftest import Program

PEOPLE = [
    {"first_name": "Thandi", "surname": "Nkosi", "passenger_type": "adult"},
    {"first_name": "Sipho", "surname": "Nkosi", "passenger_type": "child"},
]


def segment_request(
    schedule: Schedule, origin: str = "johannesburg", destination: str = "cape-town", **choice: Any
) -> dict[str, Any]:
    return {"schedule_id": schedule.pk, "origin": origin, "destination": destination, **choice}


def quote(
    program: Program, *segment_requests: dict[str, Any], types: tuple[str, ...] = ("adult", "child")
) -> dict[str, Any]:
    answer = program.post("/quotes/", {"rides": list(segment_requests), "passengers": list(types)})
    assert answer.status_code == 200, answer.content
    return answer.json()


def hold(
    program: Program, *segment_requests: dict[str, Any], types: tuple[str, ...] = ("adult", "child")
) -> dict[str, Any]:
    answer = program.post("/holds/", {"quote": quote(program, *segment_requests, types=types)["quote"]})
    assert answer.status_code == 201, answer.content
    return answer.json()


def details(held: dict[str, Any], people: list[dict[str, str]] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "hold": held["id"],
        "passengers": people or PEOPLE,
        "email": "thandi@example.com",
        "phone": "082 123 4567",
        **more,
    }


def order(
    program: Program, schedule: Schedule, *, people: list[dict[str, str]] | None = None, **more: Any
) -> dict[str, Any]:
    types = tuple(each["passenger_type"] for each in people or PEOPLE)
    answer = program.post(
        "/orders/", details(hold(program, segment_request(schedule), types=types), people, **more)
    )
    assert answer.status_code == 201, answer.content
    return answer.json()


def sell(
    program: Program, schedule: Schedule, *, people: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """A paid order."""
    placed = order(program, schedule, people=people)
    answer = program.post(f"/orders/{placed['id']}/pay/", {"amount_zar": placed["owed_zar"]})
    assert answer.status_code == 200, answer.content
    return answer.json()
