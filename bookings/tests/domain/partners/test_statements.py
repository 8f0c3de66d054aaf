"""A month of a partner's account, from the ledger alone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bookings.domain.partners.monthly_commission import credit_monthly_commission
from bookings.domain.partners.partners import Transfer, receive_payment, set_commission
from bookings.domain.partners.statement_pdf import statement_pdf
from bookings.domain.partners.statements import (
    AccountLineKind,
    Ageing,
    get_statement,
    months_of,
    statement_lines,
)
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.models import LedgerEntry, Partner, Posting
from bookings.tests.domain.partners.sale import sold_by
from bookings.tests.make import NOW, make_company, make_partner, make_schedule, make_user
from bookings.tests.pdf_reader import pages_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
DECEMBER = date(2026, 12, 1)
JANUARY = datetime(2027, 1, 20, 10, tzinfo=UTC)


@pytest.fixture
def partner() -> Partner:
    return set_commission(make_partner(now=NOW), Decimal(10), "gross", now=NOW)


def charge(partner: Partner, amount: int, at: datetime) -> None:
    amounts = {"partner": Decimal(amount), "eft": Decimal(-amount)}
    LedgerEntry.objects.post(Posting(f"by hand {at}", amounts, at=at, partner=partner))


@pytest.mark.database
def test_a_month_tells_sales_refunds_commission_payments_and_balance(partner: Partner) -> None:
    order = sold_by(partner, make_schedule(departs=NOW + 60 * DAY))
    request = CancellationRequest(order.bookings.get().booking_reference)
    sold_by(partner, make_schedule(departs=NOW + 61 * DAY), "1C", "1D")
    cancel_booking(request, submission="c", content="", now=NOW + 2 * DAY)
    transfer = Transfer(Decimal(100), "EFT 1")
    receive_payment(partner, transfer, actor=make_user(), submission="p", now=NOW + 3 * DAY)

    open_month = get_statement(partner, DECEMBER, now=NOW + 4 * DAY)
    assert (open_month.earned, open_month.sum_of(AccountLineKind.COMMISSION)) == (Decimal("112.50"), 0)
    credit_monthly_commission(now=JANUARY)
    statement = get_statement(partner, date(2026, 12, 24), now=JANUARY)

    assert {kind.value: statement.sum_of(kind) for kind in AccountLineKind} == {
        "sale": 1800,
        "refund": -675,
        "commission": Decimal("-112.50"),
        "payment": -100,
        "other": 0,
    }
    partner.refresh_from_db()
    assert (statement.opening, statement.closing) == (0, partner.owes)
    assert statement.until == date(2026, 12, 31)
    lines = list(statement_lines(partner, DECEMBER))
    assert sum(line.amount for line in lines) == statement.closing
    assert lines[0].reference == order.bookings.get().booking_reference

    later = get_statement(partner, date(2027, 1, 1), now=JANUARY)
    assert (later.opening, later.days, later.closing) == (statement.closing, (), statement.closing)
    assert months_of(partner, now=JANUARY) == [date(2027, 1, 1), DECEMBER]


@pytest.mark.database
def test_the_oldest_is_paid_first(partner: Partner) -> None:
    end = date(2027, 3, 31)
    for age, amount in ((0, 1), (30, 2), (31, 4), (60, 8), (61, 16), (90, 32), (91, 64), (200, 128)):
        at = datetime(2027, 3, 31, 12, tzinfo=UTC) - age * DAY
        charge(partner, amount, at)

    now = datetime(2027, 3, 31, 20, tzinfo=UTC)
    assert get_statement(partner, end, now=now).ageing == Ageing(*map(Decimal, (3, 12, 48, 192)))
    charge(partner, -150, now - DAY)
    assert get_statement(partner, end, now=now).ageing == Ageing(*map(Decimal, (3, 12, 48, 42)))
    charge(partner, -500, now)
    statement = get_statement(partner, end, now=now)
    assert statement.ageing == Ageing(Decimal(0), Decimal(0), Decimal(0), Decimal(0))
    assert statement.closing == 255 - 650


@pytest.mark.database
def test_a_month_ends_at_midnight_in_south_africa(partner: Partner) -> None:
    charge(partner, 5, datetime(2026, 12, 31, 21, 59, tzinfo=UTC))
    charge(partner, 7, datetime(2026, 12, 31, 22, 0, tzinfo=UTC))

    assert get_statement(partner, DECEMBER, now=JANUARY).closing == 5
    assert get_statement(partner, date(2027, 1, 1), now=JANUARY).opening == 5


def test_its_pdf_says_the_same_and_is_the_same(partner: Partner) -> None:
    make_company()
    sold_by(partner, make_schedule(departs=NOW + 60 * DAY))
    statement = get_statement(partner, DECEMBER, now=NOW)

    pdf = statement_pdf(statement)

    text = " ".join(" ".join(pages_of(pdf)).split()).replace("\u00a0", " ")
    for part in ("Statement for December 2026", "TravelHub", "Owed to us", "R900", "over 90 days", "R90"):
        assert part in text
    assert statement_pdf(get_statement(partner, DECEMBER, now=NOW)) == pdf


@pytest.mark.parametrize("many", [1, 3])
def test_it_asks_the_same_of_the_database_for_one_and_three(
    partner: Partner, django_assert_num_queries: object, many: int
) -> None:
    for number in range(many):
        charge(partner, 5, NOW + number * DAY)

    with django_assert_num_queries(3):  # type: ignore[operator]  # days, kinds, what was earned
        get_statement(partner, DECEMBER, now=NOW)
    with django_assert_num_queries(1):  # type: ignore[operator]
        list(statement_lines(partner, DECEMBER))
