from collections.abc import Iterator
from pathlib import Path

import pytest

from bookings import queue
from bookings.tests.races.buyer import Buyer, Visit
from bookings.tests.races.service import Service, service


@pytest.fixture(autouse=True)
def _queue_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that these tests promise may hang on a task that reaches the queue."""
    monkeypatch.setattr(queue, "enqueue", lambda name, *args: None)


@pytest.fixture(scope="module")
def site(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory, static_files: Path
) -> Iterator[Service]:
    """Web server and queue on the tests' database.

    Mail goes to files. Processes keep nothing, so one site serves all tests of a file.
    """
    with service(tmp_path_factory.mktemp("site"), static=static_files) as running:
        yield running


@pytest.fixture
def visit(transactional_db: None, site: Service) -> Iterator[Visit]:
    """Lets customers in, and sees them out."""
    inside: list[Buyer] = []

    def enter() -> Buyer:
        inside.append(Buyer(site.url, name=f"Buyer{len(inside)}"))
        return inside[-1]

    yield enter
    for buyer in inside:
        buyer.close()
