from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.base.errors import Conflict, NotFound, RuleBroken
from bookings.cache.reference_data import reference_data_version, single_version_check
from bookings.domain.dashboard import pending_work as desk
from bookings.domain.dashboard import today
from bookings.domain.dashboard.timeline import timeline
from bookings.domain.operations import tasks
from bookings.models import (
    Branch,
    OutboxMessage,
    Payment,
    SaleStatus,
    Schedule,
    SeatClaim,
    StaffTask,
    Ticket,
    User,
)
from bookings.tests.make import (
    NOW,
    make_booking,
    make_branch,
    make_layout,
    make_order,
    make_route,
    make_schedule,
    make_shift,
    make_user,
)

pytestmark = pytest.mark.django_db
Count = Callable[[int], Any]
SIX = tuple(f"Passenger {letter}" for letter in "ABCDEF")


def departs(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def sell(schedule: Schedule, seats: int, *, first: int = 0, last: int = -1) -> None:
    make_booking(
        schedule=schedule,
        names=tuple(f"Passenger {number}" for number in range(seats)),
        first=first,
        last=last,
    )


@pytest.mark.database
def test_loads_are_those_of_the_legs() -> None:
    schedule = make_schedule(departs=departs(60))
    sell(schedule, 2, last=1)
    sell(schedule, 6, first=1)

    (row,) = today.next_departures(make_branch(), now=NOW).rows

    assert (row.here.taken, row.here.seats, row.here.percent) == (2, 8, 25)
    assert (row.peak.taken, row.peak.percent, row.peak_leg) == (6, 75, "Bloemfontein – Cape Town")
    assert (row.boarded, row.expected) == (0, 2)


def test_a_claim_that_ran_out_is_no_load() -> None:
    schedule = make_schedule(departs=departs(60))
    make_booking(schedule=schedule, status=SaleStatus.PENDING)
    SeatClaim.objects.update(expires_at=NOW)

    (row,) = today.next_departures(make_branch(), now=NOW).rows

    assert row.here.taken == 0


def test_a_stop_on_the_way_sees_the_coach_at_its_own_time() -> None:
    make_schedule(departs=departs(60))

    (row,) = today.next_departures(make_branch("Bloemfontein"), now=NOW).rows

    assert (row.time, row.destination, row.day) == ("13:00", "Cape Town", "")
    assert today.next_departures(make_branch("Cape Town"), now=NOW).rows == ()


@pytest.mark.parametrize(
    ("minutes", "status", "shown", "late"),
    [
        (-9, "on_sale", True, 0),
        (-10, "boarding", True, 10),
        (-179, "closed", True, 179),
        (-181, "on_sale", False, 0),
        (-10, "departed", False, 0),
        (10, "departed", True, 0),
        (10, "arrived", False, 0),
        (10, "cancelled", True, 0),
        (24 * 60 - 1, "on_sale", True, 0),
        (24 * 60, "on_sale", False, 0),
    ],
)
def test_the_board_keeps_what_nobody_has_sent_off(minutes: int, status: str, shown: bool, late: int) -> None:
    make_schedule(departs=departs(minutes), status=status)

    rows = today.next_departures(make_branch(), now=NOW).rows

    assert [row.late for row in rows] == ([late] if shown else [])


@pytest.mark.parametrize("is_sold", [True, False])
def test_a_withdrawn_coach_with_passengers_stays_in_sight(is_sold: bool) -> None:
    schedule = make_schedule(departs=departs(60))
    if is_sold:
        sell(schedule, 1)
    Schedule.objects.update(is_active=False)

    rows = today.next_departures(make_branch(), now=NOW).rows
    day = timeline(make_branch(), now=NOW)

    assert [(row.status_text, row.tone) for row in rows] == [("withdrawn", "bad")] * is_sold
    assert [row.level for row in day.departures] == ["withdrawn"] * is_sold
    assert [alert.kind for alert in today.alerts(make_branch(), now=NOW).all] == ["withdrawn"] * is_sold


def test_a_coach_that_left_its_first_stop_has_not_left_this_one() -> None:
    make_schedule(departs=departs(-9), status="departed")

    (row,) = today.next_departures(make_branch("Bloemfontein"), now=NOW).rows

    assert row.status_text == "on its way here"


def test_boarded_passengers_are_counted() -> None:
    schedule = make_schedule(departs=departs(20), status="boarding")
    make_booking(schedule=schedule, names=("A One", "B Two", "C Three"))
    Ticket.objects.filter(surname="One").update(status="boarded")
    Ticket.objects.filter(surname="Two").update(status="cancelled")

    (row,) = today.next_departures(make_branch(), now=NOW).rows

    assert (row.boarded, row.expected, row.wait, row.tone) == (1, 2, "in 20 min", "good")


def test_each_alert_has_its_threshold(settings: Any) -> None:
    settings.ALERT_FULL_PERCENT, settings.ALERT_LOW_PERCENT = 80, 30
    layout, route = make_layout(seats=10), make_route()
    sold = {60: 10, 61: 8, 62: 7, 63: 3, 64: 2}
    for minutes, seats in sold.items():
        sell(make_schedule(route=route, layout=layout, departs=departs(minutes)), seats)
    make_schedule(route=route, departs=departs(65), status="cancelled")
    make_schedule(route=route, layout=layout, departs=departs(-30))

    found = [(alert.kind, alert.tone, alert.title) for alert in today.alerts(make_branch(), now=NOW).all]

    assert found == [
        ("late", "bad", "09:30 Cape Town"),
        ("cancelled", "bad", "11:05 Cape Town"),
        ("full", "bad", "11:00 Cape Town"),
        ("full", "warn", "11:01 Cape Town"),
        ("low", "info", "11:04 Cape Town"),
    ]


def test_the_key_follows_the_revisions() -> None:
    schedule, branch = make_schedule(departs=departs(60)), make_branch()

    def keys() -> set[str]:
        return {today.next_departures(branch, now=NOW).cache_key, today.alerts(branch, now=NOW).cache_key}

    before = keys()
    assert len(before) == 2
    assert keys() == before

    Schedule.objects.filter(pk=schedule.pk).update(revision=7)
    assert not keys() & before


def test_the_pulse_counts_people_here_today() -> None:
    schedule = make_schedule(departs=departs(60))
    sell(schedule, 2, last=1)
    sell(schedule, 3, first=1)
    make_booking(schedule=schedule, status=SaleStatus.PENDING, last=1)
    make_schedule(route=schedule.route, departs=departs(-60), status="departed")

    found = today.pulse(make_branch(), now=NOW)

    assert (found.coaches, found.boarding, found.boarded, found.sold, found.held, found.unpaid) == (
        1,
        2,
        0,
        2,
        0,
        1,
    )


@pytest.mark.parametrize("many", [1, 3])
def test_the_number_of_queries_does_not_grow(django_assert_num_queries: Count, many: int) -> None:
    branch, user, route = make_branch(), make_user(role=User.Role.SUPERVISOR), make_route()
    for number in range(many):
        sell(make_schedule(route=route, departs=departs(60 + number)), 1)
        make_booking(
            schedule=make_schedule(route=route, departs=departs(600 + number)), status=SaleStatus.PENDING
        )
        StaffTask.objects.create(kind=StaffTask.Kind.MAIL_FAILED, subject=str(number), created_at=NOW)
        make_shift(make_user())

    with single_version_check():
        reference_data_version()  # as each request does at its start
        with django_assert_num_queries(6):
            assert len(today.next_departures(branch, now=NOW).rows) == 2 * many
        with django_assert_num_queries(2):
            assert today.alerts(branch, now=NOW).all
        with django_assert_num_queries(4):
            assert today.pulse(branch, now=NOW).sold == many
        with django_assert_num_queries(1):
            assert desk.unpaid_orders(branch, now=NOW).total == many
        with django_assert_num_queries(2):
            assert len(desk.tills(user, branch, now=NOW).others) == many
        with django_assert_num_queries(2):
            assert desk.stuck_mails(now=NOW).failed == 0
        with django_assert_num_queries(1):
            assert tasks.open_tasks(user, now=NOW).total == many
        with django_assert_num_queries(1):
            assert len(tasks.task_page(user, now=NOW).rows) == many


@pytest.mark.database
def test_unpaid_orders_of_this_station_come_by_urgency() -> None:
    schedule = make_schedule(departs=NOW + timedelta(days=2), seats=12)
    for hours, name in ((5, "Later Two"), (0.5, "Soon One"), (7, "Far Three"), (-1, "Gone Four")):
        order = make_order(status=SaleStatus.PENDING, pay_by=NOW + timedelta(hours=hours), pays_later=True)
        make_booking(schedule=schedule, order=order, status=SaleStatus.PENDING, names=(name,))

    found = desk.unpaid_orders(make_branch(), now=NOW)

    assert [(row.name, row.left, row.is_urgent, row.amount) for row in found.rows] == [
        ("One", "30 min", True, "R600"),
        ("Two", "5 h 00", False, "R600"),
    ]
    assert desk.unpaid_orders(make_branch("Durban"), now=NOW).rows == ()


def test_a_time_to_pay_after_midnight_says_its_day() -> None:
    schedule, evening = make_schedule(departs=NOW + timedelta(days=2)), NOW + timedelta(hours=12)
    for hours, name in ((1, "Soon One"), (4, "Later Two")):
        order = make_order(status=SaleStatus.PENDING, pay_by=evening + timedelta(hours=hours))
        make_booking(schedule=schedule, order=order, status=SaleStatus.PENDING, names=(name,))

    found = desk.unpaid_orders(make_branch(), now=evening)

    assert [row.until for row in found.rows] == ["23:00", "02:00 on Wed 2 Dec"]


def test_a_till_that_was_opened_yesterday_says_the_day() -> None:
    clerk = make_user()
    make_shift(clerk)

    found = desk.tills(clerk, clerk.branch, now=NOW + timedelta(days=1))

    assert found.own is not None
    assert found.own.since == "10:00 on Tue 1 Dec"


def test_more_orders_than_fit_are_counted() -> None:
    schedule = make_schedule(departs=NOW + timedelta(days=2), seats=12)
    for minutes in range(7):
        order = make_order(status=SaleStatus.PENDING, pay_by=departs(60 + minutes))
        make_booking(schedule=schedule, order=order, status=SaleStatus.PENDING)

    found = desk.unpaid_orders(make_branch(), now=NOW)

    assert (len(found.rows), found.total) == (5, 7)


def message(number: int, **fields: object) -> OutboxMessage:
    booking = make_booking()
    row = {
        "kind": "confirmation",
        "subject": f"order:{number}",
        "created_at": NOW,
        "next_try": NOW,
        "message_id": str(number),
    }
    return OutboxMessage.objects.create(order=booking.order, **row | fields)


def test_mails_that_stick_are_those_given_up_or_overdue() -> None:
    message(1, sent_at=NOW)
    message(2, failed_at=NOW - timedelta(hours=1), last_error="550 unknown")
    message(3, failed_at=NOW - timedelta(days=8))
    message(4)
    message(5, created_at=NOW - timedelta(minutes=6))
    message(6, attempts=2, last_error="451 later")
    message(7, attempts=2, kind="demo_payment")

    found = desk.stuck_mails(now=NOW)

    assert (found.failed, found.waiting) == (1, 2)
    assert [row.error for row in found.rows] == ["550 unknown", "not sent yet", "451 later"]
    assert found.rows[0].reference


def test_takings_say_what_was_sold_and_not_what_the_drawer_holds() -> None:
    clerk, other = make_user(first_name="Nomsa", last_name="Dlamini"), make_user(first_name="Sipho")
    shift = make_shift(clerk)
    make_shift(other)
    for number, method in enumerate(("cash", "cash", "card")):
        Payment.objects.create(
            order=make_order(),
            method=method,
            external_id=str(number),
            amount=Decimal("250.50"),
            paid_at=NOW,
            shift=shift,
        )

    found = desk.tills(clerk, clerk.branch, now=NOW)

    assert (found.own.sales, found.own.total, found.own.since) == (3, "R751.50", "10:00")
    assert [(tender.label, tender.sales) for tender in found.own.tenders] == [("cash", 2), ("card", 1)]
    assert found.others == ()
    supervisor = desk.tills(make_user(role=User.Role.SUPERVISOR), clerk.branch, now=NOW)
    assert (supervisor.own, [each.clerk for each in supervisor.others]) == (None, ["Nomsa Dlamini", "Sipho"])


def make_task(number: int = 1, **fields: object) -> StaffTask:
    return StaffTask.objects.create(
        **{"kind": StaffTask.Kind.MAIL_FAILED, "subject": str(number), "created_at": NOW} | fields
    )


def finish(task: StaffTask, user: User, note: str = "Phoned her", token: str = "t") -> None:
    tasks.finish_task(task.pk, user=user, note=note, submission=token, content=note, now=NOW)


@pytest.mark.database
def test_a_task_is_done_once_with_a_note() -> None:
    task, user = make_task(), make_user(role=User.Role.SUPERVISOR, first_name="Pieter", last_name="Visagie")

    with pytest.raises(RuleBroken, match="what was done"):
        finish(task, user, "  ")
    finish(task, user)
    finish(task, user)  # the same form again
    with pytest.raises(Conflict):
        finish(task, user, token="another")

    (row,) = tasks.task_page(user, now=NOW, is_done=True).rows
    assert (row.note, row.done) == ("Phoned her", "Tue 1 Dec, 10:00 by Pieter Visagie")
    assert tasks.open_tasks(user, now=NOW).total == 0


@pytest.mark.database
def test_tasks_of_another_branch_do_not_exist() -> None:
    durban = make_branch("Durban")
    shift = make_shift(make_user(branch=durban))
    order = make_order()
    order.shift = shift
    order.save()
    theirs = [
        make_task(1, order=order),
        make_task(2, kind=StaffTask.Kind.CASH_DIFFERENCE, subject=f"shift:{shift.pk}"),
    ]
    ours = make_task(3, order=make_order())

    def seen(role: str, branch: Branch) -> list[int]:
        return [row.id for row in tasks.task_page(make_user(role=role, branch=branch), now=NOW).rows]

    assert seen(User.Role.SUPERVISOR, make_branch()) == [ours.pk]
    everything = [*(task.pk for task in theirs), ours.pk]
    assert seen(User.Role.SUPERVISOR, durban) == seen(User.Role.MANAGER, make_branch()) == everything
    with pytest.raises(NotFound):
        finish(theirs[0], make_user(role=User.Role.SUPERVISOR))


def test_nobody_clears_the_difference_of_the_own_till() -> None:
    manager = make_user(role=User.Role.MANAGER)
    task = make_task(kind=StaffTask.Kind.CASH_DIFFERENCE, subject=f"shift:{make_shift(manager).pk}")

    with pytest.raises(RuleBroken, match="your own till"):
        finish(task, manager)
    finish(task, make_user(role=User.Role.MANAGER))


def test_tasks_come_in_pages() -> None:
    for number in range(21):
        make_task(number, created_at=departs(number))
    user = make_user(role=User.Role.MANAGER)

    first, second = (tasks.task_page(user, now=NOW, page=page) for page in (1, 2))

    assert (len(first.rows), first.has_next, len(second.rows), second.has_next) == (20, True, 1, False)
    assert tasks.open_tasks(user, now=NOW).total == 21
