import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from bookings.domain.counter.tender import Tender, take_payment
from bookings.domain.integrity.invariants import violations
from bookings.domain.messaging.outbox import send_due
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.checkout import CheckoutRequest, place_order, save_draft
from bookings.domain.sales.holds import HoldRequest, hold_seats
from bookings.domain.sales.payments import ReceivedPayment, settle
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import (
    Booking,
    Note,
    Order,
    OutboxMessage,
    Refund,
    Schedule,
    Seat,
    SeatBlock,
    Ticket,
    User,
)
from bookings.tests.make import NOW, make_schedule, make_shift, make_user
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-pass"


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule(departs=timezone.now() + timedelta(days=4))


@pytest.fixture
def later(schedule: Schedule) -> Schedule:
    return make_schedule(route=schedule.route, departs=timezone.now() + timedelta(days=6), price=800)


@pytest.fixture
def till(clerk: StaffClient) -> StaffClient:
    """The clerk with an open shift."""
    make_shift(clerk.user, opened_at=timezone.now())
    return clerk


def sold(
    schedule: Schedule, *labels: str, by: StaffClient | None = None, ago: timedelta = timedelta(0)
) -> Booking:
    """Paid in cash at `by`'s till, or by EFT; two seats (R600 each) unless said otherwise."""
    labels = labels or ("1A", "1B")
    now = timezone.now() - ago
    hold = hold_seats(
        get_segment(SegmentRef(schedule.pk, "johannesburg", "cape-town")), labels, HoldRequest("ann"), now=now
    )
    people = [
        {"first_name": name, "surname": "Mokoena", "passenger_type": "adult"}
        for name in ("Ann", "Sipho", "Thabo", "Zola")
    ]
    save_draft(
        hold.token,
        owner="ann",
        passengers=people[: len(labels)],
        email="ann@example.com",
        phone="+27821234567",
    )
    order = place_order(CheckoutRequest(hold.token, "ann"), submission=hold.token, content="", now=now)
    if by:
        take_payment(
            order, Tender("cash"), shift=by.user.shifts.get(), submission=hold.token, content="", now=now
        )
    else:
        settle(order.pk, ReceivedPayment("eft", hold.token, order.total), now=now)
    return order.bookings.get()


def segment_text(schedule: Schedule) -> str:
    return f"{schedule.pk}|johannesburg-main@0|cape-town-main@2"


def form_of(response: Any, **values: Any) -> dict[str, Any]:
    return {"submission": response.context["submission"], **values}


def test_the_page_shows_the_whole_order(clerk: StaffClient, schedule: Schedule) -> None:
    booking = sold(schedule)
    Ticket.objects.filter(booking=booking, first_name="Ann").update(help_request="up the steps")

    response = clerk.get(f"/office/bookings/{booking.booking_reference}/")

    page = response.content.decode()
    assert response.status_code == 200
    for words in (
        "Ann Mokoena",
        "Sipho Mokoena",
        "ann@example.com",
        "+27821234567",
        "R1\u00a0200",
        "confirmation with tickets",
        "confirmed",
        "up the steps",
    ):
        assert words in page
    assert response["Cache-Control"] == "no-store, private"


def test_the_lines_say_what_was_sold_and_taken_back(till: StaffClient, schedule: Schedule) -> None:
    booking = sold(schedule)
    child = booking.tickets.order_by("pk")[1]
    request = CancellationRequest(booking.booking_reference, [child.pk])
    now = timezone.now() + timedelta(days=2)
    part = cancel_booking(request, submission="x", content="", now=now)

    page = till.get(f"/office/bookings/{booking.booking_reference}/").content.decode()

    table = page.partition("What was sold and taken back")[2].partition("</table>")[0]
    texts = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in table.split("<tr>")[2:]]
    amounts = re.findall(r'<td class="num">(.*?)</td>', table)
    assert amounts == ["R600", "R600", "−R600", "R600", "−R600", "R150"]
    assert f"Fare −R600 {child.full_name}" in texts[2]
    assert f"Cancellation fee {part.booking_reference} R150 {child.full_name}" in texts[-1]


def test_an_unknown_reference_is_not_found(clerk: StaffClient) -> None:
    assert clerk.get("/office/bookings/ZZZZZZZZ/").status_code == 404


@pytest.mark.parametrize("seats", [("1A",), ("1A", "1B", "1C")])
def test_the_page_asks_the_same_of_the_database_for_one_and_three(
    clerk: StaffClient, schedule: Schedule, seats: tuple[str, ...], django_assert_num_queries: Any
) -> None:
    booking = sold(schedule, *seats)

    with django_assert_num_queries(20):
        clerk.get(f"/office/bookings/{booking.booking_reference}/")


def test_a_note_is_kept_with_its_author(clerk: StaffClient, schedule: Schedule) -> None:
    booking = sold(schedule)

    response = clerk.post(
        f"/office/bookings/{booking.booking_reference}/note/", {"text": "Will call back.\nAt noon."}
    )

    assert response.status_code == 302
    note = Note.objects.get()
    assert (note.author, note.text) == (clerk.user, "Will call back.\nAt noon.")
    assert "Will call back." in clerk.get(response.url).content.decode()


def test_the_tickets_are_mailed_again(clerk: StaffClient, schedule: Schedule) -> None:
    booking = sold(schedule)

    clerk.post(f"/office/bookings/{booking.booking_reference}/resend/")

    assert OutboxMessage.objects.filter(kind="confirmation").count() == 2


def test_tickets_are_printed_and_taken_as_a_file(clerk: StaffClient, schedule: Schedule) -> None:
    booking = sold(schedule)

    page = clerk.get(f"/office/bookings/{booking.booking_reference}/").content.decode()

    for address in ("print/?paper=80", "print/", "tickets.pdf"):
        assert f"/office/sell/sold/{booking.order.token}/{address}" in page
        assert clerk.get(f"/office/sell/sold/{booking.order.token}/{address}").status_code == 200


def test_a_move_is_quoted_paid_and_done(till: StaffClient, schedule: Schedule, later: Schedule) -> None:
    booking = sold(schedule)
    address = f"/office/bookings/{booking.booking_reference}/exchange/"
    day = timezone.localtime(later.departure_time).date()

    quote = till.get(address, {"day": day, "ride": segment_text(later), "seats": "2a 2b"})
    view = quote.context["view"]
    assert (view.balance.balance, view.seats, view.problem) == (Decimal(400), "2A 2B", "")
    assert [offer.schedule_id for offer in view.offers] == [later.pk]
    tickets = list(booking.tickets.values_list("pk", flat=True))
    data = form_of(
        quote,
        quoted="400.00",
        ride=segment_text(later),
        seats="2A 2B",
        tickets=tickets,
        tender="cash",
        given="500",
    )
    done = till.post(address, data)
    again = till.post(address, data)

    assert done.url == again.url == f"/office/bookings/{booking.booking_reference}/"
    booking.refresh_from_db()
    assert booking.schedule == later
    assert booking.events.filter(actor=till.user, ticket=None).count() == 1
    assert violations(now=timezone.now()) == []


def test_seats_that_a_quote_chose_are_not_asked_for_on_another_departure(
    till: StaffClient, schedule: Schedule, later: Schedule
) -> None:
    address = f"/office/bookings/{sold(schedule).booking_reference}/exchange/"
    query = {"day": timezone.localdate(later.departure_time).isoformat(), "ride": segment_text(later)}

    ours, typed = (till.get(address, query | {"seats": seats}) for seats in ("", "2a 2b"))
    form = form_of(ours, **query, seats=ours.context["view"].seats, quoted="1")
    refused = till.post(address, form | {"wanted": ""})

    assert ours.context["view"].seats
    assert (ours.context["seats_typed"], typed.context["seats_typed"]) == ("", "2A 2B")
    assert (refused.status_code, refused.context["seats_typed"]) == (422, "")


@pytest.mark.parametrize(
    ("typed", "days"), [("+2", 2), ("tom", 1), ("t", 0), ("{iso}", 3), ("{day:%a} {day.day} {day:%b}", 3)]
)
def test_the_day_of_a_move_is_typed_by_few_keys(
    till: StaffClient, schedule: Schedule, typed: str, days: int
) -> None:
    today, booking = timezone.localdate(), sold(schedule)
    ahead = today + timedelta(days=3)

    page = till.get(
        f"/office/bookings/{booking.booking_reference}/exchange/",
        {"day": typed.format(iso=ahead.isoformat(), day=ahead)},
    )

    assert page.status_code == 200
    assert page.context["view"].day == today + timedelta(days=days)
    assert f'value="{today + timedelta(days=days)}"' in page.content.decode()


@pytest.mark.parametrize("typed", ["0006-02-02", "soon", "3113"])
def test_a_day_of_a_move_that_is_none_is_refused_in_words(
    till: StaffClient, schedule: Schedule, typed: str
) -> None:
    page = till.get(f"/office/bookings/{sold(schedule).booking_reference}/exchange/", {"day": typed})

    assert page.status_code == 422
    assert "Enter the day as +1, fri, 2512 or 2026-12-25." in page.content.decode()


def test_the_change_of_a_move_is_said(till: StaffClient, schedule: Schedule, later: Schedule) -> None:
    booking = sold(schedule)
    tickets = list(booking.tickets.values_list("pk", flat=True))
    data = {"quoted": "400.00", "ride": segment_text(later), "tickets": tickets, "tender": "cash"}

    address = f"/office/bookings/{booking.booking_reference}/exchange/"
    page = till.post(address, data | {"given": "500", "submission": "one"}, follow=True).content.decode()

    assert "the old ones are no longer valid. Give R100 change." in page


def test_the_focus_stays_with_who_chooses_a_departure(
    till: StaffClient, schedule: Schedule, later: Schedule
) -> None:
    address = f"/office/bookings/{sold(schedule).booking_reference}/exchange/"
    asked = {"asked": "1", "ride": segment_text(later)}

    assert " autofocus" in till.get(address).content.decode()
    assert " autofocus" not in till.get(address, asked).content.decode()


def test_a_swap_of_the_quote_is_a_fragment(till: StaffClient, schedule: Schedule) -> None:
    booking = sold(schedule)

    response = till.get(
        f"/office/bookings/{booking.booking_reference}/exchange/",
        HTTP_HX_REQUEST="true",
        HTTP_HX_TARGET="exchange",
    )

    assert response.content.decode().lstrip().startswith('<div id="exchange"')
    assert "HX-Target" in response["Vary"]


def test_the_second_clerk_is_told(till: StaffClient, schedule: Schedule, later: Schedule) -> None:
    booking = sold(schedule)
    address = f"/office/bookings/{booking.booking_reference}/exchange/"
    tickets = list(booking.tickets.values_list("pk", flat=True))
    data = {"quoted": "400.00", "ride": segment_text(later), "tickets": tickets, "tender": "cash"}
    till.post(address, data | {"submission": "one"})

    late = till.post(address, data | {"submission": "two"})

    assert late.status_code == 409
    assert "Somebody else has just changed this booking" in late.content.decode()


def test_without_a_shift_no_money_moves(clerk: StaffClient, schedule: Schedule, later: Schedule) -> None:
    booking = sold(schedule)
    tickets = list(booking.tickets.values_list("pk", flat=True))
    data = {
        "quoted": "400.00",
        "ride": segment_text(later),
        "tickets": tickets,
        "tender": "cash",
        "submission": "one",
    }

    response = clerk.post(f"/office/bookings/{booking.booking_reference}/exchange/", data)

    assert response.status_code == 422
    assert "Open your shift first" in response.content.decode()


def test_another_seat_and_another_name(till: StaffClient, schedule: Schedule) -> None:
    booking = sold(schedule)
    ticket = booking.tickets.get(first_name="Ann")
    address = f"/office/bookings/{booking.booking_reference}/tickets/{ticket.pk}"

    quote = till.get(f"{address}/seat/?seat=2c")
    till.post(f"{address}/seat/", form_of(quote, quoted="0", seat="2C", version=1))
    renamed = till.post(
        f"{address}/name/", {"first_name": "Anna", "surname": "Nkosi", "version": 2, "submission": "name"}
    )

    ticket.refresh_from_db()
    assert renamed.status_code == 302
    assert (ticket.seat.label, ticket.full_name, ticket.version) == ("2C", "Anna Nkosi", 3)


def test_a_ticket_of_another_booking_is_not_found(till: StaffClient, schedule: Schedule) -> None:
    one, other = sold(schedule, "1A"), sold(schedule, "1B")
    ticket = other.tickets.get()

    for what in ("seat", "name"):
        assert (
            till.get(f"/office/bookings/{one.booking_reference}/tickets/{ticket.pk}/{what}/").status_code
            == 404
        )


def signed_by_supervisor() -> dict[str, str]:
    """What a second person fills in on the clerk's screen."""
    boss = make_user(role=User.Role.SUPERVISOR, password=PASSWORD)
    return {"approver_name": boss.username, "approver_password": PASSWORD}


def test_a_cancellation_is_paid_out_of_the_till(till: StaffClient, schedule: Schedule) -> None:
    booking = sold(schedule, by=till, ago=timedelta(hours=2))  # past the grace: 25 % are kept
    address = f"/office/bookings/{booking.booking_reference}/cancel/"
    tickets = list(booking.tickets.values_list("pk", flat=True))

    quote = till.get(address)
    assert quote.context["view"].refund == Decimal(900)
    form = form_of(quote, quoted="900.00", tickets=tickets, tender="cash", reason="ill")
    alone = till.post(address, form)
    done = till.post(address, form | signed_by_supervisor())

    assert alone.status_code == 422
    assert "Cash refunds over R500 of one sale need the approval" in alone.content.decode()
    assert 'name="approver_name"' in alone.content.decode()
    assert done.status_code == 302
    assert re.findall(r"<(\w+)[^>]* autofocus", alone.content.decode()) == ["div"]  # why it was refused
    assert "Cancelled. Refund of R900: paid on " in till.get(done["Location"]).content.decode()
    refund = Refund.objects.get()
    assert (refund.status, refund.method, refund.amount) == ("paid", "cash", Decimal(900))
    assert violations(now=timezone.now()) == []


def test_a_reference_in_any_dress_is_cancelled_at_the_till(till: StaffClient, schedule: Schedule) -> None:
    booking = sold(schedule, by=till, ago=timedelta(hours=2))
    reference = booking.booking_reference
    address = f"/office/bookings/{reference[:4].lower()}-{reference[4:].lower()}/cancel/"
    tickets = list(booking.tickets.values_list("pk", flat=True))

    form = form_of(till.get(address), quoted="900.00", tickets=tickets, tender="cash", reason="ill")
    done = till.post(address, form | signed_by_supervisor())

    assert done["Location"] == f"/office/bookings/{reference}/?print=refunds"
    assert Refund.objects.get().status == "paid"


def test_the_counter_cancels_nobody_when_one_of_the_chosen_has_boarded(
    till: StaffClient, schedule: Schedule
) -> None:
    booking = sold(schedule, by=till)
    address = f"/office/bookings/{booking.booking_reference}/cancel/"
    tickets = list(booking.tickets.order_by("pk").values_list("pk", flat=True))
    form = form_of(till.get(address), quoted="1200.00", tickets=tickets, tender="cash", reason="ill")
    Ticket.objects.filter(pk=tickets[1]).update(status=Ticket.Status.BOARDED)

    for answer in (till.post(address, form), till.get(address, {"asked": 1, "tickets": tickets})):
        assert answer.status_code == 409
        assert "Sipho Mokoena (boarded)" in answer.content.decode()
    assert not Refund.objects.exists()


def test_a_waived_fee_wants_a_signature(till: StaffClient, schedule: Schedule, settings: Any) -> None:
    booking = sold(schedule, by=till, ago=timedelta(hours=2))
    make_user(role=User.Role.SUPERVISOR, username="boss", password=PASSWORD)
    address = f"/office/bookings/{booking.booking_reference}/cancel/"
    tickets = list(booking.tickets.values_list("pk", flat=True))
    data = {"quoted": "1200.00", "tickets": tickets, "tender": "cash", "waive": "1", "waiver": "death"}

    unsigned = till.post(address, data | {"submission": "one"})
    signature = {"approver_name": "boss", "approver_password": PASSWORD}
    signed = till.post(address, data | signature | {"submission": "two"})

    assert unsigned.status_code == 422
    assert signed.status_code == 302
    assert Refund.objects.get().amount == Decimal(1200)
    assert booking.events.filter(ticket=None).order_by("-pk")[0].approver.username == "boss"


def test_a_sale_is_voided_within_the_hour_and_later_the_way_is_shown(
    till: StaffClient, schedule: Schedule
) -> None:
    fresh, old = sold(schedule, "1A", by=till), sold(schedule, "1B", by=till, ago=timedelta(hours=2))

    page = till.get(f"/office/bookings/{fresh.booking_reference}/void/")
    done = till.post(
        f"/office/bookings/{fresh.booking_reference}/void/",
        form_of(page, reason="wrong day") | signed_by_supervisor(),
    )
    late = till.post(
        f"/office/bookings/{old.booking_reference}/void/",
        form_of(page, reason="wrong day") | {"submission": "x"},
    )

    assert done.status_code == 302
    assert Refund.objects.get().amount == Decimal(600)
    assert late.status_code == 409
    assert "Cancel and refund it instead" in late.content.decode()


def test_a_refund_that_waits_is_paid_out(till: StaffClient, schedule: Schedule) -> None:
    booking = sold(schedule, by=till)
    tickets = list(booking.tickets.values_list("pk", flat=True))
    reference = booking.booking_reference
    till.post(
        f"/office/bookings/{reference}/cancel/",
        {"quoted": "1200.00", "tickets": tickets, "submission": "one"},
    )
    refund = Refund.objects.get(status="owed")

    page = till.get(f"/office/bookings/{reference}/refunds/{refund.pk}/")
    assert '<option value="cash" selected>' in page.content.decode()
    alone = till.post(page.request["PATH_INFO"], form_of(page, tender="cash"))
    signed = form_of(page, tender="cash", reason="ill") | signed_by_supervisor()
    done = till.post(page.request["PATH_INFO"], signed)

    assert (alone.status_code, 'name="reason"' in alone.content.decode()) == (422, True)
    assert done.status_code == 302
    refund.refresh_from_db()
    assert refund.status == "paid"
    assert (
        till.post(f"/office/bookings/{sold(schedule).booking_reference}/refunds/{refund.pk}/", {}).status_code
        == 404
    )


def test_an_auditor_looks_and_changes_nothing(auditor: StaffClient, schedule: Schedule) -> None:
    booking = sold(schedule)

    page = auditor.get(f"/office/bookings/{booking.booking_reference}/")

    assert page.status_code == 200
    assert "exchange" not in page.content.decode()
    assert (
        auditor.post(f"/office/bookings/{booking.booking_reference}/note/", {"text": "x"}).status_code == 403
    )


def test_who_sits_where_and_what_is_kept_off_sale(dispatcher: StaffClient, schedule: Schedule) -> None:
    booking = sold(schedule)
    address = f"/office/departures/{schedule.pk}/seats/"
    form = {"seats": "2a, 2b", "reason": "crew rest", "submission": "one"}

    blocked = dispatcher.post(f"/office/departures/{schedule.pk}/block/", form)
    again = dispatcher.post(f"/office/departures/{schedule.pk}/block/", form)
    taken = dispatcher.post(
        f"/office/departures/{schedule.pk}/block/", form | {"seats": "1A", "submission": "two"}
    )
    page = dispatcher.get(address)

    assert blocked.url == again.url == address
    assert taken.status_code == 409
    shown = page.context["map"]
    assert {cell.label: cell.state for cell in shown.cells if cell.state != "free"} == {
        "1A": "taken",
        "1B": "taken",
        "2A": "blocked",
        "2B": "blocked",
    }
    assert [(cell.label, each.name, each.reference) for cell, each in shown.people] == [
        ("1A", "Ann Mokoena", booking.booking_reference),
        ("1B", "Sipho Mokoena", booking.booking_reference),
    ]
    block = SeatBlock.objects.first()
    assert (
        f"Yes, sell {block.seat.label} again"
        in dispatcher.get(f"{address}?release={block.pk}").content.decode()
    )
    elsewhere = dispatcher.post(f"/office/departures/{schedule.pk + 1}/blocks/{block.pk}/release/")
    dispatcher.post(f"/office/departures/{schedule.pk}/blocks/{block.pk}/release/")
    assert elsewhere.status_code == 404
    block.refresh_from_db()
    assert (block.released_at is not None, block.released_by) == (True, dispatcher.user)
    assert "Tebogo" in dispatcher.get(address).content.decode().partition("Put back on sale")[2]


def test_the_crew_s_seat_is_named_once(dispatcher: StaffClient, schedule: Schedule) -> None:
    Seat.objects.filter(layout=schedule.layout, label="1A").update(kind="crew", label="CREW")
    ticket = sold(schedule, "2A").tickets.get()
    pages = (
        f"departures/{schedule.pk}/seats/",
        f"bookings/{ticket.booking.booking_reference}/tickets/{ticket.pk}/seat/",
    )

    shown = [dispatcher.get(f"/office/{page}").content.decode() for page in pages]

    for page in shown:
        words = re.findall(r'title="([^"]*crew[^"]*)"', page)
        assert words == ["crew"]
    assert "CREW" not in shown[0]


@pytest.mark.parametrize("people", [1, 3])
def test_the_seat_map_asks_the_same_for_one_and_three(
    dispatcher: StaffClient, schedule: Schedule, people: int, django_assert_num_queries: Any
) -> None:
    for label in ("1A", "1B", "1C")[:people]:
        sold(schedule, label)

    with django_assert_num_queries(8):
        dispatcher.get(f"/office/departures/{schedule.pk}/seats/")


def test_no_ticket_is_left_without_a_seat_by_all_this(
    till: StaffClient, schedule: Schedule, later: Schedule
) -> None:
    booking = sold(schedule)
    one = booking.tickets.first()
    data = {
        "quoted": "200.00",
        "ride": segment_text(later),
        "tickets": [one.pk],
        "tender": "card",
        "slip": "S1",
        "submission": "one",
    }

    done = till.post(f"/office/bookings/{booking.booking_reference}/exchange/", data)

    assert done.url != f"/office/bookings/{booking.booking_reference}/"
    assert Ticket.objects.filter(status="valid").count() == 2
    assert violations(now=timezone.now()) == []


def test_focus_stands_where_work_goes_on(till: StaffClient, schedule: Schedule) -> None:
    """On each page of a change, and on the booking to which it leads back, without a script, too."""
    booking = sold(schedule)
    record, ticket = f"/office/bookings/{booking.booking_reference}/", booking.tickets.first()

    for path in (
        "",
        "cancel/",
        "void/",
        "exchange/",
        f"tickets/{ticket.pk}/name/",
        f"tickets/{ticket.pk}/seat/",
    ):
        assert " autofocus" in till.get(record + path).content.decode(), path


def test_a_mail_to_nobody_is_not_said_to_be_sent(clerk: StaffClient, schedule: Schedule) -> None:
    booking = sold(schedule)
    Order.objects.filter(pk=booking.order_id).update(email="")
    OutboxMessage.objects.filter(order=booking.order_id).update(sent_at=NOW)

    page = clerk.get(f"/office/bookings/{booking.booking_reference}/").content.decode()

    assert '<span class="badge badge-info">not sent: no e-mail address</span>' in page

    OutboxMessage.objects.filter(order=booking.order_id).update(sent_at=None)
    send_due()
    Order.objects.filter(pk=booking.order_id).update(email="ann@example.com")  # too late for that mail
    later = clerk.get(f"/office/bookings/{booking.booking_reference}/").content.decode()
    assert "not sent: no e-mail address" in later
