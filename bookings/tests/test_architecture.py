"""The layers of the project, checked: see the map in the README."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from bookings.web.access import MARKED_ELSEWHERE

PACKAGE: Final = Path(__file__).resolve().parent.parent
LAYERS: Final = {"base": 0, "models": 1, "tasks": 1, "domain": 2, "web": 3, "passenger": 4, "office": 4, "api": 4, "ops": 4}
AREAS: Final = [
    "network", "fleet", "timetable", "fares", "inventory", "sales", "search", "tickets", "counter", "partners", "boarding", "reports", "demo",
]  # fmt: skip
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


def may_import(source: list[str], target: list[str]) -> bool:
    """Whether the module at the dotted path `source` may import `target`, both split: ["bookings", "domain", "sales", …]."""
    here, there = source[1], target[1]
    if here not in LAYERS or there not in LAYERS:
        return here not in LAYERS  # apps, admin, commands and tests stand outside the layers, and nobody imports them
    if LAYERS[here] != LAYERS[there]:
        return LAYERS[here] > LAYERS[there]
    if here == there == "domain":
        if len(target) < 3 or len(source) < 3:
            return False
        return AREAS.index(source[2]) >= AREAS.index(target[2])
    return here == there or {here, there} == {"models", "tasks"}


def python_files() -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).parts
        if parts[0] in LAYERS or parts[0].removesuffix(".py") in LAYERS:
            yield path


def imports_of(path: Path) -> Iterator[list[str]]:
    """The modules of ours that the file imports at its top."""
    module = ["bookings", *path.relative_to(PACKAGE).with_suffix("").parts]
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom):
            if node.level:
                yield [*module[: -node.level], *(node.module or "").split(".")]
            elif node.module and node.module.split(".")[0] == "bookings":
                base = node.module.split(".")
                yield from ([*base, alias.name] for alias in node.names) if len(base) < 3 else [base]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names if alias.name.startswith("bookings."))


def test_imports_point_downwards() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {'.'.join(target)}"
        for path in python_files()
        for target in imports_of(path)
        if not may_import(["bookings", *path.relative_to(PACKAGE).with_suffix("").parts], target)
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("source", "target", "allowed"),
    [
        ("bookings.domain.sales.checkout", "bookings.domain.inventory.holds", True),
        ("bookings.domain.inventory.holds", "bookings.domain.sales.checkout", False),
        ("bookings.models.sales", "bookings.domain.sales.checkout", False),
        ("bookings.passenger.views.search", "bookings.office.views", False),
        ("bookings.passenger.views.search", "bookings.web.render", True),
        ("bookings.web.render", "bookings.passenger.forms", False),
    ],
)
def test_the_rule_itself_tells_right_from_wrong(source: str, target: str, allowed: bool) -> None:
    assert may_import(source.split("."), target.split(".")) is allowed


def test_only_domain_writes() -> None:
    faces = [path for path in python_files() if path.relative_to(PACKAGE).parts[0] in {"web", "passenger", "office", "api"}]
    wrong = [
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.func.attr}()"
        for path in faces
        for node in ast.walk(ast.parse(path.read_text()))
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
    unmarked = [name for name, view in views(get_resolver().url_patterns) if not getattr(view, "access", None)]

    assert unmarked == []


def test_files_stay_readable() -> None:
    long = {str(path.relative_to(PACKAGE)): lines for path in python_files() if (lines := len(path.read_text().splitlines())) > 500}

    assert long == {}
