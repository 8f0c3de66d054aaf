"""static/js/readers.js reads as bookings/base does: both are held to the same tables of examples."""

import json
import re
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from bookings.base.names import plain_person
from bookings.domain.counter.coins import in_coins
from bookings.tests.base import examples

SCRIPT: Final = Path(__file__).parents[3] / "static/js/readers.js"
TEMPLATES: Final = Path(__file__).parents[3] / "templates"
TABLES: Final = {
    "code": examples("codes")["reference or spoken code: typed, kept"],
    "scan": examples("codes")["what a scanner sends: sent, kept"],
    "cents": [[typed, int(Decimal(rand) * 100)] for typed, rand in examples("amounts")["typed, rand"]]
    + [[typed, None] for typed in examples("amounts")["no amount"]],
    "rand": [[int(Decimal(amount) * 100), text] for amount, text in examples("amounts")["written"]],
}


needs_node = pytest.mark.skipif(not shutil.which("node"), reason="needs node")


def read_by_script(expression: str, table: list[Any]) -> Any:
    """What the expression makes of each `typed` of the table."""
    program = f"""
        {SCRIPT.read_text()}
        console.log(JSON.stringify({json.dumps(table)}.map((typed) => {expression})));
    """
    answer = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(answer.stdout)


@needs_node
@pytest.mark.parametrize("reader", TABLES)
def test_the_script_reads_as_the_server_does(reader: str) -> None:
    answer = read_by_script(f"readers.{reader}(typed)", [typed for typed, _kept in TABLES[reader]])

    assert answer == [kept for _typed, kept in TABLES[reader]]


def test_no_other_script_reads_or_writes_amounts() -> None:
    others = [path for path in SCRIPT.parent.glob("*.js") if path != SCRIPT]

    own = [path.name for path in others if re.search(r"`R\$\{|u00a0|\[\\d\.\]", path.read_text())]
    assert not own, "readers.cents and readers.rand do it"


def test_a_page_with_a_script_that_uses_the_readers_brings_them_before() -> None:
    users = {path.name for path in SCRIPT.parent.glob("*.js") if "readers." in path.read_text()} - {
        SCRIPT.name
    }
    pages = {path: re.findall(r"'js/([\w-]+\.js)'", path.read_text()) for path in TEMPLATES.rglob("*.html")}

    assert users >= {"booking.js", "office-sale.js", "office-till.js"}
    for path, scripts in pages.items():
        for script in users & set(scripts):
            assert SCRIPT.name in scripts[: scripts.index(script)], f"{path.name}: {script}"


@needs_node
def test_a_day_that_the_script_reads_is_the_one_that_the_server_reads() -> None:
    days = examples("days")
    table = days["typed on Tuesday 2026-12-01, meant"] + [[typed, None] for typed in days["no day"]]
    whole = "(day => day && [day.getFullYear(), day.getMonth() + 1, day.getDate()])(readers.day(typed))"

    answer = read_by_script(whole, [typed for typed, _meant in table])

    read = {typed: day for (typed, _meant), day in zip(table, answer, strict=True) if day}
    assert read == {"2026-12-25": [2026, 12, 25]}  # the rest is left to the server, never guessed


@needs_node
def test_the_change_is_counted_in_the_coins_of_the_till() -> None:
    due = [60000, 60004, 60005, 60006, 60009, 60010, 60014, 60015, 60016]

    answer = read_by_script("readers.coins(typed, 10)", due)

    assert answer == [int(in_coins(Decimal(cents) / 100) * 100) for cents in due]
    assert read_by_script("readers.coins(typed, 0)", due) == due


@needs_node
def test_the_script_compares_names_as_the_server_does() -> None:
    people = examples("names")["one person, however the name is written"]

    answer = read_by_script("typed.map((name) => readers.person(name))", people)

    folded = [set(names) for names in answer]
    assert [len(names) for names in folded] == [1] * len(people)
    assert len(set.union(*folded)) == len({plain_person(names[0]) for names in people})
