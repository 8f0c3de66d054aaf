"""A difference to a statement is written off by a person with a reason, and can be taken back."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from bookings.base.errors import Conflict, Refusal
from bookings.domain.integrity.invariants import violations
from bookings.domain.reconciliation.day_page import statement_page
from bookings.domain.reconciliation.days import business_day
from bookings.domain.reconciliation.differences import open_difference_tasks
from bookings.domain.reconciliation.ledger_export import journal_lines
from bookings.domain.reconciliation.write_offs import WriteOffRequest, take_back_write_off, write_off
from bookings.domain.sales.approvals import NeedsApproval
from bookings.models import Account, LedgerEntry, StaffTask, StatementLine, User, WriteOff
from bookings.tests.make import NOW, make_approval, make_statement_line, make_user
from bookings.tests.tampering import no_triggers

pytestmark = pytest.mark.django_db
TODAY = business_day(NOW)


@pytest.fixture
def line() -> StatementLine:
    """The gateway has R40 that our books do not know."""
    line = make_statement_line("demo", 40, at=NOW, day=TODAY, external_id="unknown")
    open_difference_tasks(now=NOW)
    return line


def request_for(line: StatementLine, **facts: Any) -> WriteOffRequest:
    amount = Decimal(line.gross)
    return replace(
        WriteOffRequest("demo", TODAY, f"statement:{line.pk}", amount, "gateway cannot say"),
        **facts,
    )


def written(line: StatementLine, *, form: str = "form", actor: User | None = None, **facts: Any) -> WriteOff:
    return write_off(request_for(line, **facts), actor=actor or make_user(), submission=form, now=NOW)


def test_a_difference_is_written_off_and_taken_back(line: StatementLine) -> None:
    row = written(line)

    assert LedgerEntry.objects.balance(Account.GATEWAY, gateway="demo") == 40
    assert LedgerEntry.objects.balance(Account.WRITE_OFF) == -40
    task = StaffTask.objects.get(subject=f"statement:{line.pk}")
    assert "gateway cannot say" in task.done_note
    assert statement_page("demo", TODAY, now=NOW).open_differences == 0
    assert ("412", Decimal(-40)) in {(entry.code, entry.amount) for entry in journal_lines(TODAY, TODAY)}
    assert violations(now=NOW) == []

    take_back_write_off(row.pk, reason="found it", actor=make_user(), now=NOW)

    assert LedgerEntry.objects.balance(Account.WRITE_OFF) == 0
    assert StaffTask.objects.filter(subject=f"statement:{line.pk}", done_at=None).count() == 1
    assert violations(now=NOW) == []
    with pytest.raises(Conflict, match="already"):
        take_back_write_off(row.pk, reason="again", actor=make_user(), now=NOW)
    assert written(line, form="anew").turn == 1
    assert violations(now=NOW) == []


def test_it_is_written_off_once_for_what_it_is(line: StatementLine) -> None:
    clerk = make_user()
    assert written(line, actor=clerk) == written(line, actor=clerk)
    with pytest.raises(Conflict, match="already"):
        written(line, form="other")
    with pytest.raises(Refusal, match="has changed"):
        written(line, form="third", amount=Decimal(30))
    with pytest.raises(Refusal, match="reason"):
        written(line, form="fourth", reason=" ")


def test_over_the_limit_a_second_person_signs_also_in_pieces(settings: Any) -> None:
    settings.WRITE_OFF_APPROVAL_OVER = Decimal(50)
    clerk = make_user()
    rows = [
        make_statement_line("demo", 40, at=NOW, day=TODAY, external_id=f"unknown {number}")
        for number in range(2)
    ]
    written(rows[0], actor=clerk)

    with pytest.raises(NeedsApproval):
        written(rows[1], actor=clerk, form="second")

    assert written(rows[1], actor=clerk, form="signed", approval=make_approval()).approver


def test_a_fee_that_no_line_tells_of_is_written_off_too() -> None:
    request = WriteOffRequest("demo", TODAY, "", Decimal("-1.15"), "fee of June rounded otherwise")
    write_off(request, actor=make_user(), submission="form", now=NOW)

    assert LedgerEntry.objects.balance(Account.GATEWAY, gateway="demo") == Decimal("-1.15")
    assert violations(now=NOW) == []


def test_nothing_of_it_can_be_changed_and_a_change_is_noticed(line: StatementLine) -> None:
    written(line)
    with pytest.raises(IntegrityError), transaction.atomic():
        WriteOff.objects.update(reason="other")

    with no_triggers():
        WriteOff.objects.update(amount=41)

    assert "a write-off is in the ledger" in {row.rule for row in violations(now=NOW)}


def test_it_is_done_on_the_page_of_the_day(client: Client) -> None:
    now = timezone.now()
    line = make_statement_line("demo", 40, at=now, day=business_day(now), external_id="unknown")
    page = f"/office/reconciliation/demo/{business_day(now)}/"
    manager = make_user(role=User.Role.MANAGER)
    client.force_login(manager)
    address = f"{page}write-off/"
    assert "Write off" in client.get(page).content.decode()
    form = {"subject": f"statement:{line.pk}", "amount": "40.00", "reason": "", "submission": "form"}
    assert client.post(address, form).status_code == 422

    assert client.post(address, form | {"reason": "cannot be found"}).status_code == 302

    shown = client.get(page).content.decode()
    assert "cannot be found" in shown
    row = WriteOff.objects.get()
    back = f"{page}write-off/{row.pk}/take-back/"
    assert client.post(back, {"reason": "found"}).status_code == 302
    assert WriteOff.objects.count() == 2
    client.force_login(make_user())
    assert client.post(address, form).status_code == 403
