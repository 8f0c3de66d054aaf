"""Invented passengers: first names and surnames of data/names.csv, put together by chance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final, TypeVar

from bookings.base.names import plain_person
from bookings.demo.timetable import read_table

Choice = TypeVar("Choice")

_LEADERS: Final = {"adult": 76, "student": 13, "pensioner": 11}
_OTHERS: Final = {"adult": 60, "child": 28, "student": 7, "pensioner": 5}
_SIZES: Final = {1: 58, 2: 25, 3: 10, 4: 7}
_SAME_FAMILY: Final = 0.7


@dataclass(frozen=True)
class DemoPassenger:
    first_name: str
    surname: str
    kind: str  # slug of the passenger type


def _pick(rng: Random, weights: dict[Choice, int]) -> Choice:
    return rng.choices(list(weights), weights=list(weights.values()))[0]


@cache
def _groups() -> tuple[list[tuple[list[str], list[str]]], list[int]]:
    rows = read_table("names")
    return [(row["first_names"].split(";"), row["surnames"].split(";")) for row in rows], [
        int(row["weight"]) for row in rows
    ]


def party(rng: Random) -> list[DemoPassenger]:
    """One to four people who travel together, often of one family."""
    groups, weights = _groups()
    first_names, surnames = rng.choices(groups, weights=weights)[0]
    family = rng.choice(surnames)
    members = [DemoPassenger(rng.choice(first_names), family, _pick(rng, _LEADERS))]
    for _other in range(_pick(rng, _SIZES) - 1):
        kind = _pick(rng, _OTHERS)
        surname = family if kind == "child" or rng.random() < _SAME_FAMILY else rng.choice(surnames)
        members.append(DemoPassenger(rng.choice(first_names), surname, kind))
    return members


def email_of(passenger: DemoPassenger, rng: Random) -> str:
    name = f"{plain_person(passenger.first_name)}.{plain_person(passenger.surname)}"
    return f"{name}{rng.randrange(10, 1000)}@example.{rng.choice(('com', 'org'))}"
