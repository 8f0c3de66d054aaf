"""What could not be read of a feed, by file and line, and a feed that is refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from bookings.base.errors import RuleBroken

MAX_LISTED: Final = 200  # problems that are kept in words; all are counted


class FeedRefused(RuleBroken):
    """The feed as a whole cannot be read; nothing was changed."""


@dataclass
class Problems:
    """Rows that were left out, or read otherwise than they say."""

    lines: list[str] = field(default_factory=list)
    by_file: Counter[str] = field(default_factory=Counter)

    def add(self, file: str, line: int, text: str) -> None:
        self.by_file[file] += 1
        if len(self.lines) < MAX_LISTED:
            self.lines.append(f"{file}:{line}: {text}")

    @property
    def count(self) -> int:
        return self.by_file.total()
