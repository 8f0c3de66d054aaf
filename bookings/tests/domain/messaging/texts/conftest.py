import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from bookings.tests.domain.sales.gateways.letterbox import Letterbox, open_letterbox
from bookings.tests.domain.sales.gateways.simulation import set_moods

_ROOT = Path(__file__).resolve().parents[5]


class Simulation:
    """The simulator as the tests meet it; what it tells arrives when they like."""

    def __init__(self, address: str, letterbox: Letterbox) -> None:
        self.address, self.letterbox = address, letterbox
        self.first = len(self._book())

    def _book(self) -> list[dict[str, str]]:
        with urlopen(f"{self.address}/book") as answer:
            return json.loads(answer.read())

    @property
    def taken(self) -> list[dict[str, str]]:
        """What the providers took in this test."""
        return self._book()[self.first :]

    def set(self, channel: str, *moods: str) -> None:
        set_moods(self.address, *moods, kind=channel)

    def arrive(self, name: str, count: int) -> list[int]:
        return [letter.hand_on() for letter in self.letterbox.wait_for(name, count)]


@pytest.fixture(scope="session")
def text_letterbox() -> Iterator[Letterbox]:
    with open_letterbox() as box:
        yield box


@pytest.fixture(scope="session")
def message_simulator(text_letterbox: Letterbox) -> Iterator[str]:
    arguments = ["manage.py", "message_simulator", "--port", "0", "--site", text_letterbox.url]
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


@pytest.fixture
def providers(settings: Any) -> None:
    """Both adapters, with the simulator's keys, at an address where nobody is."""
    texts = "bookings.domain.messaging.texts"
    settings.TEXT_PROVIDERS = {
        "whatsapp": f"{texts}.meta.MetaProvider",
        "sms": f"{texts}.clickatell.ClickatellProvider",
    }
    (
        settings.META_PHONE_NUMBER_ID,
        settings.META_ACCESS_TOKEN,
        settings.META_APP_SECRET,
        settings.META_VERIFY_TOKEN,
    ) = settings.SIMULATED_META
    (
        settings.CLICKATELL_API_KEY,
        settings.CLICKATELL_CALLBACK_USER,
        settings.CLICKATELL_CALLBACK_PASSWORD,
    ) = settings.SIMULATED_CLICKATELL
    settings.META_URL = settings.CLICKATELL_URL = "http://127.0.0.1:9"


@pytest.fixture
def simulation(
    settings: Any, providers: None, message_simulator: str, text_letterbox: Letterbox
) -> Iterator[Simulation]:
    settings.META_URL = settings.CLICKATELL_URL = message_simulator
    simulation = Simulation(message_simulator, text_letterbox)
    yield simulation
    simulation.set("whatsapp")
    simulation.set("sms")
