"""What partners earn: frozen at the sale, taken back in proportion, deducted at once or at a month's end."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from bookings.base.errors import Refusal
from bookings.domain.integrity.invariants import violations
from bookings.domain.partners.monthly_commission import credit_monthly_commission
from bookings.domain.partners.partners import set_commission, set_line_rate
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.partner_accounts import CreditExceeded
from bookings.models import Account, Commission, LedgerEntry, Order, Partner, Ticket
from bookings.tests.domain.partners.sale import partner_order, sold_by
from bookings.tests.make import NOW, make_partner, make_schedule

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def earning(percent: str | int = 10, settlement: str = "net", *, credit: int = 5000) -> Partner:
    return set_commission(make_partner(credit=credit), Decimal(percent), settlement, now=NOW)


def owes(partner: Partner) -> Decimal:
    partner.refresh_from_db()
    assert violations(now=NOW) == []
    return partner.owes


def earned(partner: Partner) -> list[Decimal]:
    rows = Commission.objects.filter(payment__order__partner=partner)
    return list(rows.order_by("pk").values_list("amount", flat=True))


def cancel(order: Order, *tickets: int) -> None:
    booking = Ticket.objects.get(pk=tickets[0]).booking if tickets else order.bookings.get()
    request = CancellationRequest(booking.booking_reference, ticket_ids=list(tickets) or None)
    cancel_booking(request, submission=f"c{order.pk}{tickets}", content="", now=NOW + 2 * DAY)


@pytest.mark.database
def test_net_is_deducted_from_each_sale_and_taken_back_with_what_is_refunded() -> None:
    partner = earning()
    order = sold_by(partner, make_schedule(departs=NOW + 10 * DAY))

    assert (order.total, owes(partner), earned(partner)) == (900, 810, [90])
    cancel(order)  # 25 % fee: R675 goes back, and R67.50 of what was earned by it

    assert earned(partner) == [90, Decimal("-67.50")]
    assert owes(partner) == Decimal("202.50")  # what the company keeps, less 10 %
    assert LedgerEntry.objects.balance(Account.COMMISSION) == Decimal("22.50")


def test_a_later_rate_touches_no_sale_before() -> None:
    partner = earning()
    order = sold_by(partner, make_schedule(departs=NOW + 10 * DAY))
    set_commission(partner, Decimal(50), "gross", now=NOW)

    cancel(order)

    assert earned(partner) == [90, Decimal("-67.50")]
    assert owes(partner) == Decimal("202.50")


def test_a_line_has_its_own_rate() -> None:
    partner, schedule = earning(), make_schedule(departs=NOW + 10 * DAY)
    set_line_rate(partner, schedule.route.line, Decimal("12.5"), now=NOW)
    sold_by(partner, schedule)
    set_line_rate(partner, schedule.route.line, Decimal(0), now=NOW)
    sold_by(partner, schedule, "1C", "1D")
    set_line_rate(partner, schedule.route.line, None, now=NOW)
    sold_by(partner, schedule, "2A", "2B")

    assert earned(partner) == [Decimal("112.50"), 90]
    assert owes(partner) == 2700 - Decimal("202.50")


@pytest.mark.database
def test_all_of_it_is_gone_when_all_went_back_passenger_by_passenger() -> None:
    """Each part is rounded; what is left goes with the last."""
    partner = earning("3.33")
    order = sold_by(partner, make_schedule(departs=NOW + 10 * DAY))
    first, second = Ticket.objects.filter(booking__order=order).order_by("pk").values_list("pk", flat=True)

    cancel(order, first)
    cancel(order, second)

    assert sum(earned(partner)) == Decimal("29.97") - Decimal("22.48")
    assert LedgerEntry.objects.balance(Account.COMMISSION) == sum(earned(partner))
    assert owes(partner) == 225 - sum(earned(partner))


@pytest.mark.database
def test_gross_is_credited_for_a_month_that_is_over_and_once() -> None:
    partner = earning(settlement="gross")
    order = sold_by(partner, make_schedule(departs=NOW + 60 * DAY))
    assert (owes(partner), earned(partner)) == (900, [90])

    assert credit_monthly_commission(now=NOW + DAY) == 0
    cancel(order, Ticket.objects.filter(booking__order=order).first().pk)
    for _night in range(2):
        credit_monthly_commission(now=NOW + 31 * DAY)

    entry = LedgerEntry.objects.get(cause=f"commission-month:{partner.pk}:2026-12", account="partner")
    assert entry.amount == -sum(earned(partner))
    assert entry.at.astimezone().date() <= date(2026, 12, 31)
    assert LedgerEntry.objects.balance(Account.COMMISSION) == sum(earned(partner))
    partner.refresh_from_db()
    assert partner.owes == LedgerEntry.objects.balance(Account.PARTNER)
    assert violations(now=NOW + 31 * DAY) == []


@pytest.mark.database
def test_the_credit_limit_counts_what_is_charged() -> None:
    partner = earning(credit=810)
    sold_by(partner, make_schedule(departs=NOW + 10 * DAY))
    assert owes(partner) == 810

    gross = set_commission(make_partner("Gross", credit=810), Decimal(10), "gross", now=NOW)
    order = partner_order(gross, make_schedule(departs=NOW + 11 * DAY))
    with pytest.raises(CreditExceeded):
        sold_by(gross, order.bookings.get().schedule, "1C", "1D")


def test_who_earns_nothing_has_no_rows() -> None:
    partner = make_partner(credit=5000)
    cancel(sold_by(partner, make_schedule(departs=NOW + 10 * DAY)))

    assert (earned(partner), owes(partner)) == ([], 225)


@pytest.mark.parametrize("percent", ["-1", "100.01", "1.234", "NaN"])
def test_no_rate_is_less_than_nothing_or_more_than_all(percent: str) -> None:
    partner = make_partner()
    with pytest.raises(Refusal, match="from 0 to 100"):
        set_commission(partner, Decimal(percent), "net", now=NOW)
    with pytest.raises(Refusal, match="from 0 to 100"):
        set_line_rate(partner, make_schedule().route.line, Decimal(percent), now=NOW)
