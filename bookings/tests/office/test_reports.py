"""Reports: each number is the ledger's, on the page, in the chart and in the files; who may see which."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from bookings.base.money import format_zar
from bookings.domain.counter.void import VoidRequest, void_sale
from bookings.domain.reports.day_sums import sum_days
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.earning import earn_old_fares
from bookings.models import (
    Account,
    Booking,
    DailySum,
    LedgerEntry,
    Order,
    OrderLine,
    Route,
    Schedule,
    Ticket,
    Total,
)
from bookings.office.presenters.reports import REPORTS
from bookings.tests.domain.boarding.door import make_coach, sell, stand_by
from bookings.tests.domain.reconciliation.paying import pay_at_till
from bookings.tests.make import NOW, make_booking, make_schedule, make_shift, make_voucher
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
LAST = NOW + timedelta(days=5)
HTMX = {"HX-Request": "true", "HX-Target": "report"}
PERIOD = f"first={(NOW - timedelta(days=5)).date()}&last={LAST.date()}"


@pytest.fixture
def sales(clerk: StaffClient) -> Booking:
    """A sale on the web that is cancelled, two of a clerk, one of them voided, and one that has travelled."""
    shift = make_shift(clerk.user, opened_at=NOW - timedelta(minutes=30))
    soon = make_schedule(departs=NOW + timedelta(hours=5))
    gone = make_booking(schedule=soon, fare=600, names=("Ann Abel", "Ben Bok"))
    cancel_booking(CancellationRequest(gone.booking_reference), submission="x", content="", now=NOW)
    kept = pay_at_till(shift, "cash", 450, reference="", now=NOW)
    undone = pay_at_till(shift, "cash", 333, reference="", now=NOW)
    reference = Booking.objects.get(order=undone.order).booking_reference
    void_sale(VoidRequest(reference, "wrong day"), shift=shift, submission="v", content="", now=NOW)
    make_booking(fare=750, schedule=make_schedule(departs=NOW + timedelta(hours=1)), now=NOW)
    Order.objects.filter(payments__shift=shift).update(shift=shift)  # as a sale of the clerk has it
    earn_old_fares(now=NOW + timedelta(hours=2))
    sum_days()
    return Booking.objects.get(order=kept.order)


def file_of(client: StaffClient, slug: str, query: str = "") -> list[list[str]]:
    answer: Any = client.get(f"/office/reports/{slug}.csv?{PERIOD}&{query}")
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def sum_of(rows: list[list[str]], heading: str) -> Decimal:
    place = rows[0].index(heading)
    return sum((Decimal(row[place]) for row in rows[1:]), Decimal(0))


def ledger(*accounts: str, **only: Any) -> Decimal:
    entries = LedgerEntry.objects.filter(account__in=accounts, **only)
    return entries.aggregate(total=Total("amount"))["total"] or Decimal(0)


@pytest.mark.parametrize("cut", list(REPORTS["sales"].cuts)[:-1])
def test_sales_are_those_of_the_ledger(manager: StaffClient, sales: Booking, cut: str) -> None:
    rows = file_of(manager, "sales", f"by={cut}")

    assert sum_of(rows, "Net") == -ledger(Account.REVENUE, Account.UNEARNED_FARES, Account.FEE)
    assert sum_of(rows, "Sold") + sum_of(rows, "Taken back") == sum_of(rows, "Net") > 0
    taken = OrderLine.objects.filter(amount__lt=0).aggregate(total=Total("amount"))["total"]
    assert sum_of(rows, "Taken back") == taken < 0


def test_revenue_is_that_of_the_ledger(manager: StaffClient, sales: Booking) -> None:
    rows = file_of(manager, "revenue")

    assert sum_of(rows, "Travelled on this day") == -ledger(Account.REVENUE) == 750
    assert sum_of(rows, "Sold on this day") == -ledger(Account.REVENUE, Account.UNEARNED_FARES)
    assert sum_of(rows, "Fees") == -ledger(Account.FEE) > 0
    assert Decimal(rows[-1][-1]) == -ledger(Account.UNEARNED_FARES)
    assert sum_of(file_of(manager, "revenue", "by=route"), "Travelled") == -ledger(Account.REVENUE)


def test_what_is_not_travelled_is_that_of_the_ledger(manager: StaffClient, sales: Booking) -> None:
    rows = file_of(manager, "unearned")

    assert sum_of(rows, "Not yet travelled") == -ledger(Account.UNEARNED_FARES) == 450
    assert rows[1][0] == sales.boards_at.date().isoformat()


@pytest.mark.parametrize("cut", ["tender", "day"])
def test_money_is_that_of_the_ledger(manager: StaffClient, sales: Booking, cut: str) -> None:
    rows = file_of(manager, "money", f"by={cut}")

    of_cash = [row for row in rows[1:] if "cash" in row]
    assert sum((Decimal(row[-1]) for row in of_cash), Decimal(0)) == ledger(Account.CASH)
    of_gateway = [row for row in rows[1:] if "payment gateway, demo" in row]
    assert sum((Decimal(row[-1]) for row in of_gateway), Decimal(0)) == ledger(Account.GATEWAY)


@pytest.mark.parametrize("cut", list(REPORTS["refunds"].cuts))
def test_refunds_are_those_of_the_ledger(manager: StaffClient, sales: Booking, cut: str) -> None:
    rows = file_of(manager, "refunds", f"by={cut}")

    went_out = ledger(Account.REFUNDS_OWED, amount__gt=0)
    assert sum_of(rows, "Paid back") == went_out == 333
    if cut == "reason":
        assert rows[1:] == [["void", "1", "333.00"]]
    if cut == "clerk":
        assert rows[1][0] == "Nomsa Dlamini"


def test_voids_stand_beside_their_clerk(manager: StaffClient, sales: Booking) -> None:
    rows = file_of(manager, "exceptions")

    assert rows[1][:4] == ["Nomsa Dlamini", "1", "333.00", "0"]
    assert sum_of(rows, "Voided") == -ledger(Account.REFUNDS_OWED, cause__startswith="void:", amount__lt=0)


def test_a_seat_is_counted_where_it_is_sold_and_standby_is_none(manager: StaffClient) -> None:
    coach = make_coach(departs=NOW + timedelta(hours=3), seats=8)
    sell(coach, now=NOW)
    missed = sell(coach, "Ben Bok", now=NOW)
    stand_by(coach, now=NOW)
    Ticket.objects.filter(booking=missed).update(status="no_show")

    of_departure = file_of(manager, "load", "by=departure")
    by_day, by_route = file_of(manager, "load"), file_of(manager, "load", "by=route")

    head = of_departure[0]
    row = dict(zip(head, of_departure[1], strict=True))
    seats = coach.layout.seats.exclude(kind="crew").count()
    assert (row["Seats"], row["Seats sold there"]) == (str(seats), "2")
    assert (row["Standby"], row["No-shows"]) == ("1", "1")
    assert row["Fullest from"] == coach.route.origin.name
    for rows in (by_day, by_route):
        assert (sum_of(rows, "Taken"), sum_of(rows, "Seats"), sum_of(rows, "No-shows")) == (2, seats, 1)
    Schedule.objects.update(status="cancelled")
    assert len(file_of(manager, "load", "by=departure")) == 1


def test_the_week_for_the_accounts_is_equal_to_the_ledger(manager: StaffClient, sales: Booking) -> None:
    page = manager.get(f"/office/reports/accounts/?{PERIOD}")

    sold = format_zar(-ledger(Account.REVENUE, Account.UNEARNED_FARES))
    assert page.context["checks"].lines[0][1:] == (sold, sold, "equal")
    assert page.context["checks"].lines[1][-1] == "equal"
    assert page.context["ledger"].total[-1] == "R0"
    DailySum.objects.filter(by="kind", key="fare", positive__gt=0).update(positive=1)
    assert "NOT EQUAL" in manager.get(f"/office/reports/accounts/?{PERIOD}").content.decode()


def test_vouchers_are_those_of_the_ledger(manager: StaffClient) -> None:
    make_voucher(500)

    rows = file_of(manager, "vouchers")
    assert sum_of(rows, "Amount") == -ledger(Account.VOUCHER_LIABILITY) == 500


def test_a_workbook_has_the_same_and_no_formula(manager: StaffClient, sales: Booking) -> None:
    Route.objects.update(name="=1+1")
    answer = manager.get(f"/office/reports/sales.xlsx?{PERIOD}&by=route")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    rows = list(sheet.iter_rows(values_only=True))

    assert [str(value) for value in rows[0]] == file_of(manager, "sales", "by=route")[0]
    assert sum(Decimal(str(row[-1])) for row in rows[1:]) == sum_of(
        file_of(manager, "sales", "by=route"), "Net"
    )
    assert not any(str(row[0]).startswith("=") for row in rows)


def test_the_page_draws_sorts_and_cuts_into_pages(
    manager: StaffClient, sales: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.office.presenters.reports.page.ROWS", 3)
    page = manager.get(f"/office/reports/sales/?{PERIOD}&sort=-c4&page=2").content.decode()

    assert "<svg" in page
    assert "Most on" in page
    assert 'aria-sort="descending"' in page
    assert "Page 2 of 4" in page
    assert f"first={NOW.date() - timedelta(days=5)}" in page  # the links keep the period
    alone = manager.get(f"/office/reports/sales/?{PERIOD}", headers=HTMX)
    assert alone.content.decode().lstrip().startswith("<section")


def test_a_period_that_makes_no_sense_is_said_beside_it(manager: StaffClient) -> None:
    answer = manager.get("/office/reports/sales/?first=2026-11-09&last=2026-11-01")

    assert answer.status_code == 422
    assert "before the first day" in answer.content.decode()
    assert 'value="2026-11-09"' in answer.content.decode()
    assert manager.get("/office/reports/sales.csv?first=2026-11-09&last=2026-11-01").status_code == 404


def test_a_supervisor_sees_the_branch_alone(
    supervisor: StaffClient, manager: StaffClient, sales: Booking, clerk: StaffClient
) -> None:
    type(clerk.user).objects.filter(pk=supervisor.user.pk).update(branch=clerk.user.branch)

    assert sum_of(file_of(supervisor, "sales"), "Net") == 450
    assert sum_of(file_of(supervisor, "sales", "branch=0"), "Net") == 450  # not theirs to choose
    of_web = file_of(manager, "sales", "branch=0")
    assert sum_of(of_web, "Net") == -ledger(Account.REVENUE, Account.UNEARNED_FARES, Account.FEE) - 450
    for slug in ("load", "partners", "vouchers"):
        assert supervisor.get(f"/office/reports/{slug}/").status_code == 404
    assert "Partners" not in supervisor.get("/office/reports/").content.decode().partition("<main")[2]


def test_who_may_look(clerk: StaffClient, dispatcher: StaffClient, auditor: StaffClient) -> None:
    for client, status in ((clerk, 403), (dispatcher, 403), (auditor, 200)):
        for address in ("/office/reports/", "/office/reports/sales/"):
            assert client.get(address).status_code == status


@pytest.mark.parametrize("slug", list(REPORTS))
def test_no_report_asks_more_for_more_rows(
    manager: StaffClient, sales: Booking, slug: str, django_assert_max_num_queries: Any
) -> None:
    for cut in REPORTS[slug].cuts or ("",):
        with django_assert_max_num_queries(22 if slug == "money" else 14):
            page = manager.get(f"/office/reports/{slug}/?{PERIOD}&by={cut}")
        assert page.status_code == 200
