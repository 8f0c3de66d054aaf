"""Who waits for a full coach: the first party that fits is offered what comes free, for a while."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.base.errors import Conflict, Refusal
from bookings.domain.fares.prices import read_party
from bookings.domain.integrity.invariants import violations
from bookings.domain.messaging.mail.content import build_mail
from bookings.domain.privacy.retention import erase_old_data
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.wait_list import (
    WaitListRequest,
    confirm_entry,
    end_entries,
    get_entry,
    join_wait_list,
    leave_wait_list,
    offer_freed_seats,
    parties_waiting,
    take_offer,
    token_of,
)
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import Booking, Hold, OutboxMessage, Schedule, SeatClaim, WaitListEntry
from bookings.tests.make import NOW, make_booking, make_fare_classes, make_passenger_types, make_schedule

pytestmark = [pytest.mark.django_db, pytest.mark.database]
WAY = ("johannesburg", "cape-town")


@pytest.fixture
def coach() -> Schedule:
    make_passenger_types()
    make_fare_classes()
    return make_schedule(seats=4)


def fill(schedule: Schedule, count: int = 4) -> list[Booking]:
    return [make_booking(schedule=schedule, email=f"b{number}@x.example") for number in range(count)]


def wait(
    schedule: Schedule, size: int = 1, *, email: str = "w@x.example", now: datetime = NOW
) -> WaitListEntry:
    request = WaitListRequest(email, [SegmentRef(schedule.pk, *WAY)], read_party(size, {}))
    pk = join_wait_list(request, submission=f"{email} {size}", now=now)
    confirm_entry(pk, now=now)
    return WaitListEntry.objects.get(pk=pk)


def cancel(booking: Booking, *, now: datetime = NOW) -> None:
    cancel_booking(
        CancellationRequest(booking.booking_reference),
        submission=booking.booking_reference,
        content="",
        now=now,
    )


def offered(entry: WaitListEntry, *, now: datetime = NOW) -> bool:
    return WaitListEntry.objects.select_related("offer").get(pk=entry.pk).is_offered(now)


def test_a_cancelled_seat_goes_to_the_first_that_it_fits_and_to_nobody_twice(coach: Schedule) -> None:
    sold = fill(coach)
    couple, single, last = wait(coach, 2), wait(coach, email="s@x.example"), wait(coach, email="l@x.example")

    cancel(sold[0])
    assert [offered(entry) for entry in (couple, single, last)] == [False, True, False]
    assert parties_waiting(coach.pk) == 3
    cancel(sold[1])  # with the seat of the offer there are not two beside each other yet
    assert [offered(entry) for entry in (couple, single, last)] == [False, True, True]
    cancel(sold[2])
    cancel(sold[3])

    assert [offered(entry) for entry in (couple, single, last)] == [True, True, True]
    assert SeatClaim.objects.filter(schedule=coach, kind="held").values("seat").distinct().count() == 4
    assert OutboxMessage.objects.filter(kind="seat_offer").count() == 3
    assert [found for found in violations(now=NOW) if found.rule != "a confirmed order has its mail"] == []


def test_who_has_not_confirmed_has_left_or_booked_is_offered_nothing(coach: Schedule) -> None:
    sold = fill(coach)
    entries = [wait(coach, email=f"{name}@x.example") for name in ("a", "b", "c")]
    WaitListEntry.objects.filter(pk=entries[0].pk).update(confirmed_at=None)
    leave_wait_list(entries[1].pk, now=NOW)

    cancel(sold[0])

    assert [offered(entry) for entry in entries] == [False, False, True]


@pytest.mark.parametrize(
    ("before", "minutes"),
    [
        (timedelta(hours=30), 30),
        (timedelta(hours=6), 30),
        (timedelta(hours=6) - timedelta(seconds=1), 10),
        (timedelta(hours=1), 10),
        (timedelta(hours=1) - timedelta(seconds=1), 0),
    ],
)
def test_the_time_of_an_offer_depends_on_how_soon_the_coach_leaves(
    coach: Schedule, before: timedelta, minutes: int
) -> None:
    entry = wait(coach)
    day = coach.departure_time.replace(hour=14)
    Schedule.objects.filter(pk=coach.pk).update(departure_time=day)
    now = day - before
    if not 4 <= now.hour < 20:
        now = now.replace(hour=12)

    assert offer_freed_seats([coach.pk], now=now) == (minutes > 0)
    if minutes:
        assert Hold.objects.get().expires_at - now == timedelta(minutes=minutes)
    assert offered(entry, now=now) is (minutes > 0)


def test_nobody_is_offered_anything_at_night(coach: Schedule) -> None:
    wait(coach)
    for hour in (20, 22, 2, 3):  # in UTC: 22:00, 00:00, 04:00 and 05:00 at home
        assert offer_freed_seats([coach.pk], now=NOW.replace(hour=hour, minute=30)) == 0
    assert offer_freed_seats([coach.pk], now=NOW.replace(hour=19, minute=59)) == 1


def test_an_offer_that_lapses_is_on_sale_and_the_party_waits_for_one_more(coach: Schedule) -> None:
    entry = wait(coach)
    offer_freed_seats([coach.pk], now=NOW)
    later = NOW + timedelta(minutes=31)
    expire_unpaid(now=later)

    assert not SeatClaim.objects.filter(kind="held").exists()
    assert not offered(entry, now=later)
    with pytest.raises(Conflict, match="run out"):
        take_offer(entry.pk, owner="visitor", now=later)
    assert offer_freed_seats([coach.pk], now=later) == 1
    end_entries(now=later + timedelta(minutes=31))
    assert WaitListEntry.objects.get().end == "silent"
    assert offer_freed_seats([coach.pk], now=later + timedelta(minutes=32)) == 0


def test_leaving_gives_the_seats_of_the_offer_back(coach: Schedule) -> None:
    entry = wait(coach)
    offer_freed_seats([coach.pk], now=NOW)

    leave_wait_list(entry.pk, now=NOW)

    assert not SeatClaim.objects.exists()
    assert WaitListEntry.objects.get().end == "left"


def test_joining_twice_is_once_and_an_address_is_on_so_many_lists(coach: Schedule) -> None:
    request = WaitListRequest("w@x.example", [SegmentRef(coach.pk, *WAY)] * 2, read_party(1, {}))
    first = join_wait_list(request, submission="a", now=NOW)
    assert join_wait_list(request, submission="a", now=NOW) == first
    assert WaitListEntry.objects.get().trips.count() == 1
    for number in range(4):
        join_wait_list(request, submission=f"b{number}", now=NOW)
    with pytest.raises(Refusal, match="enough wait lists"):
        join_wait_list(request, submission="c", now=NOW)
    Schedule.objects.update(status="departed")
    with pytest.raises(Refusal, match="no longer on sale"):
        join_wait_list(
            WaitListRequest("v@x.example", request.segments, request.party), submission="d", now=NOW
        )


def test_what_is_over_is_closed_and_its_address_deleted_a_month_later(coach: Schedule) -> None:
    wait(coach)
    gone = coach.departure_time + timedelta(minutes=1)

    assert end_entries(now=gone) == 1
    assert erase_old_data(now=gone + timedelta(days=30))["wait lists"] == 0
    assert erase_old_data(now=gone + timedelta(days=32))["wait lists"] == 1
    assert not OutboxMessage.objects.exclude(recipient="").exists()


def test_from_a_full_coach_to_a_ticket_by_the_links_of_the_mails(client: Client, coach: Schedule) -> None:
    now = timezone.now()
    departs = (now + timedelta(days=3)).replace(hour=12)
    Schedule.objects.filter(pk=coach.pk).update(departure_time=departs)
    coach.refresh_from_db()
    sold = fill(coach)
    page = client.get(f"/departures/{coach.pk}/?from=johannesburg&to=cape-town&passengers=1").content.decode()
    address = f"/departures/{coach.pk}/wait-list/?from=johannesburg&to=cape-town&passengers=1"
    assert address.replace("&", "&amp;") in page
    form = client.get(address).context["form"]
    fields: dict[str, Any] = {
        "departures": form.initial["departures"],
        "submission": form.initial["submission"],
    }
    assert client.post(address, fields | {"email": "nobody"}).status_code == 422
    assert b"Press its button" in client.post(address, fields | {"email": "w@x.example"}).content

    def link(kind: str) -> str:
        mail = build_mail(OutboxMessage.objects.get(kind=kind), now=timezone.now())
        assert mail is not None
        assert mail.to == ["w@x.example"]
        return "/wait-list/" + mail.body.split("/wait-list/")[1].split()[0]

    entry = link("wait_list")
    assert b"Confirm your place" in client.get(entry).content
    assert WaitListEntry.objects.get().confirmed_at is None
    assert b"You are on the wait list" in client.post(entry, {"action": "confirm"}, follow=True).content
    daytime = now.replace(hour=12)
    cancel(sold[0], now=daytime)
    offer = Hold.objects.get()
    Hold.objects.update(expires_at=timezone.now() + timedelta(minutes=20))
    SeatClaim.objects.filter(kind="held").update(expires_at=timezone.now() + timedelta(minutes=20))

    assert link("seat_offer") == entry
    assert b"Book these seats" in client.get(entry).content
    taken = client.post(entry, {"action": "take"})
    assert taken["Location"] == f"/checkout/{offer.token}/"
    checkout = client.get(taken["Location"])
    assert checkout.status_code == 200
    assert 'value="w@x.example"' in checkout.content.decode()
    assert client.get("/wait-list/AAAAAAAAAAAAAAAAAAAAAA/").status_code == 404
    assert token_of(get_entry(entry.split("/")[2])) == entry.split("/")[2]
