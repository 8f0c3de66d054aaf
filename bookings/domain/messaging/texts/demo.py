"""Writes text messages to a file instead of sending them, and reads them for the demo's page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils import timezone

from bookings.domain.messaging.texts.providers import (
    CannotAsk,
    ForgedCallback,
    Reply,
    TextDelivery,
    TextToSend,
)

_MOST: Final = 50


@dataclass(frozen=True)
class DemoText:
    sent_at: datetime
    channel: str
    to: str
    body: str
    template: str


class DemoProvider:
    name = "demo"
    kept_headers = ()
    tells_delivery = False
    channel = "SMS"

    def send(self, text: TextToSend) -> str:
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        row = asdict(text) | {"channel": self.channel, "sent_at": timezone.now().isoformat()}
        with path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        return f"demo-{text.client_id}"

    def find(self, client_id: str) -> str:
        raise CannotAsk

    def verify_callback(self, headers: Mapping[str, str], body: bytes) -> Sequence[TextDelivery | Reply]:
        raise ForgedCallback("the demo has no callbacks")


class DemoWhatsAppProvider(DemoProvider):
    name = "demo-whatsapp"
    channel = "WhatsApp"


def demo_texts() -> list[DemoText]:
    """The newest first."""
    path = _path()
    lines = path.read_text().splitlines() if path.is_file() else []
    rows = [json.loads(line) for line in reversed(lines[-_MOST:])]
    return [
        DemoText(
            datetime.fromisoformat(row["sent_at"]), row["channel"], row["to"], row["body"], row["template"]
        )
        for row in rows
    ]


def _path() -> Path:
    return Path(settings.TEXT_FILE_PATH)
