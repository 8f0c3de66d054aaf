from collections.abc import Callable
from datetime import timedelta

import pytest

from bookings.base.codes import sha256
from bookings.base.errors import AlreadySubmitted, Conflict, NotFound
from bookings.domain.boarding.check_in import undo_check_in
from bookings.domain.boarding.closing import close_boarding
from bookings.domain.boarding.departure_status import arrive, depart
from bookings.domain.boarding.manifest import board_view
from bookings.domain.boarding.scan_result import CheckIn
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.tickets.booking_files import managed_order
from bookings.domain.tickets.pdf import ticket_pdf
from bookings.models import Booking, BookingEvent, Schedule, ScheduleEvent, SeatClaim, Ticket, User
from bookings.tests.domain.boarding.door import CLOSES, LEAVES, make_coach, scan, sell, stand_by, ticket_of
from bookings.tests.make import NOW, make_schedule, make_user
from bookings.tests.pdf_reader import code_in_svg, codes_in
from bookings.tests.races.crowd import crowd

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def nomsa() -> User:
    return make_user(first_name="Nomsa", last_name="Dlamini")


@pytest.fixture
def coach() -> Schedule:
    return make_coach()


@pytest.mark.database
def test_a_ticket_boards_with_who_when_and_where(coach: Schedule, nomsa: User) -> None:
    ticket = ticket_of(sell(coach))

    answer = scan(ticket, by=nomsa, schedule=coach)

    assert (answer.tone, answer.title, answer.name, answer.seat, answer.to) == (
        "green",
        "Boarded",
        "Thandi Nkosi",
        "1A",
        "Cape Town",
    )
    assert answer.can_undo
    event = BookingEvent.objects.get(ticket=ticket)
    assert (event.from_status, event.to_status, event.actor, event.at) == ("valid", "boarded", nomsa, NOW)
    assert event.reason == "at Johannesburg, Johannesburg station"
    ticket.refresh_from_db()
    assert ticket.status == "boarded"
    assert violations(now=NOW) == []


def test_the_first_ticket_opens_boarding_and_says_so_once(coach: Schedule, nomsa: User) -> None:
    first, second = sell(coach, "Thandi Nkosi", "Sipho Nkosi").tickets.all()

    scan(first, by=nomsa, schedule=coach)
    scan(second, by=nomsa, schedule=coach)

    after = Schedule.objects.get(pk=coach.pk)
    assert (after.status, after.revision) == ("boarding", coach.revision + 1)
    assert list(ScheduleEvent.objects.values_list("from_status", "to_status", "actor")) == [
        ("on_sale", "boarding", nomsa.pk)
    ]


@pytest.mark.parametrize(
    "spell", [str, str.lower, lambda code: f" {code[:3]}-{code[3:]} ", lambda code: code.replace("0", "o")]
)
def test_the_spoken_code_boards_however_it_is_typed(
    coach: Schedule, nomsa: User, spell: Callable[[str], str]
) -> None:
    ticket = ticket_of(sell(coach))

    answer = scan(spell(ticket.spoken_code), by=nomsa, schedule=coach)

    assert (answer.tone, answer.ticket_id) == ("green", ticket.pk)


def test_the_qr_of_the_page_and_of_the_pdf_board(coach: Schedule, nomsa: User) -> None:
    on_page, on_paper = sell(coach, "Thandi Nkosi"), sell(coach, "Sipho Zulu")
    (trip,) = managed_order(on_page.booking_reference, now=NOW).trips
    page = code_in_svg(trip.passes[0].qr)
    paper = codes_in(ticket_pdf(Booking.objects.select_related("order").get(pk=on_paper.pk)))

    answers = [scan(payload, by=nomsa, schedule=coach) for payload in [*page, *paper]]

    assert [(answer.tone, answer.name) for answer in answers] == [
        ("green", "Thandi Nkosi"),
        ("green", "Sipho Zulu"),
    ]


# Every refusal with its reason: what is done to the ticket first, and what is said then.


def _cancelled(ticket: Ticket, nomsa: User) -> CheckIn:
    cancel_booking(
        CancellationRequest(ticket.booking.booking_reference), submission="c", content="c", now=NOW
    )
    return scan(ticket, by=nomsa, schedule=ticket.schedule)


def _already(ticket: Ticket, nomsa: User) -> CheckIn:
    scan(ticket, by=nomsa, schedule=ticket.schedule)
    return scan(ticket, by=make_user(first_name="Pieter"), schedule=ticket.schedule, now=NOW + MINUTE)


def _replaced(ticket: Ticket, nomsa: User) -> CheckIn:
    Ticket.objects.filter(pk=ticket.pk).update(status="replaced")
    return scan(ticket, by=nomsa, schedule=ticket.schedule)


def _other_departure(ticket: Ticket, nomsa: User) -> CheckIn:
    return scan(ticket, by=nomsa, schedule=make_coach(departs=LEAVES + timedelta(days=1)))


def _other_departure_spoken(ticket: Ticket, nomsa: User) -> CheckIn:
    return scan(ticket.spoken_code, by=nomsa, schedule=make_coach(departs=LEAVES + timedelta(days=1)))


def _other_stop(ticket: Ticket, nomsa: User) -> CheckIn:
    return scan(ticket, by=nomsa, schedule=ticket.schedule, stop=1)


def _early(ticket: Ticket, nomsa: User) -> CheckIn:
    return scan(ticket, by=nomsa, schedule=ticket.schedule, now=NOW - 11 * MINUTE)


def _late(ticket: Ticket, nomsa: User) -> CheckIn:
    return scan(ticket, by=nomsa, schedule=ticket.schedule, now=CLOSES)


def _missed(ticket: Ticket, nomsa: User) -> CheckIn:
    close_boarding(ticket.schedule_id, 0, actor=nomsa, submission="s", now=CLOSES)
    return scan(ticket, by=nomsa, schedule=ticket.schedule, now=CLOSES + MINUTE)


def _seat_gone(ticket: Ticket, nomsa: User) -> CheckIn:
    for _other in range(7):
        sell(ticket.schedule)
    stand_by(ticket.schedule)
    for other in Ticket.objects.filter(schedule=ticket.schedule, place="seat").exclude(pk=ticket.pk):
        scan(other, by=nomsa, schedule=ticket.schedule)
    return _missed(ticket, nomsa)


def _left(ticket: Ticket, nomsa: User) -> CheckIn:
    depart(ticket.schedule_id, actor=nomsa, submission="d", now=LEAVES)
    return scan(ticket, by=nomsa, schedule=ticket.schedule, now=LEAVES)


def _departure_cancelled(ticket: Ticket, nomsa: User) -> CheckIn:
    Schedule.objects.filter(pk=ticket.schedule_id).update(status="cancelled")
    return scan(ticket, by=nomsa, schedule=ticket.schedule)


def _unknown(ticket: Ticket, nomsa: User) -> CheckIn:
    return scan("FBL1.nothing", by=nomsa, schedule=ticket.schedule)


REFUSALS = [
    (_cancelled, "red", "Cancelled", "This ticket was cancelled on Tue 1 Dec 2026, 10:00."),
    (_already, "red", "Already on board", "This ticket has already boarded: 10:00, Nomsa Dlamini."),
    (_replaced, "red", "Old ticket", "This is an old ticket. Ask for the one that replaced it."),
    (
        _other_departure,
        "red",
        "Wrong departure",
        "This ticket is for Tue 1 Dec 2026, 10:20 from Johannesburg, Johannesburg station to Cape Town, "
        "line {line}, coach 1.",
    ),
    (
        _other_departure_spoken,
        "red",
        "Wrong departure",
        "This ticket is for Tue 1 Dec 2026, 10:20 from Johannesburg, Johannesburg station to Cape Town, "
        "line {line}, coach 1.",
    ),
    (
        _other_stop,
        "amber",
        "Wrong stop",
        "Right coach, but this ticket boards at Johannesburg, Johannesburg station at 10:20.",
    ),
    (_early, "amber", "Not yet", "Boarding opens at 09:50."),
    (_late, "amber", "Late", "Boarding closed at 10:10. The seat is still reserved."),
    (_missed, "amber", "Late", "Marked as no-show (10:10, Nomsa Dlamini). The seat is still free."),
    (
        _seat_gone,
        "red",
        "Too late",
        "Marked as no-show (10:10, Nomsa Dlamini), and the seat was given to somebody else.",
    ),
    (_left, "red", "Closed", "The coach has left: 10:20, Nomsa Dlamini."),
    (_departure_cancelled, "red", "Closed", "This departure is cancelled."),
    (
        _unknown,
        "red",
        "Unknown code",
        "We could not find this code. Scan it again, or look for the name on the list.",
    ),
]


@pytest.mark.parametrize(
    ("act", "tone", "title", "reason"), REFUSALS, ids=[row[0].__name__.strip("_") for row in REFUSALS]
)
def test_a_refusal_says_why_and_changes_nothing(
    coach: Schedule, nomsa: User, act: Callable, tone: str, title: str, reason: str
) -> None:
    ticket = ticket_of(sell(coach))

    answer = act(ticket, nomsa)

    assert (answer.tone, answer.title, answer.reason) == (
        tone,
        title,
        reason.format(line=coach.route.line.code),
    )
    assert not answer.can_undo
    boarded = Ticket.objects.filter(pk=ticket.pk, status="boarded").exists()
    assert boarded == (act is _already)
    assert BookingEvent.objects.filter(ticket=ticket, to_status="boarded").count() == int(act is _already)


@pytest.mark.parametrize(
    ("minutes", "title", "words"),
    [
        (0, "Not paid", "is not paid yet. It can be paid at the counter."),
        (21, "Expired", "was not paid in time, and its seat was released."),
    ],
)
def test_an_unpaid_ticket_does_not_board(nomsa: User, minutes: int, title: str, words: str) -> None:
    coach = make_coach(departs=NOW + timedelta(minutes=29))
    booking = sell(coach, status="pending")

    answer = scan(ticket_of(booking), by=nomsa, schedule=coach, now=NOW + minutes * MINUTE)

    assert (answer.tone, answer.title, answer.reason) == (
        "red",
        title,
        f"Booking {booking.booking_reference} {words}",
    )


def test_an_old_ticket_names_the_ride_that_replaced_it(coach: Schedule, nomsa: User) -> None:
    old, new = sell(coach, "Thandi Nkosi", "Thandi Nkosi").tickets.all()
    Ticket.objects.filter(pk=old.pk).update(status="replaced")

    answer = scan(old, by=nomsa, schedule=coach)

    assert answer.reason.startswith(
        "This is an old ticket. The new one is for Tue 1 Dec 2026, 10:20 from Johannesburg"
    )
    new.refresh_from_db()
    assert new.status == "valid"


def test_standby_waits_until_boarding_is_closed_and_then_boards(coach: Schedule, nomsa: User) -> None:
    ticket = stand_by(coach)
    before = scan(ticket, by=nomsa, schedule=coach)
    close_boarding(coach.pk, 0, actor=nomsa, submission="s", now=CLOSES)

    after = scan(ticket, by=nomsa, schedule=coach, now=CLOSES + MINUTE)

    assert (before.tone, before.title) == ("amber", "Standby")
    assert before.reason == "No seat yet. Seats are assigned when boarding closes at 10:10, in order of sale."
    assert (after.tone, after.seat) == ("green", "1A")
    assert violations(now=CLOSES + MINUTE) == []


@pytest.mark.database
@pytest.mark.parametrize("close", [False, True])
def test_who_comes_late_boards_when_staff_say_so(coach: Schedule, nomsa: User, close: bool) -> None:
    ticket = ticket_of(sell(coach))
    if close:
        close_boarding(coach.pk, 0, actor=nomsa, submission="s", now=CLOSES)

    answer = scan(ticket, by=nomsa, schedule=coach, now=CLOSES + MINUTE, late=True)

    assert answer.tone == "green"
    event = BookingEvent.objects.filter(ticket=ticket).last()
    assert (event.from_status, event.reason) == (
        "no_show" if close else "valid",
        "late, at Johannesburg, Johannesburg station",
    )
    assert SeatClaim.objects.filter(ticket=ticket, kind="sold").count() == 2
    assert violations(now=CLOSES + MINUTE) == []


def test_a_stop_further_down_the_road_has_its_own_times(coach: Schedule, nomsa: User) -> None:
    ticket = ticket_of(sell(coach, first=1))
    depart(coach.pk, actor=nomsa, submission="d", now=LEAVES)
    leaves_there = LEAVES + 120 * MINUTE

    early = scan(ticket, by=nomsa, schedule=coach, stop=1, now=leaves_there - 31 * MINUTE)
    there = scan(ticket, by=nomsa, schedule=coach, stop=1, now=leaves_there - 30 * MINUTE)

    assert (early.title, early.reason, there.title) == ("Not yet", "Boarding opens at 11:50.", "Boarded")


@pytest.mark.database
def test_the_same_scan_sent_again_gets_the_same_answer(coach: Schedule, nomsa: User) -> None:
    ticket = ticket_of(sell(coach))

    answers = [
        scan(ticket, by=nomsa, schedule=coach, nonce="n", now=NOW + minute * MINUTE) for minute in range(3)
    ]

    assert [answer.tone for answer in answers] == ["green"] * 3
    assert BookingEvent.objects.filter(ticket=ticket).count() == 1
    with pytest.raises(AlreadySubmitted):
        scan("ABCDEF", by=nomsa, schedule=coach, nonce="n")


@pytest.mark.parametrize(
    ("minutes", "tone", "at"), [(-2, "green", -2), (60, "amber", 0), (-60 * 13, "amber", 0)]
)
def test_the_clock_of_a_device_counts_if_it_makes_sense(
    coach: Schedule, nomsa: User, minutes: int, tone: str, at: int
) -> None:
    ticket = ticket_of(sell(coach))

    answer = scan(ticket, by=nomsa, schedule=coach, now=CLOSES, scanned_at=CLOSES + minutes * MINUTE)

    assert answer.tone == tone
    if tone == "green":
        assert BookingEvent.objects.get(ticket=ticket).at == CLOSES + at * MINUTE


@pytest.mark.database
def test_a_scan_is_taken_back_and_the_ticket_boards_again(coach: Schedule, nomsa: User) -> None:
    ticket = ticket_of(sell(coach))
    scan(ticket, by=nomsa, schedule=coach)

    for _twice in range(2):
        undo_check_in(coach.pk, ticket.pk, actor=nomsa, nonce="u", now=NOW + MINUTE)
    again = scan(ticket, by=nomsa, schedule=coach, now=NOW + 2 * MINUTE)

    assert again.tone == "green"
    steps = list(BookingEvent.objects.filter(ticket=ticket).values_list("from_status", "to_status"))
    assert steps == [("valid", "boarded"), ("boarded", "valid"), ("valid", "boarded")]
    assert violations(now=NOW) == []


def test_nothing_is_taken_back_that_is_not_on_board_or_gone(coach: Schedule, nomsa: User) -> None:
    ticket, other = sell(coach, "Thandi Nkosi", "Sipho Zulu").tickets.all()
    with pytest.raises(Conflict, match="not on board"):
        undo_check_in(coach.pk, ticket.pk, actor=nomsa, nonce="1", now=NOW)
    with pytest.raises(NotFound):
        undo_check_in(make_schedule().pk, ticket.pk, actor=nomsa, nonce="2", now=NOW)
    scan(other, by=nomsa, schedule=coach)
    depart(coach.pk, actor=nomsa, submission="d", now=LEAVES)
    arrive(coach.pk, actor=nomsa, submission="a", now=LEAVES + 240 * MINUTE)

    with pytest.raises(Conflict, match="has left"):
        undo_check_in(coach.pk, other.pk, actor=nomsa, nonce="3", now=LEAVES)


@pytest.mark.parametrize(("departure", "stop"), [(0, 0), (10**30, 0), (None, 9)])
def test_an_unknown_door_is_not_found(coach: Schedule, nomsa: User, departure: int | None, stop: int) -> None:
    ticket = ticket_of(sell(coach))

    with pytest.raises(NotFound):
        scan(ticket, by=nomsa, schedule=coach if departure is None else Schedule(pk=departure), stop=stop)


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_of_two_doors_at_once_one_boards_and_the_other_is_told_who(nomsa: User) -> None:
    coach = make_coach()
    pieter = make_user(first_name="Pieter", last_name="Visagie")
    ticket = ticket_of(sell(coach))
    doors = [nomsa, pieter]

    answers = crowd(2, lambda number: scan(ticket, by=doors[number], schedule=coach, nonce=f"door {number}"))

    green = [number for number, answer in enumerate(answers) if answer.tone == "green"]
    assert len(green) == 1
    assert (
        answers[1 - green[0]].reason
        == f"This ticket has already boarded: 10:00, {doors[green[0]].get_full_name()}."
    )
    assert BookingEvent.objects.filter(ticket=ticket).count() == 1
    assert violations(now=NOW) == []


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_one_scan_that_arrives_many_times_at_once_boards_once(nomsa: User) -> None:
    coach = make_coach()
    ticket = ticket_of(sell(coach))

    answers = crowd(6, lambda number: scan(ticket, by=nomsa, schedule=coach, nonce="n"))

    assert [answer.tone for answer in answers] == ["green"] * 6
    assert BookingEvent.objects.filter(ticket=ticket).count() == 1


# what scanners send

OLD = "FBL1.aB-c_D9eF1gH2iJ3kL4mNo"


@pytest.fixture
def ticket(coach: Schedule) -> Ticket:
    return ticket_of(sell(coach))


@pytest.mark.parametrize("dress", ["{}", " {}\r\n", "\x1d{}", "]Q3{}", "{0}{0}", "{0}\t{0}", "\u200b{} "])
@pytest.mark.parametrize("is_old", [True, False])
def test_a_ticket_boards_whatever_the_scanner_adds(
    ticket: Ticket, nomsa: User, dress: str, is_old: bool
) -> None:
    if is_old:
        Ticket.objects.filter(pk=ticket.pk).update(code=OLD)
    code = Ticket.objects.get(pk=ticket.pk).code

    assert scan(dress.format(code), by=nomsa, schedule=ticket.schedule).tone == "green"


@pytest.mark.parametrize("keyboard", [str.lower, str.upper, str.swapcase])
@pytest.mark.parametrize("is_old", [True, False])
def test_a_ticket_boards_with_caps_lock_on(
    ticket: Ticket, nomsa: User, keyboard: Callable[[str], str], is_old: bool
) -> None:
    if is_old:
        Ticket.objects.filter(pk=ticket.pk).update(code=OLD)
    code = Ticket.objects.get(pk=ticket.pk).code

    assert scan(keyboard(code), by=nomsa, schedule=ticket.schedule).tone == "green"


def test_an_old_code_in_another_case_must_be_the_only_one_here(ticket: Ticket, nomsa: User) -> None:
    twin = ticket_of(sell(ticket.schedule, "Lwazi Nkosi"))
    elsewhere = ticket_of(sell(make_coach(), "Ann Abel"))
    Ticket.objects.filter(pk=ticket.pk).update(code=OLD)
    Ticket.objects.filter(pk=twin.pk).update(code=OLD.lower())
    Ticket.objects.filter(pk=elsewhere.pk).update(code=f"{OLD}9")

    assert scan(OLD.swapcase(), by=nomsa, schedule=ticket.schedule).tone == "red"
    assert scan(f"{OLD}9".upper(), by=nomsa, schedule=ticket.schedule).tone == "red"
    assert scan(OLD, by=nomsa, schedule=ticket.schedule).tone == "green"


def test_the_list_for_a_door_without_a_connection_knows_each_form_of_a_code(ticket: Ticket) -> None:
    twin = ticket_of(sell(ticket.schedule, "Lwazi Nkosi"))
    Ticket.objects.filter(pk=ticket.pk).update(code=OLD)

    known = board_view(ticket.schedule_id, stop=0, now=NOW).known

    codes = [OLD, OLD.lower(), ticket.spoken_code, twin.code, twin.spoken_code]
    assert set(known) == {sha256(code)[:16] for code in codes}
    assert known[sha256(OLD)[:16]] == (ticket.pk, "1A", "")
