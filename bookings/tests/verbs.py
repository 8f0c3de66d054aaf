"""The map of the verbs in CONTRIBUTING.md, made from the docstrings.

`python -m bookings.tests.verbs` writes it anew.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).resolve().parents[1]
GUIDE: Final = PACKAGE.parent / "CONTRIBUTING.md"
HEADING: Final = "## The verbs\n"
_ACTS: Final = frozenset({"short_transaction", "busy_if_locked", "run_once", "_run_and_keep"})


def _calls(function: ast.FunctionDef) -> set[str]:
    return {
        node.func.id
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def verbs() -> Iterator[tuple[str, str, str]]:
    """Area, name and first sentence of each public function of domain that runs a transaction of its own."""
    for path in sorted((PACKAGE / "domain").rglob("*.py")):
        area = ".".join(path.relative_to(PACKAGE / "domain").with_suffix("").parts)
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and _calls(node) & _ACTS:
                sentence = re.split(r"(?<=[.!?])\s", " ".join((ast.get_docstring(node) or "").split()))[0]
                yield area, node.name, sentence


def section() -> str:
    lines = ["| Verb | Where | What it does |", "|---|---|---|"]
    lines += [f"| `{name}` | `{area}` | {sentence.replace('|', '/')} |" for area, name, sentence in verbs()]
    return "\n".join(lines) + "\n"


def main() -> None:
    text = GUIDE.read_text()
    head, _heading, rest = text.partition(HEADING)
    introduction = rest.split("\n| Verb |")[0].rstrip()
    GUIDE.write_text(f"{head}{HEADING}{introduction}\n\n{section()}")


if __name__ == "__main__":
    main()
