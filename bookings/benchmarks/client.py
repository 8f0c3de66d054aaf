"""A browser with nothing to draw: one connection that stays open."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    status: int
    bytes: int
    seconds: float
    queries: int


class Client:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)

    def get(self, address: str, headers: dict[str, str]) -> Answer:
        started = time.perf_counter()
        self.connection.request("GET", address, headers=headers)
        response = self.connection.getresponse()
        size = len(response.read())
        return Answer(response.status, size, time.perf_counter() - started, int(response.headers.get("X-Queries", 0)))

    def close(self) -> None:
        self.connection.close()
