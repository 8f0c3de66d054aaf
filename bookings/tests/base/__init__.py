"""Each kind of value has one table of examples; every reader is held to it, here and in the browser."""

import json
from pathlib import Path
from typing import Any


def examples(kind: str) -> dict[str, Any]:
    tables: dict[str, Any] = json.loads((Path(__file__).parent / "examples" / f"{kind}.json").read_text())
    return tables
