"""The ledger for accounts: each day balances, and the file is what Xero takes in."""

import csv
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.domain.reconciliation.account_map import DEFAULT_CODES
from bookings.models import Account
from bookings.tests.domain.reconciliation.paying import pay_at_till
from bookings.tests.make import make_booking, make_shift, make_user
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
LEDGER = "/office/reconciliation/ledger/"
# 00:30 on the 1st in South Africa, and 23:30 on the 2nd
EARLY, LATE = datetime(2026, 10, 31, 22, 30, tzinfo=UTC), datetime(2026, 11, 2, 21, 30, tzinfo=UTC)


@pytest.fixture
def books(db: None) -> None:
    make_booking(fare=600, now=EARLY)
    shift = make_shift(make_user(), opened_at=LATE)
    pay_at_till(shift, "card", 450, reference="1001", now=LATE)
    make_booking(fare=999, now=LATE + timedelta(hours=1))  # the 3rd


def rows_of(client: StaffClient, query: str) -> list[dict[str, str]]:
    answer: Any = client.get(f"{LEDGER}?{query}&file=csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def test_each_journal_balances_and_has_the_days_of_the_period_alone(
    auditor: StaffClient, books: None
) -> None:
    rows = rows_of(auditor, "first=2026-11-01&last=2026-11-02")

    journals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        journals[row["*Narration"], row["*Date"]] += Decimal(row["*Amount"])
    assert journals == {
        ("Ticket sales of 2026-11-01", "01/11/2026"): Decimal(0),
        ("Ticket sales of 2026-11-02", "02/11/2026"): Decimal(0),
    }
    card = [row for row in rows if row["Description"] == "card"]
    assert [(row["*AccountCode"], row["*Amount"], row["*TaxRate"]) for row in card] == [
        (DEFAULT_CODES["card"], "450.00", "No VAT")
    ]
    assert [row["*Amount"] for row in rows if row["Description"] == "payment gateway, demo"] == ["600.00"]


def test_codes_are_settings(manager: StaffClient, books: None, settings: Any) -> None:
    settings.LEDGER_ACCOUNT_CODES = {"gateway:demo": "777", "card": "778"}

    rows = rows_of(manager, "first=2026-11-01&last=2026-11-02")

    codes = {row["Description"]: row["*AccountCode"] for row in rows}
    assert (codes["payment gateway, demo"], codes["card"]) == ("777", "778")


def test_the_page_sums_each_account(manager: StaffClient, books: None) -> None:
    page = manager.get(f"{LEDGER}?first=2026-11-01&last=2026-11-02").content.decode()

    totals = page.partition("<tfoot>")[2].partition("</tfoot>")[0]
    assert totals.count("R2\u00a0") + totals.count("R1\u00a0") == 2
    assert "payment gateway, demo" in page


def test_a_period_that_makes_no_sense_is_refused_and_kept(manager: StaffClient) -> None:
    answer = manager.get(f"{LEDGER}?first=2026-11-02&last=2026-11-01")

    assert answer.status_code == 422
    assert "before the first day" in answer.content.decode()
    assert 'value="2026-11-02"' in answer.content.decode()
    assert manager.get(f"{LEDGER}?first=2020-11-02&last=2026-11-01").status_code == 422
    assert manager.get(f"{LEDGER}?first=x&last=2026-11-01").status_code == 422


def test_last_month_is_offered(manager: StaffClient, supervisor: StaffClient) -> None:
    assert manager.get(LEDGER).status_code == 200
    assert supervisor.get(LEDGER).status_code == 403


def test_every_account_has_a_code() -> None:
    assert set(Account.values) <= DEFAULT_CODES.keys()
