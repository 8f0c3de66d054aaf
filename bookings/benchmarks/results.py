"""Figures as a table for people, and as the lines of a report."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

import psutil

MET: Final = "met"
MISSED: Final = "missed"


@dataclass(frozen=True)
class Result:
    """A line of the table. `ratio` is how many times `against` it costs; `target` is the most that it may be
    (0: no figure to reach).

    Against nothing it is a number of its own.
    """

    part: str
    stage: str
    name: str
    cpu_ms: float = 0.0
    against: str = ""
    ratio: float = 0.0
    target: float = 0.0
    queries: int = 0
    kilobytes: float = 0.0
    remark: str = ""

    @property
    def measured(self) -> str:
        return f"{self.ratio:.2f} × {self.against}" if self.against else f"{self.ratio:g}"

    @property
    def verdict(self) -> str:
        if not (self.target and self.ratio):
            return ""
        return MET if self.ratio <= self.target else MISSED

    def cells(self) -> tuple[str, ...]:
        return (
            self.name,
            f"{self.cpu_ms:.2f}" if self.cpu_ms else "",
            self.measured if self.ratio else "",
            f"≤ {self.target:g}" if self.target else "",
            self.verdict,
            str(self.queries or ""),
            f"{self.kilobytes:.1f}" if self.kilobytes else "",
            self.remark,
        )


HEAD: Final = ("case", "CPU ms", "ratio", "must", "", "queries", "kB", "remark")


def machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{psutil.cpu_count()} CPUs, {memory:.0f} GB, Python {platform.python_version()}, "
        f"{datetime.now(UTC):%Y-%m-%d}"
    )


def markdown(results: Iterable[Result]) -> str:
    lines = [
        f"Measured on {machine()}. CPU ms of all our processes and of the servers behind them, "
        "per request or purchase."
    ]
    for (part, stage), rows in _parts(results):
        lines += ["", f"**{part}**, {stage}", "", f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}"]
        lines += [f"| {' | '.join(row.cells())} |" for row in rows]
    return "\n".join(lines)


def plain(results: Iterable[Result]) -> str:
    lines = []
    for (part, stage), rows in _parts(results):
        table = [HEAD, *(row.cells() for row in rows)]
        widths = [max(len(row[column]) for row in table) for column in range(len(HEAD))]
        lines += ["", f"{part}, {stage}"]
        lines += [
            "  "
            + "  ".join(
                _cell(text, width, column)
                for column, (text, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in table
        ]
    return "\n".join(line.rstrip() for line in lines)


def _cell(text: str, width: int, column: int) -> str:
    is_number = HEAD[column] in {"CPU ms", "queries", "kB"}
    return text.rjust(width) if is_number else text.ljust(width)


def _parts(results: Iterable[Result]) -> Iterator[tuple[tuple[str, str], list[Result]]]:
    for key, rows in groupby(results, key=lambda row: (row.part, row.stage)):
        yield key, list(rows)


def verdict(results: Iterable[Result]) -> str:
    said = [row for row in results if row.verdict]
    missed = [
        f"{row.name} ({row.stage}): {row.measured}, must be ≤ {row.target:g}"
        for row in said
        if row.verdict == MISSED
    ]
    lines = [f"{len(said) - len(missed)} of {len(said)} figures reached."]
    return "\n".join([*lines, *(f"missed: {line}" for line in missed)])
