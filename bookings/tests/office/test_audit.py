"""The audit: who did what to what, from all books in one list, in words."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.domain.counter.shifts import CashMovement, move_cash
from bookings.domain.counter.void import VoidRequest, void_sale
from bookings.domain.network.audit import note_change
from bookings.models import (
    AuditEntry,
    Booking,
    BookingEvent,
    BookingStep,
    OfficeEvent,
    ScheduleChange,
    ScheduleEvent,
    StaffEvent,
    StaffTask,
)
from bookings.office.policy import EXPORTS, POLICY
from bookings.tests.domain.reconciliation.paying import pay_at_till
from bookings.tests.make import NOW, make_layout, make_shift
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def acts(clerk: StaffClient, manager: StaffClient) -> Booking:
    """One of each book."""
    person, shift = clerk.user, make_shift(clerk.user, opened_at=NOW - timedelta(minutes=30))
    sold = pay_at_till(shift, "cash", 450, reference="", now=NOW)
    booking = Booking.objects.get(order=sold.order)
    void_sale(
        VoidRequest(booking.booking_reference, "wrong day"), shift=shift, submission="v", content="", now=NOW
    )
    step = BookingStep(
        booking,
        "cancelled",
        "cancelled",
        at=NOW,
        actor=person,
        approver=manager.user,
        reason="fee waived: death, uncle",
    )
    BookingEvent.objects.record(step)
    move_cash(shift, CashMovement(Decimal(-50), "taxi"), submission="t", content="", now=NOW)
    schedule = booking.schedule
    ScheduleEvent.objects.create(
        schedule=schedule, from_status="on_sale", to_status="boarding", actor=person, at=NOW
    )
    ScheduleChange.objects.create(schedule=schedule, position=0, late_min=45, actor=person, at=NOW)
    layout = make_layout(code="semi")
    before, after = {"layout": schedule.layout_id, "departs_min": 480, "price": "600.00"}, {}
    after = {"layout": layout.pk, "departs_min": 510, "price": "650.00"}
    note_change("service:3", "N1 08:00", before=before, after=after, actor=manager.user, now=NOW)
    StaffEvent.objects.record(person, "account changed", actor=manager.user, at=NOW)
    StaffTask.objects.create(
        kind="refund_due",
        subject="refund:1",
        detail="R10",
        created_at=NOW,
        done_at=NOW,
        done_by=manager.user,
        done_note="paid",
    )
    return booking


def rows(client: StaffClient, query: str = "") -> list[dict[str, str]]:
    answer: Any = client.get(f"/office/audit.csv?{query}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_every_book_is_in_the_list_in_words(auditor: StaffClient, acts: Booking) -> None:
    lines = rows(auditor)

    assert {line["What of"] for line in lines} == {
        "Bookings",
        "Refunds",
        "Departures",
        "Times and stops",
        "Timetable, fares and settings",
        "Staff accounts",
        "Till",
        "Tasks",
        "Sign-ins and files",
    }
    (edited,) = [line for line in lines if line["What of"].startswith("Timetable")]
    assert edited["Who"] == "Priya Naidoo"
    assert "departs: 08:00 → 08:30" in edited["Changed"]
    assert "price: R600 → R650" in edited["Changed"].replace("\xa0", " ")
    assert acts.schedule.layout.name in edited["Changed"]
    (waived,) = [line for line in lines if "waived" in line["Why"]]
    assert (waived["Why"], waived["Approved by"]) == (
        "fee waived: death of the traveller, uncle",
        "Priya Naidoo",
    )
    assert not any("_" in value for line in lines for value in line.values())


def test_it_is_narrowed_by_person_kind_day_and_text(auditor: StaffClient, acts: Booking) -> None:
    person = BookingEvent.objects.exclude(actor=None)[0].actor_id

    assert {line["Who"] for line in rows(auditor, f"person={person}&kind=till")} == {"Nomsa Dlamini"}
    assert [line["Why"] for line in rows(auditor, "kind=till&q=TAXI")] == ["taxi"]
    assert rows(auditor, "first=2026-01-01&last=2026-01-31") == []
    assert auditor.get("/office/audit/?first=2026-02-01&last=2026-01-01").status_code == 422


def test_the_history_of_a_thing_has_what_nobody_did_too(auditor: StaffClient, acts: Booking) -> None:
    of_booking = rows(auditor, f"q={acts.booking_reference.lower()}")
    of_departure = rows(auditor, f"about=departure:{acts.schedule_id}")

    assert {line["About"] for line in of_booking} == {acts.booking_reference}
    assert len(of_booking) >= acts.events.count()
    assert {line["What of"] for line in of_departure} == {"Departures", "Times and stops"}
    assert rows(auditor, "about=service:3")[0]["About"] == "N1 08:00"
    page = auditor.get(f"/office/departures/{acts.schedule_id}/seats/").content.decode()
    assert f"/office/audit/?about=departure:{acts.schedule_id}" in page
    page = auditor.get(f"/office/bookings/{acts.booking_reference}/").content.decode()
    assert f"/office/audit/?q={acts.booking_reference}" in page


def test_pages_follow_each_other_without_gap_or_repeat(
    auditor: StaffClient, acts: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [(line["When"], line["What of"], line["What"]) for line in rows(auditor)]
    monkeypatch.setattr("bookings.office.views.audit._AT_ONCE", 2)

    # The download itself is an act, too, and the latest
    in_steps = [(line["When"], line["What of"], line["What"]) for line in rows(auditor)]
    assert sorted(in_steps) == sorted([*whole, next(row for row in in_steps if row[2] == "took a file")])
    assert auditor.get("/office/audit/?after=nonsense").status_code == 200


def test_signing_in_and_taking_a_file_are_kept(manager: StaffClient) -> None:
    assert OfficeEvent.objects.filter(user=manager.user, kind="signed_in").exists()

    manager.get("/office/reports/sales.csv?first=2026-12-01&last=2026-12-01")
    manager.get("/office/reports/sales.csv?first=2026-12-02&last=2026-12-01")  # refused: no file

    assert [event.detail for event in OfficeEvent.objects.filter(kind="exported")] == [
        "report sales 2026-12-01 2026-12-01"
    ]
    files = {name for name in POLICY if name.endswith(("_csv", "_xlsx"))}
    assert files <= EXPORTS.keys() <= POLICY.keys()


def test_who_may_look(
    clerk: StaffClient, supervisor: StaffClient, manager: StaffClient, auditor: StaffClient
) -> None:
    for client, status in ((clerk, 403), (supervisor, 403), (manager, 200), (auditor, 200)):
        assert client.get("/office/audit/").status_code == status


def test_no_more_queries_for_more_acts(
    auditor: StaffClient, acts: Booking, django_assert_max_num_queries: Any
) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntry(at=NOW, actor=auditor.user, subject=f"stop:{number}", title="Stop", after={"name": "x"})
        for number in range(30)
    )
    with django_assert_max_num_queries(20):
        page = auditor.get("/office/audit/")
    assert page.status_code == 200
    assert "departs: 08:00 → 08:30" in page.content.decode()
