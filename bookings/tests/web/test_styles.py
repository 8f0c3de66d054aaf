"""What the style sheets promise, so that tests in a browser need not look at each size."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_CSS: Final = Path(__file__).resolve().parents[3] / "static" / "css"
_WIDTH: Final = re.compile(r"@media[^{]*\((?:min|max)-width:\s*([\d.]+)rem\)[^{]*\{")
_COLOUR: Final = re.compile(r"(?<![\w-])(?:color|background|background-color|fill|opacity)\s*:")
_REM: Final = 16  # pixels


def test_colours_change_by_width_only_between_a_phone_and_a_tablet() -> None:
    widths = {
        f"{sheet.name} at {width} rem"
        for sheet in sorted(_CSS.glob("*.css"))
        for width, rules in _rules_by_width(sheet.read_text())
        if _COLOUR.search(rules) and not 390 < width * _REM < 768
    }

    assert widths == set()


def _rules_by_width(sheet: str) -> Iterator[tuple[float, str]]:
    """Where the layout changes, in rem, and what holds from or up to there."""
    for match in _WIDTH.finditer(sheet):
        depth, end = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(sheet[end], 0)
            end += 1
        yield float(match[1]), sheet[match.end() : end]


def test_every_width_is_read() -> None:
    sheets = "".join(sheet.read_text() for sheet in _CSS.glob("*.css"))

    assert len(list(_rules_by_width(sheets))) == len(re.findall(r"@media[^{]*-width", sheets)) > 20
