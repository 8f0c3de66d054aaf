"""Every address × whatever somebody may send.

No answer is our fault, and nothing typed comes back as markup.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.models import User
from bookings.tests.hostile.fuzz import MARK, Fuzzer, sign_in_again
from bookings.tests.hostile.wire import Answer, Request, Transport, in_process, over_socket
from bookings.tests.hostile.world import make_world
from bookings.tests.races.crowd import SCALE, figure, many
from bookings.tests.races.service import service

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
SEED = 7


@pytest.fixture
def transport(tmp_path: Path, request: pytest.FixtureRequest, settings: Any) -> Iterator[Transport]:
    """The WSGI application itself; in `make soak` the real web server in front of it."""
    settings.EMAIL_BACKEND = (
        "django.core.mail.backends.filebased.EmailBackend"  # the demo's mail pages have something to show
    )
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    if not SCALE:
        yield in_process()
        return
    (tmp_path / "site").mkdir()
    with service(tmp_path / "site", static=request.getfixturevalue("static_files"), queue=False) as site:
        yield over_socket(site.port)


def faults(request: Request, answer: Answer) -> list[str]:
    found = []
    if answer.status >= 500:
        found.append(f"{answer.status}: {request}\n{answer.trouble}")
    if answer.header("content-type").startswith("text/html") and f"<{MARK}".encode() in answer.body:
        found.append(f"unescaped: {request}")
    if answer.header("x-injected"):
        found.append(f"header injected: {request}")
    if "evil" in answer.header("location").partition("?")[0]:
        found.append(f"sent away to {answer.header('location')[:80]}: {request}")
    return found


def test_no_request_is_answered_by_an_error_of_ours_or_by_its_own_markup(transport: Transport) -> None:
    world = make_world()
    fuzzer = Fuzzer(world, SEED, rows=many(1, 3))
    number, took, wrong = many(250, 10_000), [], []

    for role, request in fuzzer.requests(number):
        started = time.monotonic()
        answer = transport(request)
        took.append(time.monotonic() - started)
        wrong += faults(request, answer)
        if role in User.Role.values and answer.header("location").startswith("/office/login"):
            sign_in_again(world.clients[role], role)

    took.sort()
    figure(
        "fuzz",
        requests=number,
        faults=len(wrong),
        p99_s=round(took[int(len(took) * 0.99)], 3),
        slowest_s=round(took[-1], 3),
    )
    assert wrong == [], f"{len(wrong)}: " + "\n".join(wrong[:20])
    assert violations(now=timezone.now()) == []
    assert took[int(len(took) * 0.99)] <= (2 if SCALE else 10)  # a suite's machine is busy
