"""One word for one thing: see the glossary in CONTRIBUTING.md."""

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bookings.tests.test_architecture import PACKAGE, nodes_of, python_files, tree_of

ROOT: Final = PACKAGE.parent
# Django wants these names wherever it looks for them.
SHARED_BY_DJANGO: Final = {"Command", "DatabaseWrapper"}
# Words that were given up for one of the glossary, where they would name a module, class, function, template,
# style sheet or script.
RETIRED: Final = {
    "asked", "asking", "cancelling", "changing", "choosing", "confirming", "delivering", "dear", "drift",
    "drawing", "forgetting", "guards", "hoarding", "kept", "left_behind", "looked", "migrating", "moves",
    "one_look", "patience", "placing", "proving", "remembered", "ride", "rides", "selling", "serving",
    "signing", "submissions", "telling", "undoing", "voids", "watching",
}  # fmt: skip
# The same for what is assigned or passed.
RETIRED_LOCALS: Final = {
    "found",
    "words",
    "wanted",
    "mine",
    "told",
    "each",
    "dear",
    "asked",
    "kept",
    "looked",
    "ride",
    "rides",
}


# What is still wrong, by kind. Each number may only fall.
LEFT: Final = {
    "classes": 0,
    "modules": 0,
    "definitions": 0,
    "locals": 0,
    "docstrings": 0,
    "signatures": 0,
}


def class_names() -> Iterator[tuple[str, str]]:
    for path in python_files():
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef):
                yield node.name.lstrip("_"), str(path.relative_to(PACKAGE))


def test_no_two_classes_share_a_name() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for name, path in class_names():
        homes[name].append(path)

    shared = {name: paths for name, paths in homes.items() if len(paths) > 1 and name not in SHARED_BY_DJANGO}
    assert len(shared) <= LEFT["classes"], shared


def parts_of(name: str) -> set[str]:
    """The words of a name in whichever case, and the name itself."""
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)
    return {word.lower() for word in words} | {name.lower()}


def test_no_module_or_template_is_named_by_a_retired_word() -> None:
    files = [
        *python_files(),
        *(ROOT / "templates").rglob("*.*"),
        *(ROOT / "static").rglob("*.*"),
        *(PACKAGE / "tests").rglob("*.py"),
    ]

    wrong = [
        str(path.relative_to(ROOT))
        for path in files
        if parts_of(path.stem.lstrip("_").removeprefix("test_")) & RETIRED
    ]
    assert len(wrong) <= LEFT["modules"], wrong


def definitions() -> Iterator[tuple[Path, str]]:
    for path in python_files():
        for node in nodes_of(path):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield path, node.name


def test_no_function_or_class_is_named_by_a_retired_word() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} {name}" for path, name in definitions() if parts_of(name) & RETIRED
    ]
    assert len(wrong) <= LEFT["definitions"], wrong


def api_keys(path: Path, tree: ast.Module) -> set[ast.expr]:
    """The fields of the API's serializers: programs know them by name, so these stay."""
    if "serializers" not in path.parts:
        return set()
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    fields = [node for shape in classes for node in shape.body if isinstance(node, ast.Assign)]
    return {target for field in fields for target in field.targets}


def local_names() -> Iterator[tuple[Path, int, str]]:
    for path in python_files():
        tree = tree_of(path)
        promised = api_keys(path, tree)
        for node in nodes_of(path):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node not in promised:
                yield path, node.lineno, node.id
            elif isinstance(node, ast.arg):
                yield path, node.lineno, node.arg


def test_locals_and_parameters_say_what_they_hold() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)}:{line} {name}"
        for path, line, name in local_names()
        if name.strip("_") in RETIRED_LOCALS
    ]
    assert len(wrong) <= LEFT["locals"], wrong


def test_every_file_of_domain_says_what_it_is_for() -> None:
    files = [path for path in python_files() if "domain" in path.parts and path.name != "__init__.py"]

    wrong = [str(path.relative_to(PACKAGE)) for path in files if not ast.get_docstring(tree_of(path))]
    assert len(wrong) <= LEFT["docstrings"], wrong


def public_functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Of domain and models: module functions and methods of public classes."""
    for path in python_files():
        if path.relative_to(PACKAGE).parts[0] not in {"domain", "models"}:
            continue
        for node in tree_of(path).body:
            inside = node.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else [node]
            for function in inside:
                if isinstance(function, ast.FunctionDef) and not function.name.startswith("_"):
                    yield f"{path.relative_to(PACKAGE)}:{function.lineno} {function.name}", function


def test_signatures_are_short_and_typed() -> None:
    long: list[str] = []
    for place, function in public_functions():
        arguments = function.args
        positional = [
            each for each in (*arguments.posonlyargs, *arguments.args) if each.arg not in {"self", "cls"}
        ]
        is_for_django = function.name in {"save", "delete", "as_sqlite", "as_postgresql"} or any(
            word in each.arg for each in (arguments.kwarg,) if each for word in ("signal", "check")
        )
        if is_for_django:
            continue
        if len(positional) > 3 or len(positional) + len(arguments.kwonlyargs) > 6 or arguments.kwarg:
            long.append(place)

    assert len(long) <= LEFT["signatures"], long


def test_mypy_passes_over_no_module() -> None:
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]

    assert [override["module"] for override in overrides if override.get("ignore_errors")] == []
