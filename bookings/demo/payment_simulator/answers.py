"""What the simulator is asked and what it answers, without the words of HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SimulatedRequest:
    method: str
    parts: tuple[str, ...]  # of its path
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class SimulatedAnswer:
    body: bytes = b""
    status: int = 200
    kind: str = "text/plain"
    location: str = ""
    is_lost: bool = False  # the connection ends without a word


LOST = SimulatedAnswer(is_lost=True)


def text_answer(text: str, status: int = 200) -> SimulatedAnswer:
    return SimulatedAnswer(text.encode(), status)


def json_answer(value: Any, status: int = 200) -> SimulatedAnswer:
    return SimulatedAnswer(json.dumps(value).encode(), status, "application/json")


def redirect_answer(location: str) -> SimulatedAnswer:
    return SimulatedAnswer(status=303, location=location)
