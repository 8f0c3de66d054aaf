"""The layers of the project, checked: see the map in the README."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from bookings.web.access import MARKED_ELSEWHERE

PACKAGE: Final = Path(__file__).resolve().parent.parent
README: Final = PACKAGE.parent / "README.md"
# Lower may not import higher; of one height none imports another. What stands in the package itself counts by
# its file's name.
LAYERS: Final = [
    ["base"],
    ["database"],
    ["cache"],
    ["queue"],
    ["models"],
    ["domain"],
    ["web"],
    ["passenger", "office", "api", "ops"],
    ["admin", "admin_site", "tasks", "demo", "templatetags"],
    ["management", "benchmarks", "apps"],
]
HEIGHTS: Final = {name: height for height, names in enumerate(LAYERS) for name in names}
# Within domain each area may import those to its left.
AREAS: Final = [
    "company", "network", "timetable", "fares", "inventory", "search", "sales", "reconciliation", "tickets",
    "disruptions", "privacy", "messaging", "staff", "counter", "partners", "boarding", "operations", "fleet",
    "reports", "integrity", "dashboard", "maintenance",
]  # fmt: skip
# Imports inside a function, each with its reason. The list may only become shorter.
INLINE_IMPORTS: Final = {
    "admin_site.py": "it is loaded before the models are",
    "apps.py": "ready() runs when the models are loaded, the file before",
    "benchmarks": "each step runs in a process of its own, which sets Django up first",
}
WRITES: Final = {
    "save",
    "create",
    "bulk_create",
    "get_or_create",
    "update_or_create",
    "bulk_update",
    "delete",
    "atomic",
    "short_transaction",
}


@dataclass(frozen=True)
class Import:
    source: Path
    line: int
    target: tuple[str, ...]  # below bookings
    is_inline: bool

    def __str__(self) -> str:
        return f"{self.source.relative_to(PACKAGE)}:{self.line} imports {'.'.join(self.target)}"


def may_import(source: tuple[str, ...], target: tuple[str, ...]) -> bool:
    """Whether the module at the path `source` below bookings may import `target`: ("domain", "sales", …)."""
    here, there = source[0], target[0]
    if HEIGHTS[here] != HEIGHTS[there]:
        return HEIGHTS[here] > HEIGHTS[there]
    if here == there == "domain":
        return len(source) > 2 and len(target) > 1 and AREAS.index(source[1]) >= AREAS.index(target[1])
    return here == there


@cache
def python_files() -> list[Path]:
    """All of the package but tests and migrations."""
    outside = {"tests", "migrations", "__init__.py"}
    files = sorted(PACKAGE.rglob("*.py"))
    return [path for path in files if path.relative_to(PACKAGE).parts[0] not in outside]


@cache
def tree_of(path: Path) -> ast.Module:
    """The file as Python reads it, which takes long for all of them."""
    return ast.parse(path.read_text())


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    return list(ast.walk(tree_of(path)))


def module_of(path: Path) -> tuple[str, ...]:
    return path.relative_to(PACKAGE).with_suffix("").parts


def imports_of(path: Path) -> Iterator[Import]:
    """The modules of ours that the file imports, wherever in it."""
    top = tree_of(path).body
    for node in nodes_of(path):
        targets: list[list[str]] = []
        if isinstance(node, ast.ImportFrom):
            if node.level:
                base = [*module_of(path)[: -node.level], *(node.module.split(".") if node.module else [])]
            elif node.module and node.module.split(".")[0] == "bookings":
                base = node.module.split(".")[1:]
            else:
                continue
            package = PACKAGE.joinpath(*base).is_dir()
            targets = [[*base, alias.name] for alias in node.names] if package else [base]
        elif isinstance(node, ast.Import):
            targets = [
                alias.name.split(".")[1:] for alias in node.names if alias.name.startswith("bookings.")
            ]
        for target in targets:
            yield Import(path, node.lineno, tuple(target), node not in top)


@cache
def all_imports() -> list[Import]:
    return [found for path in python_files() for found in imports_of(path) if found.target[0] != "tests"]


def test_imports_point_downwards() -> None:
    assert [
        str(found) for found in all_imports() if not may_import(module_of(found.source), found.target)
    ] == []


@pytest.mark.parametrize(
    ("source", "target", "allowed"),
    [
        ("domain.sales.checkout", "domain.inventory.claims", True),
        ("domain.inventory.claims", "domain.sales.checkout", False),
        ("models.sales", "domain.sales.checkout", False),
        ("models.outbox", "tasks", False),
        ("domain.sales.messages", "queue", True),
        ("domain.sales.messages", "tasks", False),
        ("passenger.views.search", "office.views", False),
        ("passenger.views.search", "web.render", True),
        ("web.render", "passenger.forms", False),
        ("cache.reference_data", "models.network", False),
    ],
)
def test_the_rule_itself_tells_right_from_wrong(source: str, target: str, allowed: bool) -> None:
    assert may_import(tuple(source.split(".")), tuple(target.split("."))) is allowed


def test_imports_inside_functions_have_a_reason() -> None:
    inline = {str(found): found.source for found in all_imports() if found.is_inline}
    excused = {
        text
        for text, path in inline.items()
        if {str(path.relative_to(PACKAGE)), module_of(path)[0]} & INLINE_IMPORTS.keys()
    }

    assert sorted(inline.keys() - excused) == []


def test_no_circle_of_imports() -> None:
    """Not even of files of one area, which the layers would allow."""
    graph: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    files = {module_of(path) for path in python_files()}
    for found in all_imports():
        target = next((name for name in (found.target, found.target[:-1]) if name in files), None)
        if target:
            graph.setdefault(module_of(found.source), set()).add(target)

    finished: set[tuple[str, ...]] = set()
    circles: list[str] = []

    def visit(module: tuple[str, ...], way: tuple[tuple[str, ...], ...]) -> None:
        if module in way:
            circles.append(" → ".join(".".join(each) for each in (*way[way.index(module) :], module)))
        elif module not in finished:
            for target in sorted(graph.get(module, ())):
                visit(target, (*way, module))
            finished.add(module)

    for module in sorted(files):
        visit(module, ())
    assert circles == []


def test_one_file_writes_seat_claims() -> None:
    """Seats are claimed, extended, transferred, sold and released by the verbs of
    `domain/inventory/claims.py` alone.
    """
    verbs = {
        "create",
        "bulk_create",
        "update",
        "delete",
        "save",
        "get_or_create",
        "update_or_create",
        "bulk_update",
    }
    writers = {
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in python_files()
        if module_of(path)[0] not in {"demo", "benchmarks"}  # they fill an empty database in bulk
        for node in nodes_of(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in verbs
        if "SeatClaim" in ast.unparse(node.func.value)
    }

    assert {each for each in writers if not each.startswith("domain/inventory/claims.py:")} == set()
    assert writers, "the test has lost sight of the table"


def test_one_file_writes_order_lines_and_totals() -> None:
    """What is sold is written by `domain/sales/order_lines.py` alone, with the total of its order."""
    writers = {
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in python_files()
        if module_of(path)[0] not in {"demo", "benchmarks"}  # they fill an empty database in bulk
        for node in ast.walk(ast.parse(path.read_text()))
        if _writes_lines_or_totals(node)
    }

    assert {each for each in writers if not each.startswith("domain/sales/order_lines.py:")} == set()
    assert len(writers) > 2, "the test has lost sight of the table"


def _writes_lines_or_totals(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(ast.unparse(target) == "order.total" for target in targets)
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func)
    sets_total = any(keyword.arg == "total" for keyword in node.keywords)
    of_orders = called == "Order" or (called.startswith("Order.objects") and not called.endswith("annotate"))
    is_write = called.rpartition(".")[2] in {*WRITES, "update"}
    return called == "OrderLine" or ("OrderLine.objects" in called and is_write) or (of_orders and sets_total)


def test_only_domain_writes() -> None:
    faces = [path for path in python_files() if module_of(path)[0] in {"web", "passenger", "office", "api"}]
    wrong = [
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.func.attr}()"
        for path in faces
        for node in nodes_of(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES
    ]

    assert wrong == []


def views(patterns: list, namespaces: tuple[str, ...] = ()) -> Iterator[tuple[str, object]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inside = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
            yield from views(pattern.url_patterns, inside)
        elif isinstance(pattern, URLPattern) and not set(namespaces) & set(MARKED_ELSEWHERE):
            yield f"{':'.join(namespaces)}:{pattern.name}", pattern.callback


def test_every_view_carries_an_access_mark() -> None:
    unmarked = [
        name for name, view in views(get_resolver().url_patterns) if not getattr(view, "access", None)
    ]

    assert unmarked == []


def test_files_stay_readable() -> None:
    long = {
        str(path.relative_to(PACKAGE)): lines
        for path in python_files()
        if (lines := len(path.read_text().splitlines())) > 500
    }

    assert long == {}


PLANS: Final = {
    "domain/timetable/call_times.py": "the one place that adds what was told",
    "domain/timetable/segments.py": "planned ends of a segment",
    "domain/timetable/successors.py": "a departure at its new place in the plan",
    "domain/search/boards.py": "order and window of a board, by plan",
    "domain/search/segments.py": "day and window of a search, by plan",
    "domain/search/departures.py": "order of a list, by plan",
    "domain/search/days.py": "days of the plan",
    "domain/search/city_pairs.py": "prices by the plan",
    "domain/search/feed.py": "days of boarding in the published plan",
    "domain/operations/station.py": "order and day of a station's list, by plan",
    "domain/operations/time_changes.py": "minutes from a typed time to the plan",
    "domain/disruptions/times.py": "whether a coach is so late that it must be cancelled",
    "domain/integrity/orders.py": "what is frozen on a booking is the plan",
}
_ADDS_MINUTES: Final = re.compile(r"minutes=[^)\n]*(depart|arrive)_min|(depart|arrive)_min \* _MINUTE")
_READS_LATENESS: Final = re.compile(r"\.(depart|arrive)_late\b")


def test_call_times_alone_adds_minutes_to_what_was_told() -> None:
    """Who adds the minutes of a call shows the plan: each file that does is listed with its reason."""
    files = [
        path for path in python_files() if path.relative_to(PACKAGE).parts[0] not in ("demo", "benchmarks")
    ]
    adding = {str(path.relative_to(PACKAGE)) for path in files if _ADDS_MINUTES.search(path.read_text())}
    reading = {str(path.relative_to(PACKAGE)) for path in files if _READS_LATENESS.search(path.read_text())}

    assert adding <= set(PLANS)
    assert reading <= {"domain/timetable/call_times.py", "domain/dashboard/today.py"}
