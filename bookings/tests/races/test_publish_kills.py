"""kill -9 in the middle of publishing a draft: the timetable is the old one or the new one, never a mix."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from django.utils import timezone

from bookings.domain.timetable.drafts import departures, publishing
from bookings.domain.timetable.drafts.editing import Edit, save_edit
from bookings.domain.timetable.drafts.published import service_sheet
from bookings.domain.timetable.drafts.publishing import publish_draft
from bookings.domain.timetable.generate import generate_departures
from bookings.models import AuditEntry, Schedule, Service, TimetableDraft, User
from bookings.tests.domain.timetable.test_generate import make_service
from bookings.tests.make import make_user
from bookings.tests.races.test_refund_kills import in_another_process

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
STEPS: Final = (
    (publishing, "apply_changes"),
    (departures, "_move"),
    (departures, "_generate"),
    (publishing, "_write_audit"),
)


def timetable() -> list[Any]:
    rows = Schedule.objects.order_by("pk").values_list(
        "pk", "departure_time", "coach", "service", "price_zar"
    )
    return [list(rows), list(Service.objects.order_by("pk").values_list("pk", "departs_min", "ends_on"))]


def test_a_killed_publishing_leaves_the_old_timetable_and_can_be_done_again() -> None:
    manager = make_user(role=User.Role.MANAGER)
    service = make_service()
    generate_departures(days=5)
    base = service_sheet(service, since=timezone.localdate() + timedelta(days=1))
    edit = Edit("service", f"service:{service.pk}", replace(base, departs_min=540), base=base)
    draft = save_edit(None, edit, actor=manager).draft
    before = timetable()

    for step in STEPS:
        in_another_process(lambda: publish_draft(draft.pk, seen=1, actor=manager), last=step)
        assert timetable() == before, step
        assert TimetableDraft.objects.get().is_open
    publish_draft(draft.pk, seen=1, actor=manager)

    assert timetable() != before
    assert AuditEntry.objects.count() == 1
