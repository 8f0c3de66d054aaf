"""What partners are said to have transferred, beside the bank's list."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.base.errors import Refusal
from bookings.domain.integrity.invariants import neglected, violations
from bookings.domain.operations.tasks import finish_task
from bookings.domain.partners.partners import Transfer, receive_payment
from bookings.domain.reconciliation.day_page import LineState, statement_page
from bookings.domain.reconciliation.differences import open_difference_tasks
from bookings.domain.reconciliation.files import read_file
from bookings.domain.reconciliation.overview import overview
from bookings.domain.reconciliation.uploads import UploadResult, keep_file
from bookings.models import LedgerEntry, Partner, StaffTask, User
from bookings.tests.make import NOW, make_approval, make_partner, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.database]
LATER = NOW + timedelta(days=3)


@pytest.fixture
def manager() -> User:
    return make_user(role=User.Role.MANAGER)


@pytest.fixture
def partner() -> Partner:
    return make_partner("Blue Travel")


def transferred(partner: Partner, manager: User, amount: int, reference: str) -> None:
    transfer = Transfer(Decimal(amount), reference, make_approval())
    receive_payment(partner, transfer, actor=manager, submission=reference, now=NOW)


def upload(*lines: str, by: User, now: datetime = NOW) -> UploadResult:
    file = read_file("eft", "\n".join(["Date,Reference,Amount", *lines]), now=now)
    assert file.mistakes == []
    return keep_file("eft", file, make_approval(), by=by, now=now)


def open_tasks() -> list[str]:
    tasks = StaffTask.objects.filter(kind="statement_difference", done_at=None).order_by("pk")
    return [task.detail.replace("\u00a0", " ") for task in tasks]


def test_a_transfer_is_confirmed_by_its_line_and_its_money_reaches_the_bank(
    partner: Partner, manager: User
) -> None:
    transferred(partner, manager, 5000, "BLUE NOV")

    assert upload("2026-12-01,EFT BLUE NOV 0001,5000.00", by=manager).matched == 1

    balance = LedgerEntry.objects.balance
    assert (balance("eft"), balance("bank"), balance("partner")) == (0, 5000, -5000)
    (line,) = statement_page("eft", NOW.date(), now=LATER).lines
    assert (line.state, line.text, line.ours) == (LineState.MATCHED, "Blue Travel", Decimal(5000))
    assert open_difference_tasks(now=LATER) == 0
    assert violations(now=NOW) == []


def test_one_that_is_in_no_list_is_a_task_for_somebody_else(partner: Partner, manager: User) -> None:
    upload("2026-12-01,RENT,-5000.00", by=manager)
    transferred(partner, manager, 5000, "BLUE NOV")
    (waiting,) = [line for line in statement_page("eft", NOW.date(), now=NOW).lines if line.ours]

    open_difference_tasks(now=LATER)

    assert waiting.state == LineState.WAITING
    (told,) = open_tasks()
    assert "R5 000 of" in told
    assert "EFT (Blue Travel)" in told
    about: dict[str, Any] = {"note": "ok", "submission": "t", "content": "", "now": LATER}
    with pytest.raises(Refusal, match="slips of your own"):
        finish_task(StaffTask.objects.get(done_at=None).pk, user=manager, **about)
    upload("2026-12-01,BLUE NOV,5000.00", by=manager, now=LATER)
    assert open_tasks() == []
    assert neglected(now=LATER) == []


def test_another_amount_is_a_difference(partner: Partner, manager: User) -> None:
    transferred(partner, manager, 5000, "BLUE NOV")

    upload("2026-12-01,BLUE NOV,4900.00", by=manager)

    assert open_tasks() == ["eft tells of R4 900 on Tue 1 Dec, our books of R5 000"]
    (line,) = statement_page("eft", NOW.date(), now=NOW).lines
    assert line.state == LineState.OTHER_AMOUNT
    transferred(partner, manager, 70, "LOST")
    (day,) = overview(now=LATER).days
    assert (day.theirs, day.ours, day.open_differences) == (4900, 5070, 2)
    assert violations(now=NOW) == []
