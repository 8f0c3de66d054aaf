"""What a delay does: who is told, what waits for the coach, and what stays as it was."""

import json
from contextlib import nullcontext
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from bookings.base.errors import Conflict
from bookings.domain.boarding.check_in import Scan, check_in
from bookings.domain.boarding.closing import close_boarding
from bookings.domain.boarding.departure_status import depart
from bookings.domain.boarding.manifest import manifest
from bookings.domain.disruptions.times import Delay, StopChange
from bookings.domain.fares.prices import read_party
from bookings.domain.integrity.invariants import violations
from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.messaging.webhooks.payload import event_body
from bookings.domain.network.places import get_place
from bookings.domain.operations.time_changes import change_stop, report_delay
from bookings.domain.partners.webhooks import add_webhook
from bookings.domain.sales.booking_page import booking_page
from bookings.domain.sales.cancellations import can_cancel, cancellation_quote
from bookings.domain.search.boards import departure_board
from bookings.domain.search.departures import schedule_detail
from bookings.domain.search.offers import Search, results
from bookings.domain.tickets.calendar import calendar_file
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import Booking, BookingEvent, OutboxMessage, Schedule, StaffTask, User
from bookings.tests.domain.boarding.door import sell, ticket_of
from bookings.tests.make import NOW, make_partner, make_schedule, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.database]
MINUTE = timedelta(minutes=1)
LEAVES = NOW + 2 * timedelta(hours=1)  # Johannesburg 12:00, Bloemfontein 14:00, Cape Town 16:00


@pytest.fixture
def tebogo() -> User:
    return make_user(role=User.Role.DISPATCHER)


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule(departs=LEAVES)


def tell(
    schedule: Schedule, actor: User, position: int, late: int | None, now: datetime = NOW, **more: Any
) -> None:
    delay = Delay(position, late, **more)
    report_delay(schedule.pk, delay, actor=actor, submission=f"{position} {late} {now:%d %H:%M}", now=now)


def mails(booking: Booking) -> list[str]:
    rows = OutboxMessage.objects.filter(kind="times_changed", about_id=booking.pk)
    return [build_mail(row, now=NOW).subject for row in rows.order_by("pk")]


def sent(now: datetime = NOW) -> None:
    OutboxMessage.objects.filter(kind="times_changed").update(sent_at=now)


def test_passengers_are_mailed_at_15_minutes_and_each_further_30(schedule: Schedule, tebogo: User) -> None:
    early, late = sell(schedule), sell(schedule, "Sipho Dube", first=1)
    counts = []
    for number, minutes in enumerate([10, 14, 15, 44, 45, 74, 75, 60, 0]):
        tell(schedule, tebogo, 1, minutes, NOW + number * MINUTE)
        sent()
        counts.append(OutboxMessage.objects.filter(kind="times_changed", about_id=late.pk).count())

    assert counts == [0, 0, 1, 1, 2, 2, 3, 4, 5]
    # Who gets on before hears of it as well: they arrive late, and are written to by their own boarding time
    assert mails(early) == []
    assert violations(now=NOW) == []


def test_an_unsent_mail_gives_way_to_the_newer_one(schedule: Schedule, tebogo: User) -> None:
    booking = sell(schedule, first=1)
    tell(schedule, tebogo, 1, 20)
    tell(schedule, tebogo, 1, 90, NOW + MINUTE, reason="traffic")

    (message,) = OutboxMessage.objects.filter(kind="times_changed")
    mail = build_mail(message, now=NOW)
    assert f"({booking.booking_reference})" in mail.subject
    for body in (mail.body, mail.alternatives[0].content):
        assert "expected 15:30" in body
        assert "heavy traffic" in body
    sent()
    tell(schedule, tebogo, 1, 0, NOW + 2 * MINUTE)
    assert "runs as planned again" in mails(booking)[-1]


def test_who_has_got_off_hears_nothing(schedule: Schedule, tebogo: User) -> None:
    short, through = sell(schedule, last=1), sell(schedule, "Sipho Dube")
    for booking in (short, through):
        check_in(
            schedule.pk,
            Scan(ticket_of(booking).code, 0, booking.booking_reference),
            actor=tebogo,
            now=LEAVES - 20 * MINUTE,
        )
    depart(schedule.pk, actor=tebogo, submission="left", now=LEAVES)
    depart(schedule.pk, actor=tebogo, submission="left 1", position=1, now=LEAVES + 2 * timedelta(hours=1))
    tell(schedule, tebogo, 2, 30, LEAVES + 2 * timedelta(hours=1))

    assert [len(mails(booking)) for booking in (short, through)] == [0, 1]
    with pytest.raises(Conflict):
        tell(schedule, tebogo, 1, 30, LEAVES + 3 * timedelta(hours=1))


def test_history_calendar_and_partner_say_it(schedule: Schedule, tebogo: User) -> None:
    booking, partner = sell(schedule, first=1), make_partner()
    booking.order.partner, booking.order.channel = partner, "api"
    booking.order.save()
    add_webhook(partner, url="https://hook.example/", events=["booking.times_changed"], now=NOW)
    before = calendar_file(booking)
    tell(schedule, tebogo, 1, 45, reason="border")

    event = BookingEvent.objects.filter(booking=booking).latest("pk")
    assert "expected 14:45" in event.reason
    assert "(border or police check)" in event.reason
    after = calendar_file(booking)
    assert b"T140000" in before
    assert b"T144500" in after
    assert sequence(after) == sequence(before) + 1
    body = json.loads(event_body(OutboxMessage.objects.get(kind="webhook")))
    assert body["type"] == "booking.times_changed"
    assert body["data"]["origin"]["time"].endswith("T14:00:00+02:00")
    assert body["data"]["origin"]["expected_time"].endswith("T14:45:00+02:00")
    assert [ticket["first_name"] for ticket in body["data"]["tickets"]] == ["Thandi"]


def sequence(file: bytes) -> int:
    return int(file.split(b"SEQUENCE:")[1].split()[0])


def test_a_skipped_stop_is_a_task_that_names_its_passengers(schedule: Schedule, tebogo: User) -> None:
    on, off, through = (
        sell(schedule, first=1),
        sell(schedule, "Sipho Dube", last=1),
        sell(schedule, "Ayanda Moyo"),
    )
    change_stop(schedule.pk, StopChange(1, True), actor=tebogo, submission="skip", now=NOW)

    task = StaffTask.objects.get(kind="stop_skipped")
    assert all(booking.booking_reference in task.detail for booking in (on, off))
    assert through.booking_reference not in task.detail
    assert [len(mails(booking)) for booking in (on, off, through)] == [1, 1, 0]
    for ref in (
        SegmentRef(schedule.pk, "bloemfontein", "cape-town"),
        SegmentRef(schedule.pk, "johannesburg", "bloemfontein"),
    ):
        assert not get_segment(ref).is_on_sale(NOW)
    assert get_segment(SegmentRef(schedule.pk, "johannesburg", "cape-town")).is_on_sale(NOW)
    assert not found("bloemfontein", "cape-town", NOW)

    scan = Scan(ticket_of(on).code, 1, "scan")
    assert check_in(schedule.pk, scan, actor=tebogo, now=NOW + 90 * MINUTE).reason.startswith(
        "The coach does not stop at Bloemfontein"
    )
    for position, refused in ((0, False), (1, True)):  # nobody who waits there becomes a no-show
        with pytest.raises(Conflict, match="does not stop") if refused else nullcontext():
            after = LEAVES + position * timedelta(hours=2)
            close_boarding(schedule.pk, position, actor=tebogo, submission=f"close {position}", now=after)

    change_stop(schedule.pk, StopChange(1, False), actor=tebogo, submission="serve", now=NOW + MINUTE)
    assert StaffTask.objects.get(kind="stop_skipped").done_at == NOW + MINUTE
    assert found("bloemfontein", "cape-town", NOW)


def found(
    origin: str, destination: str, now: datetime, day: date | None = None
) -> list[tuple[str, str, str]]:
    search = Search(get_place(origin), get_place(destination), day or now.date(), read_party(1, {}))
    return [
        (offer.departs, offer.departs_note, offer.day_label if offer.shows_day else "")
        for offer in results(search, now=now).offers
    ]


def test_a_late_coach_is_sold_and_listed_until_it_is_expected_to_leave(tebogo: User) -> None:
    planned = datetime(2026, 12, 1, 21, 50, tzinfo=NOW.tzinfo)  # Tue 23:50
    schedule = make_schedule(departs=planned)
    tell(schedule, tebogo, 0, 45)
    after_midnight = planned + 20 * MINUTE

    segment = get_segment(SegmentRef(schedule.pk, "johannesburg", "cape-town"))
    assert segment.is_on_sale(after_midnight)
    assert not segment.is_on_sale(planned + 30 * MINUTE)  # 15 minutes before Wed 00:35
    listed = [("23:50", "expected Wed 00:35", "Tue 1 Dec")]
    for day in (date(2026, 12, 1), date(2026, 12, 2)):  # its planned day, and the one that has begun
        assert found("johannesburg", "cape-town", after_midnight, day) == listed
    assert found("johannesburg", "cape-town", after_midnight, date(2026, 12, 3)) == []
    rows = departure_board(get_place("johannesburg"), now=planned + 40 * MINUTE).rows
    assert [(row.departs, row.departs_note) for row in rows] == [("23:50", "expected Wed 00:35")]
    assert departure_board(get_place("johannesburg"), now=planned + 46 * MINUTE).rows == ()


def test_refunds_and_boarding_wait_for_the_coach(schedule: Schedule, tebogo: User) -> None:
    booking = sell(schedule)
    ticket = ticket_of(booking)
    tell(schedule, tebogo, 0, 90)
    tell(schedule, tebogo, 0, 30, NOW + MINUTE)
    booking.refresh_from_db()

    assert can_cancel(booking, LEAVES + 20 * MINUTE)
    assert not can_cancel(booking, LEAVES + 30 * MINUTE)
    on_time = booking_page(booking.booking_reference, now=LEAVES - 60 * MINUTE).parts[0].quote
    assert on_time == cancellation_quote(booking, now=LEAVES - 60 * MINUTE)
    stop = manifest(schedule.pk, now=NOW + 2 * MINUTE).stops[0]
    assert (stop.departs, stop.closes) == ("12:30", "13:20")  # as somebody was told 13:30
    with pytest.raises(Conflict, match="Boarding is open until 13:20"):
        depart(schedule.pk, actor=tebogo, submission="early", now=LEAVES + 40 * MINUTE)
    scan = Scan(ticket.code, 0, "scan")
    assert check_in(schedule.pk, scan, actor=tebogo, now=LEAVES + 70 * MINUTE).outcome == "boarded"


def test_a_delay_from_a_stop_on_leaves_those_before_it_as_they_were(schedule: Schedule, tebogo: User) -> None:
    before = departure_board(get_place("johannesburg"), now=NOW).rows
    stops = [(stop.arrives, stop.departs) for stop in manifest(schedule.pk, now=NOW).stops]
    tell(schedule, tebogo, 2, 40)

    assert departure_board(get_place("johannesburg"), now=NOW).rows == before
    assert departure_board(get_place("bloemfontein"), now=NOW).rows[0].departs_note == ""
    after = [(stop.arrives, stop.departs) for stop in manifest(schedule.pk, now=NOW).stops]
    assert after[:2] == stops[:2]
    assert after[2] == ("16:40", "")
    segment = get_segment(SegmentRef(schedule.pk, "johannesburg", "cape-town"))
    calls = schedule_detail(segment, now=NOW).calls  # as the API gives them
    assert [call.expected_arrives == call.arrives for call in calls] == [True, True, False]
    assert (segment.origin.expected_time, segment.destination.expected_time) == (
        segment.origin.time,
        calls[2].expected_arrives,
    )
    assert manifest(schedule.pk, now=NOW).stops[2].planned == ("16:00", "expected 16:40")
