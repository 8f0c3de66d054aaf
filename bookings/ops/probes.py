"""Looks at what we depend on, in a thread of its own: what hangs must not hang the worker that was asked."""

import logging
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from django.db import connections

logger = logging.getLogger("bookings.health")
DEADLINE: Final = 1.5


class Prober:
    """Runs a fixed list of looks, one round at a time, always in the same thread.

    Who asks while a round hangs gets what that round has found so far: a frozen server costs one thread and
    no queue of them.
    """

    def __init__(self, **looks: Callable[[], Any]) -> None:
        self._looks = looks
        self._turn = threading.Condition()
        self._thread: threading.Thread | None = None
        self._round: _Round | None = None

    def look(self) -> dict[str, Any]:
        """What each look found, in their order. One that did not end in time, or failed, is missing."""
        with self._turn:
            if self._round is None or self._round.is_over.is_set():
                self._round = _Round()
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._serve, name="probes", daemon=True)
                    self._thread.start()
                self._turn.notify()
            own_round = self._round
        own_round.is_over.wait(max(0.0, own_round.started + DEADLINE - monotonic()))
        return dict(own_round.results)

    def _serve(self) -> None:
        served: _Round | None = None
        while True:
            with self._turn:
                while self._round is served:
                    self._turn.wait()
                served = self._round
            if served:
                self._run(served)

    def _run(self, own_round: "_Round") -> None:
        for name, look in self._looks.items():
            try:
                own_round.results[name] = look()
            except Exception as error:  # noqa: BLE001 - the edge of a thread: whatever a driver raises, the thing does not work
                logger.warning("%s: %s", name, type(error).__name__)
        # A new connection each time: none is kept open for it, and that connecting works is part of the
        # answer.
        connections.close_all()
        own_round.is_over.set()


class _Round:
    def __init__(self) -> None:
        self.started = monotonic()
        self.results: dict[str, Any] = {}
        self.is_over = threading.Event()
