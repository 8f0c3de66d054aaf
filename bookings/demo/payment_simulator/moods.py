"""How the next calls to the simulator's interfaces are to go wrong."""

import threading
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

REFUND_MOODS: Final = {
    "lost": "paid back, but the answer gets lost",
    "lost_but_told": "paid back, the answer gets lost, the notification comes (Yoco)",
    "lost_before": "the request gets lost",
    "busy": "too busy, to be asked again",
    "refused": "refused",
    "later": "promised, paid back later (Yoco)",
    "later_refused": "promised, refused later (Yoco)",
    "later_lost": "promised, paid back later, but nobody says so (Yoco)",
}


class Moods:
    """One for each of the next calls of a kind: refund, checkout. Used by many threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, list[str]] = defaultdict(list)

    def set(self, kind: str, moods: Sequence[str]) -> None:
        with self._lock:
            self._next[kind] = list(moods)

    def next(self, kind: str) -> str:
        """What the next call is to suffer; empty: nothing."""
        with self._lock:
            return self._next[kind].pop(0) if self._next[kind] else ""

    def waiting(self, kind: str) -> list[str]:
        with self._lock:
            return list(self._next[kind])
