"""CONTRIBUTING.md says what is true.

Its recipes name files that exist, its map of the verbs is that of the code.
"""

import re
from typing import Final

import pytest

from bookings.tests.test_architecture import AREAS, README
from bookings.tests.verbs import GUIDE, PACKAGE, section, verbs

_RECIPES: Final = re.findall(r"^\*\*(Add [^*]+)\*\* – (.*?)(?=\n\n)", GUIDE.read_text(), flags=re.S | re.M)


def test_there_is_a_recipe_for_what_is_added_most() -> None:
    assert len(_RECIPES) == 11


@pytest.mark.parametrize(("recipe", "text"), _RECIPES, ids=[name for name, _text in _RECIPES])
def test_a_recipe_names_files_that_exist(recipe: str, text: str) -> None:
    named = [
        name
        for name in re.findall(r"`([^`\s]+)`", text)
        if "/" in name and "<" not in name and not name.startswith("/")
    ]

    assert named
    assert [name for name in named if not (PACKAGE.parent / name).exists()] == []


def test_the_map_of_the_verbs_is_that_of_the_code() -> None:
    """After a change of a verb: python -m bookings.tests.verbs"""
    assert GUIDE.read_text().endswith(section())


def test_every_verb_says_what_it_does() -> None:
    assert [f"{area}.{name}" for area, name, sentence in verbs() if not sentence] == []


def test_the_readme_gives_the_areas_in_their_order() -> None:
    assert " < ".join(AREAS) in " ".join(README.read_text().split())
