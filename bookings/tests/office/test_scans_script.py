"""static/js/scans.js: what a scan is to a door without a connection, beside those that wait to be sent."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

SCRIPT: Final = Path(__file__).parents[3] / "static/js/scans.js"


def scanned(read: str, ticket: int | None = None, at: str = "10:00", stop: int = 0) -> dict[str, Any]:
    fields = {"code": read, "stop": str(stop), "scanned_at": at}
    return {"action": "/board/", "fields": fields, "read": read, "ticket": ticket}


def taken_back(ticket: int) -> dict[str, Any]:
    return {"action": "/board/undo/", "fields": {"ticket": str(ticket), "stop": "0", "scanned_at": "10:05"}}


QR, SPOKEN = "FBLTBCD", "K7MQV9"
EARLIER: Final = [
    ("nothing waits", scanned(QR, 1), [], None),
    ("another ticket waits", scanned(QR, 1), [scanned("FBLTXXX", 2)], None),
    ("the same code", scanned(QR, 1), [scanned(QR, 1, "10:01")], "10:01"),
    ("the same code, on no list", scanned(QR), [scanned(QR, None, "10:01")], "10:01"),
    ("the spoken code of the same ticket", scanned(SPOKEN, 1), [scanned(QR, 1, "10:01")], "10:01"),
    ("codes on no list are no one ticket", scanned(SPOKEN), [scanned(QR)], None),
    ("at another stop of the coach", scanned(QR), [scanned(QR, 1, "10:01", stop=1)], "10:01"),
    ("taken back since", scanned(QR, 1), [scanned(QR, 1), taken_back(1)], None),
    ("and scanned again", scanned(QR, 1), [scanned(QR, 1), taken_back(1), scanned(QR, 1, "10:06")], "10:06"),
]
ABOARD: Final = [
    ([scanned(QR, 1), scanned(SPOKEN, 2)], {"1": True, "2": True}),
    ([scanned(QR, 1), taken_back(1)], {"1": False}),
    ([scanned(QR), scanned(QR, 3, stop=1)], {}),
]


def run(expression: str, table: list[Any]) -> Any:
    program = f"""
        {SCRIPT.read_text()}
        console.log(JSON.stringify({json.dumps(table)}.map({expression})));
    """
    answer = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(answer.stdout)


needs_node = pytest.mark.skipif(not shutil.which("node"), reason="needs node")


@needs_node
def test_a_ticket_that_waits_to_be_sent_does_not_pass_again() -> None:
    answers = run("([, entry, waiting]) => scans.earlier(entry, waiting)?.fields.scanned_at ?? null", EARLIER)

    assert dict(zip([row[0] for row in EARLIER], answers, strict=True)) == {row[0]: row[3] for row in EARLIER}


@needs_node
def test_counts_go_on_with_what_waits_to_be_sent_from_this_stop() -> None:
    answers = run("([waiting]) => Object.fromEntries(scans.aboard(waiting, '/board/', 0))", ABOARD)

    assert answers == [expected for _waiting, expected in ABOARD]
