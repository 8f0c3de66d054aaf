"""The list and the door as their pages do them.

The pages read the real clock, so coaches leave in a while from now.
"""

import csv
import io
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.models import BookingEvent, Schedule, ScheduleEvent, Ticket
from bookings.office.presenters.spreadsheet import safe_cell
from bookings.tests.domain.boarding.door import make_coach, sell, stand_by, ticket_of
from bookings.tests.make import make_shift
from bookings.tests.office.conftest import StaffClient
from bookings.tests.tampering import reprice

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


def now() -> datetime:
    return timezone.now()


def coach_in(minutes: int, **changes: Any) -> Schedule:
    return make_coach(departs=now() + timedelta(minutes=minutes), **changes)


def address(coach: Schedule, page: str) -> str:
    return f"/office/departures/{coach.pk}/{page}"


def post(
    client: Client,
    coach: Schedule,
    ticket: Ticket | str,
    *,
    nonce: str = "n",
    page: str = "board/",
    **more: Any,
) -> Any:
    code = ticket if isinstance(ticket, str) else ticket.code
    headers = more.pop("headers", {})
    return client.post(address(coach, page), {"code": code, "stop": 0, "nonce": nonce, **more}, **headers)


# The list


def test_the_manifest_shows_the_whole_way_or_one_stop(clerk: StaffClient) -> None:
    coach = coach_in(20)
    sell(coach, "Thandi Nkosi", now=now())
    sell(coach, "Sipho Zulu", first=1, now=now())

    whole = clerk.get(address(coach, "manifest/"))
    one = clerk.get(address(coach, "manifest/?stop=1"))

    assert (whole.status_code, whole.headers["Cache-Control"]) == (200, "no-store, private")
    assert [stop.city for stop in whole.context["manifest"].shown] == [
        "Johannesburg",
        "Bloemfontein",
        "Cape Town",
    ]
    assert [stop.city for stop in one.context["manifest"].shown] == ["Bloemfontein"]
    assert "Thandi Nkosi" in whole.content.decode()
    assert "Sipho Zulu" in one.content.decode()


def test_the_manifest_renews_itself_by_the_very_part_of_the_page(clerk: StaffClient) -> None:
    coach = coach_in(20)
    sell(coach, now=now())

    part = clerk.get(address(coach, "manifest/"), **HTMX, HTTP_HX_TARGET="manifest").content.decode()

    assert part.startswith('<div id="manifest"')
    assert "<html" not in part


def test_an_auditor_reads_the_list_and_stays_away_from_the_door(auditor: StaffClient) -> None:
    coach = coach_in(20)

    assert auditor.get(address(coach, "manifest/")).status_code == 200
    assert "board/" not in auditor.get(address(coach, "manifest/")).content.decode()
    assert auditor.get(address(coach, "manifest.csv")).status_code == 200
    assert auditor.get(address(coach, "board/")).status_code == 403
    assert post(auditor, coach, "ABCDEF").status_code == 403


def test_the_csv_is_a_table_of_text(clerk: StaffClient) -> None:
    coach = coach_in(20)
    booking = sell(coach, '=HYPERLINK("x") @Evil', now=now())

    response = clerk.get(address(coach, "manifest.csv"))

    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert response.headers["Content-Disposition"] == f'attachment; filename="manifest-{coach.pk}.csv"'
    assert rows[0][:6] == ["Stop", "Departs", "Seat", "Name", "Type", "To"]
    assert rows[1][2:4] == ["1A", '\'=HYPERLINK("x") @Evil']
    assert rows[1][8:] == [booking.booking_reference, ticket_of(booking).spoken_code, "'+27821234567", ""]
    assert len(rows) == 2


@pytest.mark.parametrize(
    "text", ["=1+1", "＝1+1", "\u200b=1+1", "\u00a0=1+1", "+27", "-1", "@x", "\tx", "\rx", "  =1"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Thandi", "1A", "", "a=b"])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


# The door


def test_a_scan_answers_with_a_page_and_within_the_page(clerk: StaffClient) -> None:
    coach = coach_in(20)
    first, second = sell(coach, "Thandi Nkosi", "Sipho Zulu", now=now()).tickets.all()

    page = post(clerk, coach, first)
    part = post(clerk, coach, second.spoken_code, nonce="m", headers={**HTMX, "HTTP_HX_TARGET": "board"})

    assert (page.status_code, page.context["answer"].tone, page.context["stop"].boarded) == (200, "green", 1)
    assert "<html" in page.content.decode()
    assert part.content.decode().startswith('<div id="board"')
    assert "Sipho Zulu" in part.content.decode()
    assert BookingEvent.objects.get(ticket=first).actor == clerk.user
    assert violations(now=now()) == []


def test_the_door_renews_its_lists_and_leaves_the_answer(clerk: StaffClient) -> None:
    coach = coach_in(20)
    sell(coach, now=now())

    part = clerk.get(address(coach, "board/?stop=0"), **HTMX, HTTP_HX_TARGET="board-live").content.decode()

    assert part.startswith('<div id="board-live"')
    assert "answer" not in part


def test_a_page_sent_twice_boards_once(clerk: StaffClient) -> None:
    coach = coach_in(20)
    ticket = ticket_of(sell(coach, now=now()))

    tones = [post(clerk, coach, ticket).context["answer"].tone for _twice in range(2)]

    assert tones == ["green", "green"]
    assert BookingEvent.objects.filter(ticket=ticket).count() == 1


def test_two_clerks_and_one_ticket(clerk: StaffClient, supervisor: StaffClient) -> None:
    coach = coach_in(20)
    ticket = ticket_of(sell(coach, now=now()))

    post(clerk, coach, ticket)
    told = post(supervisor, coach, ticket, nonce="other")

    assert told.context["answer"].tone == "red"
    assert "Nomsa Dlamini" in told.content.decode()


def test_undo_and_late_from_the_answer(clerk: StaffClient) -> None:
    coach = coach_in(5)
    ticket = ticket_of(sell(coach, now=now()))

    late = post(clerk, coach, ticket)
    boarded = post(clerk, coach, ticket, nonce="l", late="1")
    undone = clerk.post(address(coach, "board/undo/"), {"ticket": ticket.pk, "stop": 0, "nonce": "u"})

    assert (late.context["answer"].tone, boarded.context["answer"].tone) == ("amber", "green")
    assert 'name="late" value="1"' in late.content.decode()
    assert "Undone: Thandi Nkosi is not on board." in undone.content.decode()
    ticket.refresh_from_db()
    assert ticket.status == "valid"
    again = clerk.post(address(coach, "board/undo/"), {"ticket": ticket.pk, "stop": 0, "nonce": "u2"})
    assert (again.status_code, "not on board any more" in again.content.decode()) == (409, True)


def test_closing_asks_in_names_first_and_then_does_it(clerk: StaffClient) -> None:
    coach = coach_in(8, seats=1)
    sell(coach, "Thandi Nkosi", now=now())
    stand_by(coach, "Ayanda Moyo", now=now())

    asked = clerk.get(address(coach, "board/close/?stop=0"))
    text = re.sub(r"\s+", " ", asked.content.decode())
    before = ScheduleEvent.objects.count()
    done = clerk.post(
        address(coach, "board/close/"),
        {"stop": 0, "seen": 0, "submission": asked.context["submission"]},
        follow=True,
    )

    assert "<b>1 no-show</b>, seat released for the rest of the trip: Thandi Nkosi" in text
    assert "<b>1 standby passenger gets a seat</b>: Ayanda Moyo: seat 1A" in text
    assert before == 0
    assert done.redirect_chain == [(address(coach, "board/?stop=0"), 302)]
    assert "Boarding is closed: 1 no-show, 1 from standby seated." in done.content.decode()


@pytest.mark.parametrize("step", ["board/close/", "depart/"])
def test_a_step_that_would_be_refused_is_not_offered(clerk: StaffClient, step: str) -> None:
    """While boarding is open, a button would promise what the coach may not do."""
    early, due = coach_in(60), coach_in(8)
    for coach in (early, due):
        sell(coach, now=now())

    asked, allowed = (clerk.get(address(coach, f"{step}?stop=0")).content.decode() for coach in (early, due))

    assert "Not yet: boarding is open until" in asked
    assert ('class="btn btn-primary"' in asked, 'class="btn btn-primary"' in allowed) == (False, True)


def test_who_closes_second_is_told_who_was_first(clerk: StaffClient, supervisor: StaffClient) -> None:
    coach = coach_in(8)
    sell(coach, now=now())
    clerk.post(address(coach, "board/close/"), {"stop": 0, "seen": 0, "submission": "a"})

    told = supervisor.post(address(coach, "board/close/"), {"stop": 0, "seen": 0, "submission": "b"})

    assert told.status_code == 409
    assert "by Nomsa Dlamini." in told.content.decode()


@pytest.mark.parametrize("people", [1, 3])
@pytest.mark.parametrize(("path", "queries"), [("manifest/", 10), ("manifest.csv", 10), ("board/", 11)])
def test_query_counts_are_the_same_for_1_and_3_passengers(
    clerk: StaffClient, django_assert_num_queries: Any, path: str, queries: int, people: int
) -> None:
    coach = coach_in(20)
    sell(coach, *(f"Passenger Number{number}" for number in range(people)), now=now())
    for number in range(people):
        stand_by(coach, f"Standby Number{number}", now=now())

    with django_assert_num_queries(queries):
        response = clerk.get(address(coach, path))

    assert response.content.decode().count("Passenger Number") >= people


@pytest.mark.parametrize("people", [1, 3])
def test_a_scan_costs_the_same_with_1_and_3_passengers(
    clerk: StaffClient, django_assert_num_queries: Any, people: int
) -> None:
    coach = coach_in(20)
    booking = sell(coach, *(f"Passenger Number{number}" for number in range(people)), now=now())
    Schedule.objects.update(status="boarding")

    with django_assert_num_queries(25):
        response = post(clerk, coach, booking.tickets.first())

    assert response.context["answer"].tone == "green"


ODD: list[Any] = [
    "",
    " ",
    "\x00",
    "x" * 5000,
    "-1",
    "1e9",
    "99999999999999999999",
    "FBL1.",
    "é😀",
    "0",
    "NaN",
    "1; drop",
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize(
    "path", ["board/", "board/undo/", "board/close/", "depart/", "arrive/", "undo/departure/"]
)
def test_a_fuzzed_form_is_never_an_error_of_ours(clerk: StaffClient, path: str, odd: str) -> None:
    coach = coach_in(20)
    good = {
        "code": "ABCDEF",
        "stop": "0",
        "nonce": "n",
        "ticket": "1",
        "submission": "s",
        "seen": "0",
        "late": "",
        "scanned_at": "",
    }

    statuses = {clerk.post(address(coach, path), {**good, name: odd}).status_code for name in good}
    statuses |= {
        clerk.get(address(coach, path), {"stop": odd}).status_code for _once in (1,) if "undo/" not in path
    }

    assert statuses <= {200, 302, 404, 409, 422}


@pytest.mark.parametrize(
    "path", ["manifest/", "manifest.csv", "board/", "board/close/", "depart/", "arrive/"]
)
@pytest.mark.parametrize("number", [0, 10**30])
def test_an_unknown_departure_is_404(clerk: StaffClient, path: str, number: int) -> None:
    assert clerk.get(f"/office/departures/{number}/{path}").status_code == 404
    if path not in ("manifest/", "manifest.csv"):
        form = {"code": "ABCDEF", "stop": 0, "nonce": "n", "submission": "s", "seen": 0}
        assert clerk.post(f"/office/departures/{number}/{path}", form).status_code == 404


def test_who_stayed_behind_gets_it_back_in_one_step(clerk: StaffClient) -> None:
    leaves = timezone.now() - timedelta(minutes=5)
    coach = make_coach(departs=leaves)
    tickets = [
        stand_by(coach, name, now=leaves - timedelta(hours=1), paid_by="cash")
        for name in ("First Moyo", "Second Moyo")
    ]
    reprice(500)  # over that a second person signs
    make_shift(clerk.user, opening_float=2000)
    door, step = f"/office/departures/{coach.pk}/board/", f"/office/departures/{coach.pk}/board/standby/"

    offered = clerk.get(door).content.decode()
    asked = clerk.get(f"{step}?stop=0").content.decode()
    form = {"stop": "0", "tickets": [ticket.pk for ticket in tickets], "how": "cash", "submission": "one"}
    done = clerk.post(step, form, follow=True).content.decode()
    again = clerk.post(step, form | {"submission": "two"})

    assert "2 on standby left behind" in offered
    assert "First Moyo" in asked
    assert "R1\u00a0000 for 2 on standby: paid out in cash." in done
    assert "left behind" not in done
    assert again.status_code == 409
    assert "There is nobody to refund" in again.content.decode()
