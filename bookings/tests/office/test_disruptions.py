"""The disruption desk: from the seats of a departure to a case that is closed."""

import re
from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest

from bookings.domain.disruptions.cases import close_case
from bookings.models import Disruption, LuggageSpace, Order, Refund, Schedule, TextMessage, Ticket, User
from bookings.tests.domain.disruptions.cancelled_coach import confirmed, draft, two_departures
from bookings.tests.domain.messaging.texts.text_facts import give_contact
from bookings.tests.make import NOW, make_booking, make_layout, make_route, make_schedule, make_user
from bookings.tests.office.conftest import StaffClient, sign_in
from bookings.tests.pdf_reader import pages_of

pytestmark = pytest.mark.django_db


def test_a_dispatcher_opens_looks_and_confirms(dispatcher: StaffClient) -> None:
    first, later = two_departures()
    make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    seats = dispatcher.get(f"/office/departures/{first.pk}/seats/")
    assert f"/office/departures/{first.pk}/disruption/" in seats.content.decode()
    form = {"kind": "cancel", "reason": "weather", "text": "Snow.", "submission": "s1"}
    opened = dispatcher.post(f"/office/departures/{first.pk}/disruption/", form)
    case = Disruption.objects.get()
    assert opened.url == f"/office/disruptions/{case.pk}/"
    plan = dispatcher.get(opened.url).content.decode()
    assert "Ann Lee" in plan
    assert "Snow." in plan
    assert "R1 200" in re.sub(r"\s", " ", plan)
    done = dispatcher.post(f"{opened.url}confirm/", {"version": 1, "submission": "c"}, follow=True)
    assert "Everybody is being told" in done.content.decode()
    assert Ticket.objects.filter(schedule=later).count() == 2
    assert f"/office/disruptions/{case.pk}/" in dispatcher.get("/office/disruptions/").content.decode()


def test_bad_input_gets_a_message_and_loses_nothing_typed(dispatcher: StaffClient) -> None:
    first, _later = two_departures()
    form = {"kind": "cancel", "reason": "", "text": "Snow on the pass.", "submission": "s1"}
    page = dispatcher.post(f"/office/departures/{first.pk}/disruption/", form)
    assert page.status_code == 422
    assert "Snow on the pass." in page.content.decode()
    assert not Disruption.objects.exists()


def test_a_plan_that_is_not_up_to_date_is_shown_anew(dispatcher: StaffClient) -> None:
    first, later = two_departures(later_seats=2)
    make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    case = draft(first)
    make_booking(schedule=later)
    Schedule.objects.filter(pk=later.pk).update(revision=9)
    page = dispatcher.post(f"/office/disruptions/{case.pk}/confirm/", {"version": 1, "submission": "c"})
    assert page.status_code == 409
    assert "plan was updated" in page.content.decode()
    assert 'name="version" value="2"' in page.content.decode()


def test_who_has_no_mailbox_stands_on_the_list_of_calls(dispatcher: StaffClient) -> None:
    first, _later = two_departures(later_seats=1)
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    booking.order.email, booking.order.channel = "", "counter"
    booking.order.save()
    case = confirmed(first)
    page = dispatcher.get(f"/office/disruptions/{case.pk}/")
    assert [row.phone for row in page.context["unreached"]] == ["+27821234567"] * 2
    assert "no e-mail: call" in page.content.decode()


def test_staff_decide_for_a_passenger_on_the_telephone(dispatcher: StaffClient) -> None:
    first, _later = two_departures(later_seats=1)
    third = make_schedule(route=first.route, departs=NOW + timedelta(days=4))
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    waiting = make_booking(schedule=first, names=("Cy Roe",) * 3, email="cy@example.com")
    Schedule.objects.filter(pk=third.pk).update(is_active=False)
    case = confirmed(first)
    Schedule.objects.filter(pk=third.pk).update(is_active=True)
    address = f"/office/disruptions/{case.pk}/bookings/{booking.booking_reference}/"
    page = dispatcher.get(address)
    (other,) = page.context["party"].others
    form = {"choice": "other", "to": other.ref, "submission": "x"}
    assert dispatcher.post(address, form).status_code == 302
    assert booking.tickets.filter(schedule=third, seat__isnull=False).count() == 2
    address = f"/office/disruptions/{case.pk}/bookings/{waiting.booking_reference}/"
    assert dispatcher.post(address, {"choice": "accepted", "submission": "y"}).status_code == 409
    assert dispatcher.post(address, {"choice": "refund", "submission": "z"}).status_code == 302
    assert Refund.objects.get().amount == 1800
    line = case.lines.filter(ticket__booking=waiting)[0]
    assert (line.choice, line.chosen_by, line.actor.role) == ("refund", "staff", User.Role.DISPATCHER)
    closed = dispatcher.post(f"/office/disruptions/{case.pk}/close/", follow=True)
    assert "The case is closed" in closed.content.decode()


def test_a_supervisor_confirms_what_a_dispatcher_proposed(dispatcher: StaffClient) -> None:
    first, _later = two_departures()
    make_booking(schedule=first, names=("Ann Lee", "Ben Lee"), fare=3000)
    case = draft(first)
    address = f"/office/disruptions/{case.pk}/confirm/"
    page = dispatcher.post(address, {"version": 1, "submission": "c"}, follow=True)
    assert "a supervisor or manager has to confirm" in page.content.decode()
    other = sign_in(make_user(role=User.Role.SUPERVISOR))
    other.post(address, {"version": 1, "submission": "d"})
    case.refresh_from_db()
    assert (case.status, case.approver and case.approver.role) == ("confirmed", User.Role.SUPERVISOR)


def test_clerks_look_and_do_not_decide(clerk: StaffClient) -> None:
    first, _later = two_departures()
    make_booking(schedule=first)
    case = draft(first)
    assert clerk.get(f"/office/disruptions/{case.pk}/").status_code == 200
    assert clerk.post(f"/office/disruptions/{case.pk}/confirm/", {"version": 1}).status_code == 403


def test_the_evidence_says_what_was_offered_delivered_and_answered(dispatcher: StaffClient) -> None:
    first, _later = two_departures()
    make_booking(schedule=first, names=("Ann Lee", "=cmd"))
    case = confirmed(first)
    file = dispatcher.get(f"/office/disruptions/{case.pk}/evidence.zip")
    bundle = ZipFile(BytesIO(file.content))
    assert set(bundle.namelist()) == {
        "evidence.pdf",
        *(f"{name}.csv" for name in ("case", "offers", "messages", "refunds", "history")),
    }
    assert bundle.read("evidence.pdf").startswith(b"%PDF")
    document = dispatcher.get(f"/office/disruptions/{case.pk}/evidence.pdf")
    text = " ".join(pages_of(document.content))
    assert "Ann Lee" in text
    assert "thandi@example.com" in text
    offers = bundle.read("offers.csv").decode()
    assert "Ann Lee" in offers
    assert "'=cmd" in offers
    assert "thandi@example.com" in bundle.read("messages.csv").decode()
    assert "on_sale,cancelled" in bundle.read("history.csv").decode()


def test_a_swap_is_planned_with_every_move_explained(dispatcher: StaffClient) -> None:
    schedule = make_schedule(seats=12)
    make_booking(schedule=schedule, names=("Ann Lee",) * 8, fare=100)
    make_booking(schedule=schedule, names=("Ben Roe", "Cy Roe"), fare=100, now=NOW + timedelta(minutes=1))
    address = f"/office/departures/{schedule.pk}/disruption/"
    form = {"kind": "swap_coach", "reason": "no_coach", "submission": "s"}
    refused = dispatcher.post(address, form)
    assert refused.status_code == 422
    assert "Choose another coach for a swap" in refused.content.decode()
    opened = dispatcher.post(address, form | {"layout": make_layout(seats=9).pk})
    page = dispatcher.get(opened.url)
    assert [row.outcome for row in page.context["rows"]][:2] == ["waits", "waits"]
    assert dict(page.context["summary"])["of them in the same seat"] == 8


def test_a_cancelled_departure_is_offered_to_run_again(dispatcher: StaffClient) -> None:
    first, _later = two_departures()
    booking = make_booking(schedule=first)
    case = confirmed(first)
    assert "It runs after all" in dispatcher.get(f"/office/disruptions/{case.pk}/").content.decode()
    form = {"kind": "reinstate", "reason": "other", "submission": "s"}
    opened = dispatcher.post(f"/office/departures/{first.pk}/disruption/", form)
    dispatcher.post(f"{opened.url}confirm/", {"version": 1, "submission": "undo"})
    assert booking.tickets.get().schedule == first


def test_a_closed_road_opens_one_case_about_all_who_pass(dispatcher: StaffClient) -> None:
    route = make_route("Johannesburg", "Beaufort West", "Cape Town")
    schedules = [make_schedule(route=route, departs=NOW + timedelta(days=1, hours=n)) for n in (2, 3)]
    make_booking(schedule=schedules[0], names=("Ann Lee", "Ben Lee"))
    window = {"city": "beaufort-west", "start": "2026-12-02T12:00", "end": "2026-12-02T16:00"}
    page = dispatcher.get("/office/disruptions/passing/", window)
    assert "2 passengers" in page.content.decode()
    ids = [schedule.pk for schedule in schedules]
    asked = dispatcher.post("/office/disruptions/passing/", {"schedules": ids})
    assert asked.status_code == 200
    form = {"schedules": ids, "kind": "cancel", "reason": "road_closed", "submission": "s"}
    opened = dispatcher.post("/office/disruptions/passing/", form)
    case = Disruption.objects.get()
    assert opened.url == f"/office/disruptions/{case.pk}/"
    assert case.schedules.filter(is_target=False).count() == 2


def test_a_time_that_makes_no_sense_says_so(dispatcher: StaffClient) -> None:
    make_route()
    window = {"city": "johannesburg", "start": "2026-12-02T12:00", "end": "2026-12-02T11:00"}
    page = dispatcher.get("/office/disruptions/passing/", window)
    assert page.status_code == 422
    assert "at most three days" in page.content.decode()


def test_the_desk_asks_first_what_has_happened(dispatcher: StaffClient) -> None:
    first, _later = two_departures()
    booking = make_booking(schedule=first, first=1)
    address = f"/office/departures/{first.pk}/disruption/"
    page = dispatcher.get(address)
    assert [name for _link, name, _text in page.context["kinds"]][:3] == [
        "It is late",
        "It does not run",
        "It leaves at another time",
    ]
    retime = dispatcher.get(f"{address}?kind=retime").content.decode()
    assert 'value="2026-12-04T10:00"' in retime
    form = {"kind": "retime", "departs_at": "2026-12-04T12:30", "reason": "other", "submission": "s"}
    opened = dispatcher.post(address, form)
    plan = dispatcher.get(opened.url).content.decode()
    assert "leaves at Fri 4 Dec 2026, 14:30" in plan  # at the passenger's stop
    dispatcher.post(f"{opened.url}confirm/", {"version": 1, "submission": "c"})
    booking.refresh_from_db()
    assert booking.schedule != first


def test_a_stop_with_passengers_is_skipped_by_the_desk(dispatcher: StaffClient) -> None:
    first, _later = two_departures()
    make_booking(schedule=first, first=1)
    skip = {"stop": 1, "skipped": "1", "submission": "skip"}
    asked = dispatcher.post(f"/office/departures/{first.pk}/times/skip/", skip)
    assert asked.url == f"/office/departures/{first.pk}/disruption/?kind=skip_stop&position=1"
    page = dispatcher.get(asked.url).content.decode()
    assert '<option value="1" selected' in page


def test_a_border_closed_until_further_notice_and_the_list_of_an_incident(
    dispatcher: StaffClient, clerk: StaffClient
) -> None:
    schedule = make_schedule(departs=NOW + timedelta(hours=2))
    make_booking(schedule=schedule, names=("Ann Lee",))
    window = {"city": "johannesburg", "start": "2026-12-01T10:30", "end": "2026-12-01T13:00"}
    listed = dispatcher.get("/office/disruptions/passing/", window).content.decode()
    assert "Closed until further notice" in listed
    chosen = {
        "schedules": [schedule.pk],
        "city": "johannesburg",
        "since": "2026-12-01T10:30",
        "kind": "closure",
    }
    form = dispatcher.post("/office/disruptions/passing/", chosen).content.decode()
    assert 'name="since" value="2026-12-01T10:30"' in form
    sent = chosen | {"reason": "border_closed", "submission": "s"}
    opened = dispatcher.post("/office/disruptions/passing/", sent)
    dispatcher.post(f"{opened.url}confirm/", {"version": 1, "submission": "c"})
    page = dispatcher.get(opened.url).content.decode()
    assert "It is open again" in page
    schedule.refresh_from_db()
    assert schedule.status == Schedule.Status.CLOSED
    form = {"kind": "incident", "reason": "accident", "submission": "i"}
    incident = dispatcher.post(f"/office/departures/{schedule.pk}/disruption/", form).url
    dispatcher.post(f"{incident}confirm/", {"version": 1, "submission": "i"})
    assert "Show who is on board" in dispatcher.get(incident).content.decode()
    assert "Ann Lee" in dispatcher.post(f"{incident}on-board/").content.decode()
    assert clerk.post(f"{incident}on-board/").status_code == 403


def test_a_swap_warns_of_luggage_for_which_there_is_no_room(dispatcher: StaffClient) -> None:
    schedule, smaller = make_schedule(), make_layout(seats=8)
    LuggageSpace.objects.create(layout=smaller, pieces=1)
    booking = make_booking(schedule=schedule, names=("Ann Lee",))
    booking.tickets.update(extra_luggage=2)
    case = draft(schedule, kind="swap_coach", reason="no_coach", layout_id=smaller.pk)
    page = dispatcher.get(f"/office/disruptions/{case.pk}/").content.decode()
    assert "no room for 1 piece of extra luggage" in page


def test_who_was_not_reached_is_called_or_sent_an_sms(dispatcher: StaffClient, settings: Any) -> None:
    texts = "bookings.domain.messaging.texts.demo"
    settings.TEXT_PROVIDERS = {"whatsapp": f"{texts}.DemoWhatsAppProvider", "sms": f"{texts}.DemoProvider"}
    first, _later = two_departures()
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"))
    give_contact(booking, passenger=1, phone="+27831234567")
    Order.objects.filter(pk=booking.order_id).update(email="", phone="", channel="counter")
    case = confirmed(first)
    TextMessage.objects.update(state="failed")
    address = f"/office/disruptions/{case.pk}/"
    page = dispatcher.get(address).content.decode()
    assert "WhatsApp failed" in page
    assert 'href="tel:+27831234567"' in page
    ann, ben = case.lines.order_by("ticket_id")
    refused = dispatcher.post(f"{address}passengers/{ann.pk}/", {"by": "sms"})
    assert "Please call." in refused.content.decode()
    for _press in range(2):
        dispatcher.post(f"{address}passengers/{ann.pk}/", {"by": "call"})
        dispatcher.post(f"{address}passengers/{ben.pk}/", {"by": "sms"})
    made = TextMessage.objects.exclude(channel="whatsapp").order_by("channel")
    assert list(made.values_list("channel", "state", "to")) == [
        ("call", "delivered", ""),
        ("sms", "queued", "+27831234567"),
    ]
    TextMessage.objects.filter(channel="sms").update(state="read")
    page = dispatcher.get(address).content.decode()
    assert "Not reached: call" not in page
    assert "SMS read" in page
    close_case(case.pk)
    assert dispatcher.post(f"{address}passengers/{ann.pk}/", {"by": "call"}).status_code == 404
