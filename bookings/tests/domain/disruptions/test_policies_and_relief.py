"""What laws give besides, the relief coach, and who passes a closed road."""

from datetime import timedelta

import pytest

from bookings.base.errors import Refusal
from bookings.domain.disruptions.cases import confirm_case
from bookings.domain.disruptions.passing import departures_passing
from bookings.domain.sales.reaccommodation import take_seats_away
from bookings.models import Booking, DisruptionPolicy, Schedule, Ticket
from bookings.tests.domain.boarding.door import stand_by
from bookings.tests.domain.disruptions.cancelled_coach import draft, two_departures, wrong
from bookings.tests.make import NOW, make_booking, make_layout, make_route, make_schedule

pytestmark = pytest.mark.django_db


def policy(code: str, **rules: object) -> None:
    facts = {"name": code, "kinds": ["cancel"], "entitlements": ["food", "hotel"]}
    DisruptionPolicy.objects.update_or_create(code=code, defaults=facts | rules)


def due(schedule: Schedule, **case: object) -> set[str]:
    return {code for line in draft(schedule, **case).lines.all() for code in line.entitlements}  # type: ignore[arg-type]


def test_entitlements_follow_distance_duration_weather_and_whose_fault_it_is() -> None:
    DisruptionPolicy.objects.all().delete()
    policy("eu", min_minutes=181, not_in_weather=["hotel"])
    policy("far", min_km=1000, entitlements=["interest"])
    policy("cpa", entitlements=["costs"], not_beyond_control=["costs"])
    policy("off", entitlements=["interest"], is_active=False)
    soon = NOW + timedelta(hours=8)
    schedules = [make_schedule(departs=soon) for _schedule in range(3)]
    later = make_schedule()
    make_booking(schedule=later)
    for schedule in schedules:  # 300 km in 240 minutes
        make_booking(schedule=schedule)
    assert due(schedules[0]) == {"food", "hotel", "costs"}
    assert due(later) == {"costs"}  # told days ahead nobody waits at a stop
    assert due(schedules[1], reason="weather") == {"food", "costs"}
    assert due(schedules[2], is_beyond_control=True) == {"food", "hotel"}


def relief_for(schedule: Schedule, *, seats: int = 4) -> Schedule:
    layout, departs = make_layout(seats=seats), schedule.departure_time
    return make_schedule(route=schedule.route, layout=layout, departs=departs, coach=2, status="planned")


def waiting(schedule: Schedule, *names: str) -> Booking:
    booking = make_booking(schedule=schedule, names=names, email=f"{names[0][0]}@example.com")
    take_seats_away(booking, list(booking.tickets.all()), reason="swap", actor=None, now=NOW)
    return booking


def test_a_relief_coach_takes_who_waits_and_then_who_stands_by() -> None:
    schedule = make_schedule()
    seated = make_booking(schedule=schedule, names=("Ann Lee",))
    stands = stand_by(schedule)
    waits = waiting(schedule, "Di Roe", "Ed Roe")
    relief = relief_for(schedule, seats=3)
    case = draft(schedule, kind="relief", target_id=relief.pk, reason="other")
    assert [line.ticket.booking for line in case.lines.select_related("ticket__booking")][:2] == [waits] * 2
    confirm_case(case.pk, version=1, actor=case.created_by, submission="c", now=NOW)
    assert waits.tickets.filter(schedule=relief, place="seat").count() == 2
    stands.refresh_from_db()
    assert (stands.schedule, stands.place) == (relief, "seat")
    assert seated.tickets.get().schedule == schedule
    assert not Ticket.objects.filter(place="waiting").exists()
    assert wrong() == []


def test_a_coach_of_another_departure_is_no_relief() -> None:
    first, later = two_departures()
    with pytest.raises(Refusal, match="relief coach"):
        draft(first, kind="relief", target_id=later.pk)


def test_who_passes_a_closed_road_is_found_by_when_the_coach_is_there() -> None:
    route = make_route("Johannesburg", "Beaufort West", "Cape Town")  # there after two hours
    early, there, late = (
        make_schedule(route=route, departs=NOW + timedelta(days=1, hours=hours)) for hours in (2, 5, 11)
    )
    make_schedule(route=make_route(), departs=there.departure_time)
    make_booking(schedule=there, names=("Ann Lee", "Ben Lee"))
    start = NOW + timedelta(days=1, hours=6)
    rows = departures_passing("beaufort-west", start, start + timedelta(hours=6))
    assert [(row.schedule, row.people) for row in rows] == [(there, 2)]
    assert rows[0].passes_at == there.departure_time + timedelta(hours=2)
    assert {early, late}.isdisjoint({row.schedule for row in rows})
    with pytest.raises(Refusal, match="three days"):
        departures_passing("beaufort-west", start, start)


def test_one_case_is_about_all_of_them_and_sends_nobody_onto_another_of_them() -> None:
    first, second = two_departures()
    third = make_schedule(route=first.route, departs=NOW + timedelta(days=3, hours=9))
    make_booking(schedule=first)
    case = draft(first, second)
    assert case.lines.get().new_schedule == third
    confirm_case(case.pk, version=1, actor=case.created_by, submission="c", now=NOW)
    assert Schedule.objects.filter(status="cancelled").count() == 2
    assert wrong() == []
