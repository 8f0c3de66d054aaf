"""A draft is looked at, then published whole; what somebody has a place on stays as it was sold."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from bookings.base.errors import Conflict
from bookings.domain.integrity.invariants import violations
from bookings.domain.timetable.drafts.editing import (
    DraftChanged,
    Edit,
    current_changes,
    drop_draft,
    save_edit,
    undo_latest,
)
from bookings.domain.timetable.drafts.published import route_sheet, service_sheet
from bookings.domain.timetable.drafts.publishing import preview_draft, publish_draft
from bookings.domain.timetable.drafts.sheets import (
    CallSheet,
    DepartureSheet,
    FareSheet,
    RouteSheet,
    ServiceSheet,
)
from bookings.domain.timetable.generate import generate_departures
from bookings.models import (
    AuditEntry,
    DraftChange,
    Fare,
    Route,
    Schedule,
    ScheduleChange,
    SeatBlock,
    Service,
    StaffTask,
    TimetableDraft,
    User,
)
from bookings.tests.domain.timetable.test_generate import make_service
from bookings.tests.make import (
    NOW,
    make_booking,
    make_fare_classes,
    make_layout,
    make_passenger_types,
    make_route,
    make_stop,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.usefixtures("still")]
TODAY = date(2026, 12, 1)
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def manager() -> User:
    return make_user(role=User.Role.MANAGER)


def save(manager: User, edit: Edit, draft: TimetableDraft | None = None) -> DraftChange:
    return save_edit(draft, edit, actor=manager, now=NOW)


def publish(draft: TimetableDraft, manager: User) -> None:
    draft.refresh_from_db()
    publish_draft(draft.pk, seen=draft.version, actor=manager, now=NOW)


def change_service(manager: User, service: Service, **values: object) -> TimetableDraft:
    base = service_sheet(service, since=TOMORROW)
    edit = Edit("service", f"service:{service.pk}", replace(base, **values), base=base)
    return save(manager, edit).draft


def test_a_new_line_with_its_service_and_fares_is_sold_once_it_is_published(manager: User) -> None:
    make_fare_classes()
    calls = (
        CallSheet(make_stop("Upington").pk, 0, 0, Decimal(0)),
        CallSheet(make_stop("Kimberley").pk, 240, 250, Decimal(400)),
        CallSheet(make_stop("Welkom").pk, 400, 400, Decimal(600)),
    )
    route = save(manager, Edit("route", "", RouteSheet("UPW", "Diamond line", calls, TOMORROW)))
    row, draft = route.subject.partition(":")[2], route.draft
    service = ServiceSheet(row, 480, 0b11111, TOMORROW, TOMORROW, make_layout().pk, Decimal(500))
    save(manager, Edit("service", "", service), draft)
    save(manager, Edit("fares", "", FareSheet(row, TOMORROW, amounts={(0, 2): Decimal(450)})), draft)

    outcome = preview_draft(draft, now=NOW)

    assert (len(outcome.departures.appear), outcome.problems) == (43, ())
    assert not Route.objects.exists()
    publish(draft, manager)
    made = Route.objects.get()
    assert (made.name, made.line.code, made.distance_km, made.duration_hours) == (
        "Upington – Welkom",
        "UPW",
        600,
        Decimal("6.67"),
    )
    assert Schedule.objects.filter(route=made).count() == 43
    assert Fare.objects.get().amount == 450
    entries = AuditEntry.objects.filter(draft=draft, actor=manager)
    assert set(entries.values_list("title", flat=True)) == {
        f"{kind} UPW Upington – Welkom" for kind in ("Route", "Service", "Fares")
    }


def test_a_preview_tells_what_publishing_does_and_changes_nothing(manager: User) -> None:
    service = make_service(weekdays=0b0000001)  # Mondays
    generate_departures(first_day=TODAY, days=60)
    draft = change_service(manager, service, departs_min=9 * 60, weekdays=0b0000011)
    before = list(Schedule.objects.order_by("pk").values())

    outcome = preview_draft(draft, now=NOW)

    departures = outcome.departures
    assert (len(departures.appear), len(departures.change), len(departures.vanish)) == (8, 8, 0)
    assert list(Schedule.objects.order_by("pk").values()) == before
    publish(draft, manager)
    first, second = Schedule.objects.order_by("departure_time")[:2]
    assert first.pk == before[0]["id"]  # the same departure, an hour later
    assert (first.departure_time.hour, second.departure_time.day) == (7, 8)
    old, new = Service.objects.order_by("pk")
    assert (old.ends_on, new.starts_on) == (TODAY, TOMORROW)


@pytest.mark.parametrize("values", [{"departs_min": 540}, {"weekdays": 0b1000000}])
def test_who_has_a_place_keeps_it_and_somebody_is_asked_to_decide(
    manager: User, values: dict[str, int]
) -> None:
    service = make_service(weekdays=0b0000001)
    generate_departures(first_day=TODAY, days=60)
    make_fare_classes()
    make_passenger_types()
    sold, free = Schedule.objects.order_by("departure_time")[:2]
    booking = make_booking(schedule=sold)
    sold.refresh_from_db()
    draft = change_service(manager, service, **values)

    (left,) = preview_draft(draft, now=NOW).departures.left

    assert (left.schedule_id, left.sold, left.money) == (sold.pk, 1, 600)
    publish(draft, manager)
    after = Schedule.objects.get(pk=sold.pk)
    facts = ("route_id", "departure_time", "layout_id", "price_zar", "status", "revision")
    assert all(getattr(after, fact) == getattr(sold, fact) for fact in facts)
    assert booking.booking_reference in StaffTask.objects.get(kind="departure_differs").detail
    # No other coach is put on beside it, neither now nor by night
    count = Schedule.objects.count()
    generate_departures(first_day=TODAY, days=60)
    assert Schedule.objects.count() == count
    assert Schedule.objects.filter(pk=free.pk).exists() is ("departs_min" in values)


def test_a_price_alone_is_changed_where_seats_are_sold_and_the_tickets_keep_theirs(manager: User) -> None:
    service = make_service(weekdays=0b0000001)
    generate_departures(first_day=TODAY, days=60)
    make_fare_classes()
    make_passenger_types()
    sold = Schedule.objects.order_by("departure_time")[0]
    booking = make_booking(schedule=sold)
    seats = Schedule.objects.get(pk=sold.pk).available_seats

    publish(change_service(manager, service, price=Decimal(700)), manager)

    sold.refresh_from_db()
    assert (sold.price_zar, sold.available_seats, sold.revision) == (700, seats, 1)
    assert booking.tickets.get().fare == 600


def test_a_route_in_use_becomes_another_from_a_day_on_with_its_fares(manager: User) -> None:
    service = make_service(weekdays=0b0000001)
    route = service.route
    calls = list(route.calls.order_by("position"))
    standard, _premium = make_fare_classes()
    pair = {"from_stop": calls[0], "to_stop": calls[-1], "fare_class": standard}
    Fare.objects.create(route=route, **pair, amount=350, valid_from=date(2026, 1, 1))
    generate_departures(first_day=TODAY, days=60)
    make_passenger_types()
    sold, *others = Schedule.objects.order_by("departure_time")
    make_booking(schedule=sold)
    base = route_sheet(route, since=TOMORROW)
    on_the_way = CallSheet(make_stop("Parys").pk, 10, 15, base.calls[1].km / 2)
    typed = replace(base, calls=(base.calls[0], on_the_way, *base.calls[1:]))
    draft = save(manager, Edit("route", f"route:{route.pk}", typed, base=base)).draft

    publish(draft, manager)

    new = Route.objects.exclude(pk=route.pk).get()
    assert Schedule.objects.get(pk=sold.pk).route_id == route.pk
    assert {row.route_id for row in Schedule.objects.filter(pk__in=[row.pk for row in others])} == {new.pk}
    assert [call.stop.city.name for call in new.calls.select_related("stop__city")][1] == "Parys"
    fare = Fare.objects.get(route=new)
    assert (fare.amount, fare.to_stop.position) == (350, len(calls))
    assert Route.objects.get(pk=route.pk).is_active


def test_two_services_exchange_their_times(manager: User) -> None:
    early = make_service(weekdays=0b0000001)
    late = make_service(route=early.route, layout=early.layout, departs_min=600, weekdays=0b0000001)
    generate_departures(first_day=TODAY, days=14)
    draft = change_service(manager, early, departs_min=600)
    base = service_sheet(late, since=TOMORROW)
    edit = Edit("service", f"service:{late.pk}", replace(base, departs_min=480), base=base)
    save(manager, edit, draft)
    ids = {row.pk: row.departure_time for row in Schedule.objects.all()}

    publish(draft, manager)

    moved = {row.pk: row.departure_time for row in Schedule.objects.filter(pk__in=ids)}
    assert all(abs(moved[pk] - ids[pk]) == timedelta(hours=2) for pk in ids)


def test_an_old_booking_keeps_its_departure_closed_and_a_new_one_is_made(manager: User) -> None:
    service = make_service(weekdays=0b0000001)
    generate_departures(first_day=TODAY, days=14)
    make_fare_classes()
    make_passenger_types()
    departure = Schedule.objects.order_by("departure_time")[0]
    booking = make_booking(schedule=departure, status="pending", now=NOW)
    booking.tickets.update(status="cancelled")
    departure.claims.filter().delete()
    type(booking).objects.update(status="expired")

    publish(change_service(manager, service, departs_min=540), manager)

    departure.refresh_from_db()
    assert (departure.status, departure.is_active, departure.service_id) == ("cancelled", False, None)
    day = departure.departure_time + timedelta(hours=1)
    assert Schedule.objects.filter(departure_time=day, status="on_sale").count() == 1


def test_an_extra_departure_is_one_coach_on_one_day(manager: User) -> None:
    route, layout = make_route(), make_layout()
    sheet = DepartureSheet(str(route.pk), date(2026, 12, 18), 1320, layout.pk, Decimal(800))

    publish(save(manager, Edit("departure", "", sheet)).draft, manager)

    made = Schedule.objects.get()
    assert (made.departure_time.isoformat(), made.coach, made.price_zar, made.service_id) == (
        "2026-12-18T20:00:00+00:00",
        1,
        800,
        None,
    )


def test_the_second_of_two_managers_is_told_and_the_first_step_stands(manager: User) -> None:
    other = make_user(role=User.Role.MANAGER, first_name="Priya", last_name="Naidoo")
    service = make_service()
    draft = change_service(other, service, departs_min=540)
    edit = Edit(
        "service", f"service:{service.pk}", replace(service_sheet(service, since=TOMORROW), weekdays=3)
    )

    with pytest.raises(DraftChanged, match="Priya Naidoo changed this"):
        save(manager, edit, draft)

    (step,) = current_changes(draft)
    assert step.data["departs_min"] == 540
    save(manager, replace(edit, seen=step.number), draft)
    assert current_changes(draft)[0].data["weekdays"] == 3
    with pytest.raises(Conflict, match="changed since you looked"):
        publish_draft(draft.pk, seen=1, actor=manager, now=NOW)


def test_steps_are_undone_from_the_latest_on(manager: User) -> None:
    service = make_service()
    draft = change_service(manager, service, departs_min=540)
    edit = Edit(
        "service", f"service:{service.pk}", replace(service_sheet(service, since=TOMORROW), weekdays=3)
    )
    save(manager, replace(edit, seen=1), draft)

    undo_latest(draft.pk, number=2, actor=manager)

    assert [step.data["departs_min"] for step in current_changes(draft)] == [540]
    with pytest.raises(Conflict):
        undo_latest(draft.pk, number=2, actor=manager)
    drop_draft(draft.pk, actor=manager, now=NOW)
    with pytest.raises(Conflict, match="published or discarded"):
        publish(draft, manager)


def test_what_was_published_by_another_draft_meanwhile_is_no_longer_overwritten(manager: User) -> None:
    service = make_service()
    slow, fast = (change_service(manager, service, price=Decimal(price)) for price in (600, 700))
    publish(fast, manager)

    (problem,) = preview_draft(slow, now=NOW).problems

    assert problem.startswith(f"Service {service.route.line.code} {service.route.name} was changed by")
    with pytest.raises(Conflict, match="published"):
        publish(fast, manager)


def test_a_delay_and_a_released_block_of_an_unsold_departure_are_no_obstacle(manager: User) -> None:
    service = make_service(weekdays=0b0000001)
    generate_departures(first_day=TODAY, days=21)
    first, second, _third = Schedule.objects.order_by("departure_time")
    ScheduleChange.objects.create(schedule=first, position=1, late_min=30, actor=manager, at=NOW)
    where = {"seat": second.layout.seats.all()[0], "from_position": 0, "to_position": 1}
    SeatBlock.objects.create(schedule=second, **where, reason="broken", created_at=NOW, released_at=NOW)

    publish(change_service(manager, service, weekdays=0b1000000), manager)

    left = Schedule.objects.filter(pk__in=[first.pk, second.pk])
    assert {(row.status, row.is_active, row.service_id) for row in left} == {("cancelled", False, None)}


def test_what_was_published_past_the_audit_is_found(manager: User) -> None:
    service = make_service()
    publish(change_service(manager, service, price=Decimal(600)), manager)
    assert violations(now=NOW) == []

    draft = change_service(manager, Service.objects.latest("pk"), price=Decimal(700))
    TimetableDraft.objects.filter(pk=draft.pk).update(published_by=manager, published_at=NOW)

    (wrong,) = violations(now=NOW)
    assert str(draft.pk) in str(wrong)
