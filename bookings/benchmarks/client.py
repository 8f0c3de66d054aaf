"""A browser with nothing to draw: one connection that stays open."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse, RemoteDisconnected
from urllib.parse import urlsplit

from bookings.benchmarks.probe_headers import QUERIES


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
        try:
            response = self._ask(address, headers)
        except RemoteDisconnected:  # it was silent for so long that the server hung up
            self.close()
            started = time.perf_counter()
            response = self._ask(address, headers)
        size = len(response.read())
        return Answer(
            response.status, size, time.perf_counter() - started, int(response.headers.get(QUERIES, 0))
        )

    def _ask(self, address: str, headers: dict[str, str]) -> HTTPResponse:
        self.connection.request("GET", address, headers=headers)
        return self.connection.getresponse()

    def close(self) -> None:
        self.connection.close()
