"""The steps of a departure as pages: each asks first, and each is undone."""

import re

import pytest

from bookings.domain.integrity.invariants import violations
from bookings.models import Schedule, Ticket, User
from bookings.tests.domain.boarding.door import sell
from bookings.tests.make import make_user
from bookings.tests.office.conftest import StaffClient
from bookings.tests.office.test_boarding import address, coach_in, now

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-pass"


def test_each_stop_is_left_for_itself_and_leaving_is_undone(dispatcher: StaffClient) -> None:
    coach = coach_in(-119)  # it is due to leave its second stop in a minute
    sell(coach, "Thandi Nkosi", now=now())
    sell(coach, "Sipho Zulu", first=1, now=now())

    asked = dispatcher.get(address(coach, "depart/?stop=1"))
    left = dispatcher.post(address(coach, "depart/"), {"submission": "d", "stop": 1}, follow=True)
    undone = dispatcher.post(address(coach, "undo/departure/"), {"submission": "u", "stop": 1}, follow=True)
    twice = dispatcher.post(address(coach, "undo/departure/"), {"submission": "v", "stop": 1})

    assert "Is the coach leaving Bloemfontein now?" in asked.content.decode()
    assert "Sipho Zulu" in asked.content.decode()
    assert "Thandi Nkosi" not in asked.content.decode()
    assert left.redirect_chain == [(address(coach, "board/?stop=1"), 302)]
    assert "The coach has left; 1 more no-show." in left.content.decode()
    assert "Undo: coach has left" in left.content.decode()
    assert "Undone: the coach stands here again, 1 expected again." in undone.content.decode()
    assert (twice.status_code, "is not on the road" in twice.content.decode()) == (409, True)
    assert set(Ticket.objects.values_list("status", flat=True)) == {"valid"}
    assert violations(now=now()) == []


def test_an_arrival_minutes_after_leaving_names_the_stranded_and_wants_a_signature(
    clerk: StaffClient,
) -> None:
    make_user(role=User.Role.SUPERVISOR, username="boss", password=PASSWORD)
    coach = coach_in(2)
    sell(coach, "Sipho Zulu", first=1, now=now())
    clerk.post(address(coach, "depart/"), {"submission": "d", "stop": 0})

    asked = re.sub(r"\s+", " ", clerk.get(address(coach, "arrive/?stop=2")).content.decode())
    unsigned = clerk.post(address(coach, "arrive/"), {"submission": "a", "stop": 2})
    signature = {"approver_name": "boss", "approver_password": "wrong"}
    wrong = clerk.post(address(coach, "arrive/"), {"submission": "a", "stop": 2, **signature})
    signature["approver_password"] = PASSWORD
    signed = clerk.post(address(coach, "arrive/"), {"submission": "a", "stop": 2, **signature}, follow=True)
    undone = clerk.post(address(coach, "undo/arrival/"), {"submission": "u", "stop": 2}, follow=True)

    assert "1 passenger would be stranded" in asked
    assert "Bloemfontein, Bloemfontein station" in asked
    assert '<bdi>Sipho Zulu</bdi> <span class="code">1A</span>' in asked
    assert "More than half an hour early" in asked
    assert (unsigned.status_code, wrong.status_code) == (409, 422)
    assert 'value="boss"' in wrong.content.decode()
    assert "The coach has arrived." in signed.content.decode()
    assert "Undone: the coach has not arrived yet." in undone.content.decode()
    assert Schedule.objects.get().status == "departed"


def test_a_no_show_and_a_closing_are_undone_at_the_door(clerk: StaffClient) -> None:
    coach = coach_in(8)
    thandi, sipho = sell(coach, "Thandi Nkosi", "Sipho Zulu", now=now()).tickets.all()
    clerk.post(address(coach, "board/close/"), {"stop": 0, "seen": 0, "submission": "c"})
    one = {"ticket": thandi.pk, "stop": 0, "nonce": "u", "no_show": "1"}

    expected = clerk.post(address(coach, "board/undo/"), one)
    again = clerk.post(address(coach, "board/undo/"), one | {"nonce": "v"})
    opened = clerk.post(address(coach, "undo/closing/"), {"stop": 0, "submission": "o"}, follow=True)

    assert "Undone: Thandi Nkosi is expected again." in expected.content.decode()
    assert again.status_code == 409
    assert "Undone: boarding is open again, 1 expected again." in opened.content.decode()
    sipho.refresh_from_db()
    assert sipho.status == "valid"
    assert clerk.post(address(coach, "undo/nothing/"), {"submission": "x"}).status_code == 404


def test_the_last_stop_offers_the_arrival_and_the_others_do_not(clerk: StaffClient) -> None:
    coach = coach_in(2)
    sell(coach, "Sipho Zulu", now=now())
    clerk.post(address(coach, "depart/"), {"submission": "d", "stop": 0})

    pages = [clerk.get(address(coach, f"board/?stop={stop}")).content.decode() for stop in range(3)]

    assert ["Coach has arrived" in page for page in pages] == [False, False, True]
    assert "1 gets off here" not in pages[2]  # a no-show
    assert "0 get off here" in pages[2]
