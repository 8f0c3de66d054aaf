import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bookings.tests.domain.sales.gateways.letterbox import Letterbox, open_letterbox

_ROOT = Path(__file__).resolve().parents[5]


@pytest.fixture(scope="session")
def simulator() -> Iterator[str]:
    """The address of one simulator for all tests of a session, where nothing is waited for."""
    arguments = ["manage.py", "payment_simulator", "--port", "0", "--step", "0", "--late", "0"]
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=_ROOT,
        env={**os.environ, "ENVIRONMENT": "demo"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        try:
            yield re.search(r"http://[.:0-9]+", process.stdout.readline())[0]
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def letterbox() -> Iterator[Letterbox]:
    with open_letterbox() as box:
        yield box
