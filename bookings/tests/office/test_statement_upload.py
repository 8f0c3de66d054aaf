"""Uploading a settlement or a bank list, and what the record of a shift says of its slips."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from bookings.domain.counter.shifts import BlindCount, close_shift
from bookings.models import Shift, StaffEvent, StaffTask, StatementLine
from bookings.tests.domain.reconciliation.paying import pay_at_till
from bookings.tests.make import NOW, make_shift, make_user
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
UPLOAD = "/office/reconciliation/upload/"
HEADINGS = "Date,Reference,Amount\n"


PASSWORD = "a-long-enough-pass"


def signature(role: str = "supervisor", **facts: Any) -> dict[str, str]:
    boss = make_user(role=role, password=PASSWORD, **facts)
    return {"approver_name": boss.username, "approver_password": PASSWORD}


def send(
    client: StaffClient,
    *,
    lines: str = "",
    file: bytes | None = None,
    tender: str = "card",
    signed: dict[str, str] | None = None,
) -> object:
    """Signed by a supervisor unless said otherwise."""
    data = {"tender": tender, "lines": lines} | (signature() if signed is None else signed)
    if file is not None:
        data["file"] = SimpleUploadedFile("settlement.csv", file)  # type: ignore[assignment]
    return client.post(UPLOAD, data)


@pytest.fixture
def shift(db: None) -> Shift:
    return make_shift(make_user(), opening_float=500)


def test_a_file_is_taken_in_and_leads_to_its_day(manager: StaffClient, shift: Shift) -> None:
    pay_at_till(shift, "card", 900, reference="1001")
    today = timezone.localdate().isoformat()

    answer = send(manager, file=f"\ufeff{HEADINGS}{today},1001,900.00\n{today},Ünknown,1.00\n".encode())

    assert answer["Location"] == f"/office/reconciliation/card/{today}/"  # type: ignore[index]
    page = manager.get(answer["Location"]).content.decode()  # type: ignore[index]
    assert "2 lines are new, 0 were here already, 1 slip was confirmed." in page
    assert "Ünknown" in page
    line = StatementLine.objects.get(external_id="1001")
    assert (line.noted_by, line.approver.role) == (manager.user, "supervisor")


def test_what_windows_writes_is_read(manager: StaffClient) -> None:
    today = timezone.localdate().isoformat()

    send(manager, file=f"{HEADINGS}{today},Müller,1.00\n".encode("cp1252"))

    assert StatementLine.objects.get().external_id == "Müller"


def test_mistakes_are_named_and_the_lines_stay_in_the_form(manager: StaffClient) -> None:
    text = f"{HEADINGS}2026-11-01,1001,abc\nyesterday,1002,5.00\n"

    answer = send(manager, file=text.encode())

    page = answer.content.decode()  # type: ignore[attr-defined]
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert "Line 2, Amount: “abc” is not an amount." in page
    assert "Line 3, Date: “yesterday” is not a date." in page
    assert "yesterday,1002,5.00" in page.partition("<textarea")[2].partition("</textarea>")[0]
    assert not StatementLine.objects.exists()
    mended = text.replace("abc", "7.00").replace("yesterday", "2026-11-01")
    assert send(manager, lines=mended).status_code == 302  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"lines": ""}, "Choose a file, or paste its lines below."),
        ({"file": b""}, "The file is empty."),
        ({"file": b"x" * 500_001}, "larger than 500 kB"),
        ({"file": b"\x00\xff\x00"}, "No line has headings"),
    ],
)
def test_what_is_no_file_is_refused_in_words(
    manager: StaffClient, data: dict[str, object], message: str
) -> None:
    answer = send(manager, **data)  # type: ignore[arg-type]

    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert message in answer.content.decode()  # type: ignore[attr-defined]


@pytest.mark.parametrize("tender", ["card", "eft"])
def test_without_a_second_person_nothing_is_taken_in_and_the_lines_stay(
    manager: StaffClient, tender: str
) -> None:
    text = f"{HEADINGS}2026-11-01,1001,7.00\n"
    StaffEvent.objects.record(
        made := make_user(role="supervisor", password=PASSWORD), "account made", actor=manager.user, at=NOW
    )
    own = {"approver_name": made.username, "approver_password": PASSWORD}
    wrong = {**signature(), "approver_password": "a guess at the pass"}
    signatures = {
        "A second person signs": {},
        "does not hold": wrong,
        "You made or reset the account": own,
        "other than yourself": signature(role="clerk"),
    }

    for message, signed in signatures.items():
        answer = send(manager, lines=text, tender=tender, signed=signed)
        page = answer.content.decode()  # type: ignore[attr-defined]
        assert answer.status_code == 422  # type: ignore[attr-defined]
        assert "2026-11-01,1001,7.00" in page.partition("<textarea")[2].partition("</textarea>")[0]
        assert message in page or "does not hold" in page
    assert not StatementLine.objects.exists()
    assert StaffTask.objects.filter(kind="limit_refused").count() == 1


def test_only_managers_upload(auditor: StaffClient, supervisor: StaffClient, manager: StaffClient) -> None:
    assert supervisor.get(UPLOAD).status_code == 403
    assert auditor.get(UPLOAD).status_code == 403
    assert "Which headings are read" in manager.get(UPLOAD).content.decode()


def test_the_record_of_a_shift_says_which_slips_are_confirmed(manager: StaffClient, shift: Shift) -> None:
    for number in ("1001", "1002"):
        pay_at_till(shift, "card", 900, reference=number)
    close_shift(
        shift,
        BlindCount({"cash": Decimal(500), "card": Decimal(1800), "eft": Decimal(0)}),
        submission="close",
        content="",
        now=timezone.now(),
    )
    send(manager, lines=f"{HEADINGS}{timezone.localdate().isoformat()},1001,900.00\n")

    page = " ".join(
        manager.get(f"/office/shifts/{shift.pk}/").content.decode().replace("\u00a0", " ").split()
    )

    assert "1 of 2 slips are confirmed; R900 is not." in page
    assert page.count("confirmed, ") == 1
    assert page.count("waiting for the settlement") == 1
