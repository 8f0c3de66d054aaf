"""A coach that leaves at 19:00 on Tuesday and calls after midnight: each time at the door says its day."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from bookings.base.errors import Conflict
from bookings.domain.boarding.closing import close_boarding
from bookings.domain.boarding.departure_status import depart
from bookings.domain.boarding.manifest import board_view, manifest
from bookings.models import Schedule, User
from bookings.office.presenters.boarding import manifest_chips
from bookings.office.presenters.manifest_csv import manifest_csv
from bookings.tests.domain.boarding.door import make_coach, scan, sell, stand_by, ticket_of
from bookings.tests.make import make_route, make_stop, make_user

pytestmark = pytest.mark.django_db

EVENING: Final = datetime(2026, 12, 8, 17, 0, tzinfo=UTC)  # 19:00 on Tuesday in Johannesburg
CALLS: Final = EVENING + timedelta(hours=5)  # 00:00 on Wednesday in Bloemfontein
DAY: Final = timedelta(days=1)


@pytest.fixture
def nomsa() -> User:
    return make_user(first_name="Nomsa", last_name="Dlamini")


@pytest.fixture
def coach() -> Schedule:
    return make_coach(departs=EVENING, route=make_route(minutes_apart=300, stand=10))


def test_an_early_scan_says_the_day_on_which_boarding_opens(coach: Schedule, nomsa: User) -> None:
    ticket = ticket_of(sell(coach))

    the_day_before = scan(ticket, by=nomsa, schedule=coach, now=EVENING - DAY)
    hours_before = scan(ticket, by=nomsa, schedule=coach, now=EVENING - timedelta(hours=2))

    assert the_day_before.reason == "Boarding opens at 18:30 on Tue 8 Dec."
    assert board_view(coach.pk, stop=0, now=EVENING - DAY).stop.opens_later == "18:30 on Tue 8 Dec"
    assert board_view(coach.pk, stop=0, now=EVENING).stop.opens_later == "18:30"
    assert hours_before.reason == "Boarding opens at 18:30."


def test_a_ticket_of_another_coach_or_day_says_which_from_where_and_when(
    coach: Schedule, nomsa: User
) -> None:
    relief = make_coach(departs=EVENING, route=coach.route, coach=2)
    tomorrow = make_coach(departs=EVENING + DAY, route=coach.route)
    line = coach.route.line.code

    answers = [
        scan(ticket_of(sell(other, first=first)), by=nomsa, schedule=coach, now=EVENING)
        for other, first in ((relief, 0), (tomorrow, 1))
    ]

    assert {(answer.tone, answer.title) for answer in answers} == {("red", "Wrong departure")}
    assert [answer.reason for answer in answers] == [
        "This ticket is for Tue 8 Dec 2026, 19:00 from Johannesburg, Johannesburg station to Cape Town, "
        f"line {line}, coach 2.",
        "This ticket is for Thu 10 Dec 2026, 00:10 from Bloemfontein, Bloemfontein station to Cape Town, "
        f"line {line}, coach 1.",
    ]


def test_a_scan_at_a_stop_after_midnight_says_the_days(coach: Schedule, nomsa: User) -> None:
    onward, standby = ticket_of(sell(coach, first=1)), stand_by(coach, first=1)

    early = scan(onward, by=nomsa, schedule=coach, stop=1, now=CALLS - timedelta(minutes=30))
    wrong_stop = scan(onward, by=nomsa, schedule=coach, now=EVENING)
    waits = scan(standby, by=nomsa, schedule=coach, stop=1, now=CALLS)

    assert early.reason == "Boarding opens at 23:40."
    assert wrong_stop.reason.endswith("at 00:10 on Wed 9 Dec.")
    assert "closes at 00:00 on Wed 9 Dec, in order of sale" in waits.reason


def test_the_day_of_a_departure_is_that_of_its_first_stop(nomsa: User) -> None:
    make_stop("Mombasa", time_zone="Africa/Nairobi")  # an hour ahead
    late = EVENING + timedelta(hours=4, minutes=30)  # 23:30 on Tuesday in Johannesburg
    coach = make_coach(departs=late, route=make_route("Johannesburg", "Mombasa", "Cape Town"))
    ticket = ticket_of(sell(coach, first=1))

    answer = scan(ticket, by=nomsa, schedule=coach, stop=1, now=late + timedelta(minutes=10))

    assert answer.reason == "Boarding opens at 02:00 on Wed 9 Dec."


def test_leaving_and_arriving_after_midnight_say_the_day(coach: Schedule, nomsa: User) -> None:
    depart(coach.pk, position=1, actor=nomsa, submission="a", now=CALLS)
    with pytest.raises(Conflict, match=r"already: 00:00 on Wed 9 Dec, Nomsa Dlamini\."):
        depart(coach.pk, position=1, actor=nomsa, submission="b", now=CALLS)

    view = board_view(coach.pk, stop=1, now=CALLS)

    assert view.stop.left == "00:00 on Wed 9 Dec, Nomsa Dlamini"
    assert view.arrival.due == "05:00 on Wed 9 Dec"


def test_refusals_of_closing_and_leaving_say_the_day(coach: Schedule, nomsa: User) -> None:
    with pytest.raises(Conflict, match=r"is open until 00:00 on Wed 9 Dec\."):
        close_boarding(coach.pk, 1, actor=nomsa, submission="a", now=EVENING)
    with pytest.raises(Conflict, match=r"is open until 18:50 on Tue 8 Dec\."):
        depart(coach.pk, actor=nomsa, submission="b", now=EVENING - DAY)


def test_the_manifest_says_the_day_of_each_stop_after_midnight(coach: Schedule, nomsa: User) -> None:
    ticket = ticket_of(sell(coach, first=1))
    scan(ticket, by=nomsa, schedule=coach, stop=1, now=CALLS - timedelta(minutes=5))
    close_boarding(coach.pk, 1, actor=nomsa, submission="c", now=CALLS)

    lists = manifest(coach.pk, now=CALLS)
    first, second, last = lists.stops

    assert (first.departs, first.opens, first.closes) == ("19:00", "18:30", "18:50")
    assert (second.arrives, second.departs) == ("00:00 on Wed 9 Dec", "00:10 on Wed 9 Dec")
    assert (second.opens, second.closes) == ("23:40", "00:00 on Wed 9 Dec")
    assert second.closed == "00:00 on Wed 9 Dec, Nomsa Dlamini"
    assert second.ons[0].boarded == "23:55, Nomsa Dlamini"
    assert last.arrives == "05:00 on Wed 9 Dec"
    assert [chip.time for chip in manifest_chips(lists)][1:3] == ["19:00", "00:10 on Wed 9 Dec"]
    assert "2026-12-09 00:10" in manifest_csv(lists)
