from datetime import timedelta

import pytest

from bookings.base.errors import AlreadySubmitted, Conflict
from bookings.domain.boarding.closing import Closed, close_boarding
from bookings.domain.boarding.departure_status import arrive, depart
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.holds import HoldRequest, hold_any
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import BookingEvent, Schedule, ScheduleEvent, SeatClaim, Ticket, User
from bookings.tests.domain.boarding.door import CLOSES, LEAVES, make_coach, scan, sell, stand_by, ticket_of
from bookings.tests.make import NOW, make_user
from bookings.tests.races.crowd import crowd, kinds

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def nomsa() -> User:
    return make_user(first_name="Nomsa", last_name="Dlamini")


@pytest.fixture
def coach() -> Schedule:
    return make_coach(seats=2)


def close(coach: Schedule, by: User, *, stop: int = 0, token: str = "s", after: int = 0) -> Closed:
    return close_boarding(coach.pk, stop, actor=by, submission=token, now=CLOSES + after * MINUTE)


def places(*tickets: Ticket) -> list[tuple[str, str, str]]:
    rows = [Ticket.objects.select_related("seat").get(pk=ticket.pk) for ticket in tickets]
    return [(row.status, row.place, row.seat.label if row.seat else "") for row in rows]


@pytest.mark.database
def test_no_shows_lose_their_seats_and_standby_gets_them_in_order_of_sale(
    coach: Schedule, nomsa: User
) -> None:
    here, away = sell(coach, "Thandi Nkosi", "Sipho Zulu").tickets.all()
    second = stand_by(coach, "Second Moyo", now=NOW - 1 * MINUTE)
    first = stand_by(coach, "First Moyo", now=NOW - 2 * MINUTE)
    scan(here, by=nomsa, schedule=coach)

    closed = close(coach, nomsa)

    assert closed == Closed(no_shows=1, seated=1, waiting=1)
    assert places(here, away, first, second) == [
        ("boarded", "seat", "1A"),
        ("no_show", "seat", "1B"),
        ("valid", "seat", "1B"),
        ("valid", "standby", ""),
    ]
    assert set(SeatClaim.objects.filter(seat__label="1B").values_list("ticket", "kind")) == {
        (first.pk, "sold")
    }
    events = BookingEvent.objects.filter(ticket__in=[away, first]).order_by("pk")
    assert [(event.from_status, event.to_status, event.actor, event.reason) for event in events] == [
        ("valid", "no_show", nomsa, "no-show when boarding closed at Johannesburg, Johannesburg station"),
        ("valid", "valid", nomsa, "standby: seat 1B at Johannesburg, Johannesburg station"),
    ]
    told = ScheduleEvent.objects.get(position=0)
    assert (told.actor, told.at) == (nomsa, CLOSES)
    assert told.reason.endswith("no-shows 1, standby seated 1, standby without a seat 1")
    assert violations(now=CLOSES) == []


@pytest.mark.database
def test_standby_of_part_of_the_way_share_a_seat(nomsa: User) -> None:
    coach = make_coach(seats=1)
    near, far = stand_by(coach, "Near Moyo", last=1), stand_by(coach, "Far Moyo", first=0)
    onward = stand_by(coach, "Onward Moyo", first=1)

    here = close(coach, nomsa)
    there = close(coach, nomsa, stop=1, token="t", after=120)

    assert (here, there) == (Closed(0, 1, 1), Closed(0, 1, 0))
    assert places(near, far, onward) == [
        ("valid", "seat", "1A"),
        ("valid", "standby", ""),
        ("valid", "seat", "1A"),
    ]
    assert violations(now=CLOSES) == []


def test_a_freed_seat_is_sold_further_down_the_road(coach: Schedule, nomsa: User) -> None:
    sell(coach, "Thandi Nkosi", "Sipho Zulu")
    revision = Schedule.objects.get(pk=coach.pk).revision

    close(coach, nomsa)

    after = Schedule.objects.get(pk=coach.pk)
    assert (after.available_seats, after.revision > revision, after.status) == (2, True, "boarding")
    assert hold_any(
        get_segment(SegmentRef(coach.pk, "bloemfontein", "cape-town")), 2, HoldRequest("o"), now=CLOSES
    ).pk


def test_only_the_people_of_this_stop_are_missing(coach: Schedule, nomsa: User) -> None:
    elsewhere = ticket_of(sell(coach, first=1))

    close(coach, nomsa)

    assert places(elsewhere) == [("valid", "seat", "1A")]


def test_a_premium_passenger_on_standby_sits_premium_if_possible(nomsa: User) -> None:
    coach = make_coach(seats=2)
    coach.layout.seats.filter(label="1A").update(kind="premium")
    one, two = stand_by(coach, "Standard One"), stand_by(coach, "Standard Two")

    close(coach, nomsa)

    assert places(one, two) == [("valid", "seat", "1B"), ("valid", "seat", "1A")]


def test_closing_is_refused_in_words(coach: Schedule, nomsa: User) -> None:
    with pytest.raises(Conflict, match=r"is open until 10:10\."):
        close(coach, nomsa, after=-1)
    close(coach, nomsa)
    with pytest.raises(Conflict, match=r"was closed at 10:10 by Nomsa Dlamini\."):
        close(coach, nomsa, token="again", after=1)
    depart(coach.pk, actor=nomsa, submission="d", now=LEAVES)
    with pytest.raises(Conflict, match="The coach has left"):
        close(coach, nomsa, token="gone", after=11)
    Schedule.objects.update(status="cancelled")
    with pytest.raises(Conflict, match="is cancelled: boarding is not possible"):
        close(coach, nomsa, token="off", after=12)


@pytest.mark.database
def test_the_same_closing_sent_again_changes_nothing(coach: Schedule, nomsa: User) -> None:
    sell(coach)

    answers = [close(coach, nomsa), close(coach, nomsa)]

    assert answers == [Closed(1, 0, 0)] * 2
    assert ScheduleEvent.objects.filter(position=0).count() == 1
    with pytest.raises(AlreadySubmitted):
        close(coach, nomsa, stop=1)


@pytest.mark.database
def test_a_coach_leaves_and_arrives_with_who_and_when(coach: Schedule, nomsa: User) -> None:
    here, away = sell(coach, "Thandi Nkosi", "Sipho Zulu").tickets.all()
    scan(here, by=nomsa, schedule=coach)

    missing = [depart(coach.pk, actor=nomsa, submission="d", now=LEAVES) for _twice in range(2)]
    for _twice in range(2):
        arrive(coach.pk, actor=nomsa, submission="a", now=LEAVES + 240 * MINUTE)

    assert missing == [1, 1]
    assert places(here, away) == [("boarded", "seat", "1A"), ("no_show", "seat", "1B")]
    assert list(ScheduleEvent.objects.values_list("from_status", "to_status", "actor", "at")) == [
        ("on_sale", "boarding", nomsa.pk, NOW),
        ("boarding", "departed", nomsa.pk, LEAVES),
        ("departed", "arrived", nomsa.pk, LEAVES + 240 * MINUTE),
    ]
    assert Schedule.objects.get(pk=coach.pk).status == "arrived"
    assert violations(now=LEAVES) == []


def test_steps_out_of_order_are_refused(coach: Schedule, nomsa: User) -> None:
    with pytest.raises(Conflict, match=r"Boarding is open until 10:10\."):
        depart(coach.pk, actor=nomsa, submission="1", now=CLOSES - MINUTE)
    with pytest.raises(Conflict, match="it cannot arrive now"):
        arrive(coach.pk, actor=nomsa, submission="2", now=LEAVES)
    depart(coach.pk, actor=nomsa, submission="3", now=LEAVES)
    with pytest.raises(Conflict, match=r"has left .*station already: 10:20, Nomsa Dlamini\."):
        depart(coach.pk, actor=nomsa, submission="4", now=LEAVES)


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_of_two_who_close_at_once_one_is_told_who_was_first(nomsa: User) -> None:
    coach = make_coach()
    sell(coach, "Thandi Nkosi", "Sipho Zulu")
    stand_by(coach)

    answers = crowd(2, lambda number: close(coach, nomsa, token=f"t{number}"))

    assert kinds(answers) == {"ok": 1, "Conflict": 1}
    assert sorted(Ticket.objects.values_list("status", "place")) == [
        ("no_show", "seat"),
        ("no_show", "seat"),
        ("valid", "seat"),
    ]
    assert violations(now=CLOSES) == []


def test_a_stop_is_closed_again_by_who_knows_of_the_first_time(coach: Schedule, nomsa: User) -> None:
    seated = stand_by(coach)
    close(coach, nomsa)
    first = ScheduleEvent.objects.get(position=0)

    again = close_boarding(
        coach.pk, 0, actor=nomsa, submission="again", seen=first.pk, now=CLOSES + 5 * MINUTE
    )

    assert (again, places(seated)) == (Closed(1, 0, 0), [("no_show", "seat", "1A")])
