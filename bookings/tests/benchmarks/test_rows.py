"""The twelve rows of the source document: what is said to show them is there."""

import re
from pathlib import Path
from typing import Final

import pytest
from django.core.management import get_commands
from django.urls import resolve

TESTS: Final = Path(__file__).resolve().parents[1]
ROOT: Final = TESTS.parents[1]
_TEXT: Final = (TESTS.parent / "benchmarks" / "README.md").read_text()
ROWS: Final = dict(
    re.findall(
        r"^\| (\d+) \| .* \| (.*) \|$",
        _TEXT.partition("## The twelve rows")[2].partition("\n## ")[0],
        re.MULTILINE,
    )
)


def test_all_twelve_are_there() -> None:
    assert list(ROWS) == [str(number) for number in range(1, 13)]


@pytest.mark.parametrize("number", ROWS)
def test_what_shows_a_row_exists(number: str) -> None:
    named = re.findall(r"`([^`]+)`", ROWS[number])
    tests = [name for name in named if name.endswith(".py")]

    assert tests
    assert [name for name in tests if not (TESTS / name).is_file()] == []
    assert [name for name in named if name.startswith("/") and not resolve(name)] == []
    commands = [command for name in named for command in re.findall(r"manage\.py (\w+)", name)]
    assert set(commands) <= set(get_commands())
    targets = [target for name in named for target in re.findall(r"^make (\w+)", name)]
    assert [target for target in targets if f"\n{target}:" not in (ROOT / "Makefile").read_text()] == []
