"""A drawing of a coach becomes seats, and seats become a drawing."""

import pytest

from bookings.base.errors import Refusal
from bookings.domain.inventory.seat_plans import (
    LabelRule,
    SeatPlan,
    drawn_decks,
    label_rows,
    plan_seats,
    read_plan,
)
from bookings.domain.inventory.seats import seat_decks
from bookings.models import SeatKind

LOWER = "w...d\naa.pp\npp.pp\ntu..c"
UPPER = "SS SS\nss-ss"


def test_a_drawing_becomes_labelled_seats_and_the_rest_stands_beside_them() -> None:
    plan = read_plan([LOWER, UPPER])
    seats = plan_seats(plan)

    assert plan.text == "w...d\naa.pp\npp.pp\ntu..c\n\nss.ss\nss.ss"
    assert label_rows(seats)[0] == ["1A", "1B", "1C", "1D"]  # the row of the driver has none
    assert label_rows(seats)[2] == ["3A", "3B", "3C", "3D"]  # upstairs the rows count on, but for the crew's
    assert [seat.label for seat in seats if seat.kind == SeatKind.CREW] == ["CREW"]
    assert {seat.column for seat in seats if seat.is_window} == {1, 5}
    lower, upper = seat_decks(seats, plan.text)
    assert {place: str(fixture) for place, fixture in lower.fixtures.items()} == {
        (0, 0): "driver", (0, 4): "door", (3, 0): "toilet", (3, 1): "stairs",
    }  # fmt: skip
    assert [bool(row[0]) for row in lower.rows] == [False, True, True, False]
    assert upper.fixtures == {}
    assert drawn_decks(plan.text, seats) == plan.decks


def test_a_layout_that_was_never_drawn_shows_its_seats() -> None:
    seats = plan_seats(SeatPlan((("aa.ss", "ss..s"),)))

    assert drawn_decks("", seats) == (("aa.ss", "ss..s"),)
    assert seat_decks(seats)[0].columns == 5
    assert len(seat_decks(seats, "ss.ss")[0].rows) == 2  # a drawing of another coach is not believed


@pytest.mark.parametrize(
    ("rule", "labels", "expected"),
    [
        (LabelRule.NUMBERS, [], [["1", "2", "3"], ["4", "5"]]),
        (LabelRule.OWN, [["x1", "x2", "x3"], ["7a", "7b"]], [["X1", "X2", "X3"], ["7A", "7B"]]),
    ],
)
def test_labels_follow_a_rule_or_are_typed(rule: str, labels: list, expected: list) -> None:
    assert label_rows(plan_seats(read_plan(["ss.s\ns..s"]), rule=rule, labels=labels)) == expected


@pytest.mark.parametrize(
    ("decks", "labels", "words"),
    [
        (["c...d"], None, "at least one seat"),
        (["ss.ss\nsszss"], None, "Deck 1, row 2: “z”"),
        (["sss.sss"], None, "at most 6 places"),
        (["s\n" * 31], None, "at most 30 rows"),
        (["ss", "ss"], [["1", "2"], ["2", "3"]], "Two seats are labelled 2"),
        (["ss"], [["1"]], "has 2 seats, but there are 1 labels"),
        (["ss"], [["1", "2"], ["3"]], "more rows of labels"),
        (["ss"], [["1", "way-out"]], "“WAY-OUT” is no label"),
    ],
)
def test_what_cannot_be_drawn_is_told(decks: list[str], labels: list | None, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        plan_seats(read_plan(decks), rule=LabelRule.OWN if labels else LabelRule.ROWS, labels=labels or [])
