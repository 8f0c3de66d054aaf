"""CPU time of everything of ours and of the servers behind it; the client that asks is not counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import psutil

Roots = Callable[[], dict[str, Iterable[int]]]  # of a part: the processes that it began with


class Meter:
    def __init__(self, roots: Roots) -> None:
        self._roots = roots

    def read(self) -> dict[str, float]:
        """Seconds of CPU so far by part, children included, those that have ended too."""
        return {part: sum(_seconds(pid) for pid in pids) for part, pids in self._roots().items()}

    def since(self, before: dict[str, float]) -> dict[str, float]:
        return {part: seconds - before.get(part, 0) for part, seconds in self.read().items()}


def _seconds(pid: int) -> float:
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(map(_own, tree))


def _own(process: psutil.Process) -> float:
    try:
        return sum(process.cpu_times()[:4])  # user and system, its own and of children that it has seen off
    except psutil.NoSuchProcess:
        return 0.0
