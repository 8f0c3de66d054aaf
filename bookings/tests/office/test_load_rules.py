"""Load alerts: a rule makes a task for each departure that it tells of, once."""

from datetime import timedelta

import pytest

from bookings.domain.reports.load_alerts import watch_loads
from bookings.models import AuditEntry, LoadRule, Schedule, StaffTask
from bookings.tests.make import NOW, make_schedule
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
PAGE = "/office/reports/load-alerts/"


def departure(days: int, free: int, coach: int = 1) -> Schedule:
    """A coach of eight seats so many days ahead."""
    made = make_schedule(departs=NOW + timedelta(days=days), seats=8, coach=coach)
    Schedule.objects.filter(pk=made.pk).update(available_seats=free)
    return made


def set_rule(client: StaffClient, **typed: object) -> None:
    data = {"alert": "above", "percent": 75, "days": 10, "weekdays": "daily", "route": ""} | typed
    assert client.post(PAGE, data).status_code == 302


def subjects(kind: str) -> set[int]:
    return {int(row.subject.rpartition(":")[2]) for row in StaffTask.objects.filter(kind=kind)}


def test_a_departure_that_fills_early_is_told_once(manager: StaffClient) -> None:
    early, late, free = departure(10, 2), departure(9, 0), departure(12, 3)
    set_rule(manager)

    assert watch_loads(now=NOW) == 1
    assert subjects("load_high") == {early.pk}
    StaffTask.objects.update(done_at=NOW, done_by=manager.user)
    assert watch_loads(now=NOW) == 0
    assert "6 of 8 seats taken" in StaffTask.objects.get().detail
    assert {late.pk, free.pk} & subjects("load_high") == set()


def test_a_departure_that_stays_empty_is_told_by_route_and_weekday(manager: StaffClient) -> None:
    empty, full, other = departure(3, 8), departure(3, 1, 2), departure(4, 8)
    set_rule(manager, alert="below", percent=20, days=3, route=empty.route_id)
    set_rule(manager, alert="below", percent=20, days=90, weekdays="mon")

    watch_loads(now=NOW)
    mondays = {row.pk for row in (empty, full, other) if row.departure_time.weekday() == 0}
    assert subjects("load_low") == {empty.pk} | (mondays - {full.pk})


def test_a_rule_is_stopped_and_both_are_in_the_audit(manager: StaffClient, auditor: StaffClient) -> None:
    departure(10, 0)
    set_rule(manager)
    rule = LoadRule.objects.get()

    assert auditor.post(f"{PAGE}{rule.pk}/stop/").status_code == 403
    for _click in range(2):
        assert manager.post(f"{PAGE}{rule.pk}/stop/").status_code == 302
    assert watch_loads(now=NOW) == 0
    assert AuditEntry.objects.filter(subject=f"load-rule:{rule.pk}", actor=manager.user).count() == 2
    assert manager.post(f"{PAGE}999/stop/").status_code == 404


def test_what_makes_no_sense_is_said_beside_it(manager: StaffClient, supervisor: StaffClient) -> None:
    answer = manager.post(PAGE, {"alert": "above", "percent": 300, "days": 5, "weekdays": "someday"})

    assert answer.status_code == 422
    assert 'value="300"' in answer.content.decode()
    assert not LoadRule.objects.exists()
    assert supervisor.get(PAGE).status_code == 403
