"""In which country a place lies, from its coordinates and a small table of borders."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final

_BORDERS: Final = Path(__file__).parent / "data" / "countries.txt"
_COAST: Final = 300  # thousandths of a degree, by which the table's coast may lie inland of a harbour


@dataclass(frozen=True)
class Country:
    code: str  # ISO 3166-1 alpha-2
    rings: tuple[tuple[tuple[int, int], ...], ...]
    west: int
    south: int
    east: int
    north: int

    def is_near(self, x: int, y: int, margin: int = 0) -> bool:
        return (
            self.west - margin <= x <= self.east + margin and self.south - margin <= y <= self.north + margin
        )

    def contains(self, x: int, y: int) -> bool:
        """Whether a line to the east crosses its rings an odd number of times; holes count by themselves."""
        inside = False
        for ring in self.rings:
            for (x1, y1), (x2, y2) in pairwise(ring):
                if (y1 > y) != (y2 > y) and (x - x1) * (y2 - y1) * (1 if y2 > y1 else -1) < (x2 - x1) * (
                    y - y1
                ) * (1 if y2 > y1 else -1):
                    inside = not inside
        return inside

    def distance(self, x: int, y: int) -> float:
        """To its border, squared."""
        return min(_off(x, y, here, there) for ring in self.rings for here, there in pairwise(ring))


def _off(x: int, y: int, here: tuple[int, int], there: tuple[int, int]) -> float:
    (x1, y1), (x2, y2) = here, there
    dx, dy = x2 - x1, y2 - y1
    length = dx * dx + dy * dy
    share = max(0.0, min(1.0, ((x - x1) * dx + (y - y1) * dy) / length)) if length else 0.0
    return (x - x1 - share * dx) ** 2 + (y - y1 - share * dy) ** 2


@lru_cache(maxsize=1)
def countries() -> tuple[Country, ...]:
    rings: dict[str, list[tuple[tuple[int, int], ...]]] = {}
    for line in _BORDERS.read_text(encoding="ascii").splitlines():
        if not line.startswith("#"):
            code, *numbers = line.split(" ")
            rings.setdefault(code, []).append(_ring([int(number) for number in numbers]))
    return tuple(_country(code, tuple(of_country)) for code, of_country in rings.items())


def _ring(steps: list[int]) -> tuple[tuple[int, int], ...]:
    points, x, y = [], 0, 0
    for dx, dy in zip(steps[::2], steps[1::2], strict=True):
        x, y = x + dx, y + dy
        points.append((x, y))
    return tuple(points)


def _country(code: str, rings: tuple[tuple[tuple[int, int], ...], ...]) -> Country:
    xs = [x for ring in rings for x, _y in ring]
    ys = [y for ring in rings for _x, y in ring]
    return Country(code, rings, min(xs), min(ys), max(xs), max(ys))


def country_at(latitude: float, longitude: float) -> str:
    """The code of the country at a place; empty on the high seas and where borders are disputed."""
    x, y = round(longitude * 1000), round(latitude * 1000)
    inside = next((row.code for row in countries() if row.is_near(x, y) and row.contains(x, y)), "")
    if inside:
        return inside
    near = [(row.distance(x, y), row.code) for row in countries() if row.is_near(x, y, _COAST)]
    off, code = min(near, default=(float("inf"), ""))
    return code if off <= _COAST**2 else ""
