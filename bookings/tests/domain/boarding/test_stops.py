"""Each stop of a departure is left for itself, and whatever was said too early can be taken back."""

from datetime import timedelta

import pytest

from bookings.base.errors import Conflict
from bookings.domain.boarding.check_in import undo_check_in
from bookings.domain.boarding.closing import close_boarding
from bookings.domain.boarding.departure_status import arrive, depart
from bookings.domain.boarding.manifest import board_view
from bookings.domain.boarding.reversal import (
    Reversal,
    undo_arrival,
    undo_closing,
    undo_departure,
    undo_no_show,
)
from bookings.domain.integrity.invariants import violations
from bookings.domain.operations.station import coming
from bookings.models import Schedule, ScheduleEvent, SeatClaim, Ticket, User
from bookings.tests.domain.boarding.door import CLOSES, LEAVES, make_coach, scan, sell, stand_by, ticket_of
from bookings.tests.make import make_user

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
AT_SECOND = LEAVES + 120 * MINUTE
ARRIVES = LEAVES + 240 * MINUTE


@pytest.fixture
def nomsa() -> User:
    return make_user(first_name="Nomsa", last_name="Dlamini")


@pytest.fixture
def pieter() -> User:
    return make_user(role=User.Role.SUPERVISOR, first_name="Pieter", last_name="Visagie")


@pytest.fixture
def coach() -> Schedule:
    return make_coach(seats=2)


def leave(coach: Schedule, by: User, *, stop: int = 0, token: str = "d") -> int:
    now = LEAVES + stop * 120 * MINUTE
    return depart(coach.pk, position=stop, actor=by, submission=f"{token}{stop}", now=now)


def status_of(*tickets: Ticket) -> list[str]:
    return [Ticket.objects.get(pk=ticket.pk).status for ticket in tickets]


def state_of(coach: Schedule) -> str:
    return Schedule.objects.get(pk=coach.pk).status


@pytest.mark.database
def test_no_shows_are_of_the_stop_that_the_coach_leaves(coach: Schedule, nomsa: User) -> None:
    first, second = ticket_of(sell(coach)), ticket_of(sell(coach, "Sipho Zulu", first=1))

    at_first = leave(coach, nomsa)
    between = status_of(first, second)
    at_second = leave(coach, nomsa, stop=1)

    assert (at_first, between) == (1, ["no_show", "valid"])
    assert (at_second, status_of(second)) == (1, ["no_show"])
    assert state_of(coach) == "departed"
    left = ScheduleEvent.objects.leavings().values_list("position", "from_status", "actor")
    assert list(left) == [(0, "on_sale", nomsa.pk), (1, "departed", nomsa.pk)]
    assert violations(now=AT_SECOND) == []


def test_a_passenger_further_down_the_road_always_boards(coach: Schedule, nomsa: User) -> None:
    first, second = ticket_of(sell(coach, last=1)), ticket_of(sell(coach, "Sipho Zulu", first=1))
    leave(coach, nomsa)
    at_second = scan(second, by=nomsa, schedule=coach, stop=1, now=AT_SECOND - 15 * MINUTE)
    leave(coach, nomsa, stop=1)
    after = scan(second, by=nomsa, schedule=coach, stop=1, now=AT_SECOND)
    late = ticket_of(sell(coach, "Ann Abel", first=1))

    refused = scan(late, by=nomsa, schedule=coach, stop=1, now=AT_SECOND + MINUTE)

    assert (at_second.tone, after.title) == ("green", "Already on board")
    assert (refused.title, refused.reason) == ("Closed", "The coach has left: 12:20, Nomsa Dlamini.")
    assert status_of(first, second, late) == ["no_show", "boarded", "valid"]


def test_a_stop_that_nobody_left_still_takes_who_is_late(coach: Schedule, nomsa: User) -> None:
    """A later stop was noted, the first one was forgotten."""
    ticket = ticket_of(sell(coach))
    leave(coach, nomsa, stop=1)

    answer = scan(ticket, by=nomsa, schedule=coach, now=AT_SECOND + MINUTE, late=True)

    assert answer.tone == "green"


def test_a_coach_that_left_before_stops_were_noted_has_left_the_first(coach: Schedule, nomsa: User) -> None:
    first, second = ticket_of(sell(coach)), ticket_of(sell(coach, "Sipho Zulu", first=1))
    Schedule.objects.update(status="departed")

    answers = [
        scan(first, by=nomsa, schedule=coach, now=LEAVES),
        scan(second, by=nomsa, schedule=coach, stop=1, now=AT_SECOND - 15 * MINUTE),
    ]

    assert [answer.title for answer in answers] == ["Closed", "Boarded"]
    with pytest.raises(Conflict, match="is departed already"):
        leave(coach, nomsa)


def test_leaving_is_refused_in_words(coach: Schedule, nomsa: User) -> None:
    with pytest.raises(Conflict, match=r"Boarding is open until 12:10\."):
        depart(coach.pk, position=1, actor=nomsa, submission="a", now=AT_SECOND - 11 * MINUTE)
    with pytest.raises(Conflict, match="is the last stop"):
        leave(coach, nomsa, stop=2)
    leave(coach, nomsa)
    with pytest.raises(Conflict, match=r"station already: 10:20, Nomsa Dlamini\."):
        leave(coach, nomsa, token="e")


@pytest.mark.database
def test_leaving_is_undone_and_its_no_shows_are_expected_again(coach: Schedule, nomsa: User) -> None:
    closed, here = sell(coach, "Thandi Nkosi", "Sipho Zulu").tickets.all()
    scan(here, by=nomsa, schedule=coach)
    close_boarding(coach.pk, 0, actor=nomsa, submission="c", now=CLOSES)
    undo_check_in(coach.pk, here.pk, actor=nomsa, nonce="u", now=CLOSES)
    leave(coach, nomsa)

    again = [
        undo_departure(coach.pk, 0, actor=nomsa, submission="r", now=LEAVES + MINUTE) for _twice in range(2)
    ]

    assert again == [Reversal(1, 0)] * 2
    assert status_of(closed, here) == ["no_show", "valid"]  # the closing stands
    assert state_of(coach) == "boarding"
    assert scan(here, by=nomsa, schedule=coach, now=LEAVES + MINUTE).tone == "green"
    assert leave(coach, nomsa, token="again") == 0
    assert violations(now=LEAVES) == []


@pytest.mark.database
def test_who_finds_the_seat_taken_stays_a_no_show(coach: Schedule, nomsa: User) -> None:
    gone, other = sell(coach, "Thandi Nkosi", "Sipho Zulu").tickets.all()
    leave(coach, nomsa)
    sell(coach, "Ann Abel", first=1)  # in the first seat that is free

    again = undo_departure(coach.pk, 0, actor=nomsa, submission="r", now=LEAVES + MINUTE)

    assert again == Reversal(1, 1)
    assert sorted(status_of(gone, other)) == ["no_show", "valid"]
    assert violations(now=LEAVES) == []


def test_a_stop_is_left_while_another_is_not_any_more(coach: Schedule, nomsa: User) -> None:
    leave(coach, nomsa)
    leave(coach, nomsa, stop=1)

    undo_departure(coach.pk, 1, actor=nomsa, submission="r", now=AT_SECOND)

    stops = board_view(coach.pk, stop=1, now=AT_SECOND).manifest.stops
    assert [stop.is_left for stop in stops] == [True, False, False]
    assert state_of(coach) == "departed"
    with pytest.raises(Conflict, match="is not on the road"):
        undo_departure(coach.pk, 1, actor=nomsa, submission="s", now=AT_SECOND)


@pytest.mark.database
def test_a_closing_is_undone_with_the_seats_that_it_gave(coach: Schedule, nomsa: User) -> None:
    here, away = sell(coach, "Thandi Nkosi", "Sipho Zulu").tickets.all()
    scan(here, by=nomsa, schedule=coach)
    seated = stand_by(coach)
    close_boarding(coach.pk, 0, actor=nomsa, submission="c", now=CLOSES)

    again = undo_closing(coach.pk, 0, actor=nomsa, submission="r", now=CLOSES + MINUTE)

    assert again == Reversal(1, 0)
    assert status_of(here, away, seated) == ["boarded", "valid", "valid"]
    assert Ticket.objects.get(pk=seated.pk).place == "standby"
    assert set(SeatClaim.objects.values_list("ticket", flat=True)) == {here.pk, away.pk}
    assert not board_view(coach.pk, stop=0, now=CLOSES).stop.closed
    with pytest.raises(Conflict, match="is not closed"):
        undo_closing(coach.pk, 0, actor=nomsa, submission="s", now=CLOSES + MINUTE)
    assert close_boarding(coach.pk, 0, actor=nomsa, submission="d", now=CLOSES + MINUTE).no_shows == 1
    assert violations(now=CLOSES) == []


def test_a_no_show_is_undone_unless_the_seat_is_gone(coach: Schedule, nomsa: User) -> None:
    one, two = sell(coach, "Thandi Nkosi", "Sipho Zulu").tickets.order_by("seat__label")
    stand_by(coach)
    close_boarding(coach.pk, 0, actor=nomsa, submission="c", now=CLOSES)  # the first seat is given away

    with pytest.raises(Conflict, match="given to somebody else"):
        undo_no_show(coach.pk, one.pk, actor=nomsa, nonce="a", now=CLOSES)
    undo_no_show(coach.pk, two.pk, actor=nomsa, nonce="b", now=CLOSES)

    assert status_of(one, two) == ["no_show", "valid"]
    with pytest.raises(Conflict, match="not a no-show any more"):
        undo_no_show(coach.pk, two.pk, actor=nomsa, nonce="c", now=CLOSES)
    leave(coach, nomsa)
    with pytest.raises(Conflict, match="unless that is undone first"):
        undo_no_show(coach.pk, two.pk, actor=nomsa, nonce="d", now=LEAVES)
    assert violations(now=LEAVES) == []


def test_an_arrival_names_whom_it_would_strand(coach: Schedule, nomsa: User, pieter: User) -> None:
    onward = ticket_of(sell(coach, "Sipho Zulu", first=1))
    leave(coach, nomsa)

    arrival = board_view(coach.pk, stop=2, now=ARRIVES).arrival
    with pytest.raises(Conflict, match="must approve this arrival"):
        arrive(coach.pk, actor=nomsa, submission="a", now=ARRIVES)
    with pytest.raises(Conflict, match="must approve this arrival"):
        arrive(coach.pk, actor=pieter, approver=pieter, submission="a", now=ARRIVES)
    arrive(coach.pk, actor=nomsa, approver=pieter, submission="a", now=ARRIVES)

    assert [(each.stop, each.name, each.seat) for each in arrival.stranded] == [
        ("Bloemfontein, Bloemfontein station", "Sipho Zulu", "1A")
    ]
    assert (arrival.due, arrival.is_early) == ("14:20", False)
    event = ScheduleEvent.objects.get(to_status="arrived")
    assert (event.actor, event.reason) == (nomsa, "approved by Pieter Visagie; still to board: 1")
    refused = scan(onward, by=nomsa, schedule=coach, stop=1, now=ARRIVES)
    assert refused.reason == "The coach has arrived at its last stop: 14:20, Nomsa Dlamini."


def test_an_arrival_long_before_its_time_is_approved(coach: Schedule, nomsa: User, pieter: User) -> None:
    leave(coach, nomsa)
    leave(coach, nomsa, stop=1)

    with pytest.raises(Conflict, match="must approve this arrival"):
        arrive(coach.pk, actor=nomsa, submission="a", now=ARRIVES - 31 * MINUTE)
    arrive(coach.pk, actor=nomsa, submission="a", now=ARRIVES - 30 * MINUTE)

    assert state_of(coach) == "arrived"


@pytest.mark.database
def test_an_arrival_is_undone_and_everybody_may_board_again(
    coach: Schedule, nomsa: User, pieter: User
) -> None:
    onward = ticket_of(sell(coach, "Sipho Zulu", first=1))
    leave(coach, nomsa)
    early = LEAVES + 5 * MINUTE
    arrive(coach.pk, actor=nomsa, approver=pieter, submission="a", now=early)

    undo_arrival(coach.pk, actor=nomsa, submission="r", now=early + MINUTE)

    assert state_of(coach) == "departed"
    assert scan(onward, by=nomsa, schedule=coach, stop=1, now=AT_SECOND - 15 * MINUTE).tone == "green"
    with pytest.raises(Conflict, match="is departed"):
        undo_arrival(coach.pk, actor=nomsa, submission="s", now=early + MINUTE)
    leave(coach, nomsa, stop=1)
    arrive(coach.pk, actor=nomsa, submission="b", now=ARRIVES)
    assert violations(now=ARRIVES) == []


def test_a_station_down_the_road_expects_the_coach_until_it_left_there(coach: Schedule, nomsa: User) -> None:
    bloemfontein = coach.route.calls.get(position=1).stop.city_id
    leave(coach, nomsa)
    [before] = coming(bloemfontein, AT_SECOND, ARRIVES)
    leave(coach, nomsa, stop=1)
    [after] = coming(bloemfontein, AT_SECOND, ARRIVES)

    assert (before.has_left_here, before.state) == (False, "on its way here")
    assert (after.has_left_here, after.state) == (True, "departed")
