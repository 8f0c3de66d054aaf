"""static/js/readers.js reads as bookings/base does: both are held to the same tables of examples."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from bookings.base.names import plain_person
from bookings.tests.base import examples

SCRIPT: Final = Path(__file__).parents[3] / "static/js/readers.js"
TABLES: Final = {
    "code": examples("codes")["reference or spoken code: typed, kept"],
    "scan": examples("codes")["what a scanner sends: sent, kept"],
}


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
@pytest.mark.parametrize("reader", TABLES)
def test_the_script_reads_as_the_server_does(reader: str) -> None:
    program = f"""
        {SCRIPT.read_text()}
        const table = {json.dumps(TABLES[reader])};
        console.log(JSON.stringify(table.map(([typed]) => readers.{reader}(typed))));
    """

    answer = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True, timeout=60)

    assert json.loads(answer.stdout) == [kept for _typed, kept in TABLES[reader]]


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_the_script_compares_names_as_the_server_does() -> None:
    people = examples("names")["one person, however the name is written"]
    program = f"""
        {SCRIPT.read_text()}
        const people = {json.dumps(people)};
        console.log(JSON.stringify(people.map((names) => names.map((name) => readers.person(name)))));
    """

    answer = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True, timeout=60)

    folded = [set(names) for names in json.loads(answer.stdout)]
    assert [len(names) for names in folded] == [1] * len(people)
    assert len(set.union(*folded)) == len({plain_person(names[0]) for names in people})
