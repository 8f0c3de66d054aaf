"""Which functions of ours one hold enters, from the view to the claim of its seats, and in how many
directories: who wants to understand a hold has to read so many.

python -m bookings.benchmarks.call_path   (on a small SQLite database of its own)

Counted are functions and methods with a public name. What begins with an underscore is read with its own
file, a property reads as a value, and models and the tools below them (base, database, cache) know of no
hold. Middleware and tasks are not on the way.
"""

from __future__ import annotations

import os
import sys
import tempfile
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import Any, Final

ROOM: Final = Path(__file__).resolve().parents[1]
FUNCTIONS_AT_MOST: Final = 40
DIRECTORIES_AT_MOST: Final = 8
_TOOLS: Final = ("base", "database", "cache")
_SETTINGS: Final = "company"  # of domain: values that a company set, read as those of Django are


def functions_of_a_hold(schedule_id: int, start: str, end: str, *, every: bool = False) -> list[str]:
    """As "domain/sales/holds.py hold_seats", in the order in which they are entered.

    `every` counts private functions, properties and the tools below domain, too.
    """
    from django.test import Client

    from bookings.domain.inventory.claims import claim
    from bookings.passenger.views.departure import departure

    view: Any = departure
    entered: dict[str, None] = {}
    state = {"inside": False}

    def note(frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if event == "call" and code is view.__wrapped__.__code__:
            state["inside"] = True
        if event == "call" and state["inside"] and (name := _name(frame, every)):
            entered[name] = None
        if event == "return" and code is claim.__code__:
            state["inside"] = False

    address = f"/departures/{schedule_id}/?from={start}&to={end}&passengers=1"
    choice = {"choose": "any", "passengers": "1"}
    Client(SERVER_NAME="127.0.0.1").post(address, choice)  # what is read once is cached from now on
    somebody_else = Client(SERVER_NAME="127.0.0.1")
    sys.setprofile(note)
    try:
        response = somebody_else.post(address, choice)
    finally:
        sys.setprofile(None)
    if response.status_code != 302:
        raise RuntimeError(f"Nothing was held: {response.status_code}")
    return list(entered)


def directories(functions: list[str]) -> list[str]:
    return sorted({str(Path(name.partition(" ")[0]).parent) for name in functions})


def _name(frame: FrameType, every: bool) -> str:
    """Empty for what is not counted."""
    code = frame.f_code
    path = Path(code.co_filename)
    if code.co_name.startswith("<") or not path.is_relative_to(ROOM):
        return ""
    path = path.relative_to(ROOM)
    if path.parts[0] in ("models", "tests", "benchmarks"):
        return ""
    is_tool = path.parts[0] in _TOOLS or path.parts[:2] == ("domain", _SETTINGS)
    if not every and (code.co_name.startswith("_") or is_tool or _is_property(frame)):
        return ""
    return f"{path} {code.co_qualname}"


def _is_property(frame: FrameType) -> bool:
    owner, _dot, name = frame.f_code.co_qualname.rpartition(".")
    return isinstance(getattr(frame.f_globals.get(owner), name, None), property | cached_property)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "LOCAL_DIR": folder,
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "DEBUG": "",
            "ENVIRONMENT": "demo",
        }
        os.environ["DJANGO_SETTINGS_MODULE"] = "falcon_web.settings"
        import django

        django.setup()
        from django.core.management import call_command
        from django.utils import timezone

        from bookings.tests.make import make_schedule

        call_command("migrate", verbosity=0)
        schedule = make_schedule(departs=timezone.now() + timedelta(days=3))
        functions = functions_of_a_hold(schedule.pk, "johannesburg", "cape-town")
        every = functions_of_a_hold(schedule.pk, "johannesburg", "cape-town", every=True)
    for name in functions:
        print(name)  # noqa: T201
    counted = f"{len(functions)} functions (at most {FUNCTIONS_AT_MOST})"
    print(f"{counted} in {len(directories(functions))} directories (at most {DIRECTORIES_AT_MOST})")  # noqa: T201
    with_private = f"{len(every)} functions in {len(directories(every))} directories"
    print(f"with private ones, properties and the tools below: {with_private}")  # noqa: T201


if __name__ == "__main__":
    main()
