"""What somebody could change by hand in the accounts of partners is noticed."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F

from bookings.domain.integrity.invariants import violations
from bookings.domain.partners.monthly_commission import credit_monthly_commission
from bookings.domain.partners.partners import Transfer, receive_payment, set_commission
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.models import Commission, LedgerEntry, PartnerPayment, Posting, Refund
from bookings.tests.domain.partners.sale import sold_by
from bookings.tests.make import NOW, make_partner, make_schedule, make_user
from bookings.tests.tampering import no_triggers

pytestmark = [pytest.mark.django_db, pytest.mark.database]
LATER = NOW + timedelta(days=40)
POSTED = "a commission is in the ledger"
RATE = "a commission follows its rate"
SIGNED = "a partner's payment is in the ledger, and signed"


@pytest.fixture(scope="module")
def _sold(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Made once for all tests here, and taken back after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        _sell()
        connection.check_constraints()  # once: what waits for a check, each test would check again
        yield
        transaction.set_rollback(True)


@pytest.fixture
def books(_sold: None, db: None) -> None:
    assert PartnerPayment.objects.count() == 2


def _sell() -> None:
    """A partner that settles net and one that settles gross, each with a sale, a cancellation, a payment."""
    for name, settlement in (("Net", "net"), ("Gross", "gross")):
        partner = set_commission(make_partner(name), Decimal("7.77"), settlement, now=NOW)
        order = sold_by(partner, make_schedule(departs=NOW + timedelta(days=60)))
        request = CancellationRequest(order.bookings.get().booking_reference)
        cancel_booking(request, submission=name, content="", now=NOW + timedelta(days=2))
        receive_payment(partner, Transfer(Decimal(100), "EFT 1"), actor=make_user(), submission=name, now=NOW)
    assert credit_monthly_commission(now=LATER) == 1
    assert violations(now=LATER) == []


def rewrite(rows: Callable[[], object]) -> None:
    with no_triggers():
        rows()


def net() -> Commission:
    return Commission.objects.filter(settlement="net", refund=None).get()


def repeat_payment() -> None:
    row = PartnerPayment.objects.first()
    row.pk, row._state.adding = None, True
    row.save()


def credit_more() -> None:
    order = Refund.objects.first().order
    amounts = {"partner": Decimal(-900), "revenue": Decimal(900)}
    LedgerEntry.objects.post(Posting("by hand", amounts, at=NOW, order=order))


TAMPERINGS: dict[str, tuple[str, Callable[[], object]]] = {
    "earned more": (POSTED, lambda: Commission.objects.filter(pk=net().pk).update(amount=F("amount") + 1)),
    "earned at another rate": (RATE, lambda: Commission.objects.filter(pk=net().pk).update(percent=8)),
    "lost less": (POSTED, lambda: Commission.objects.filter(refund__isnull=False).update(amount=-1)),
    "lost more than earned": (
        RATE,
        lambda: Commission.objects.filter(refund__isnull=False).update(amount=-800),
    ),
    "commission without its row": (POSTED, lambda: Commission.objects.filter(settlement="net").delete()),
    "month without its rows": (POSTED, lambda: Commission.objects.filter(settlement="gross").delete()),
    "commission posted by hand": (
        POSTED,
        lambda: LedgerEntry.objects.post(
            Posting("by hand", {"commission": Decimal(5), "revenue": Decimal(-5)}, at=NOW)
        ),
    ),
    "credited more than charged": ("a partner is credited only what it was charged", credit_more),
    "payment of a partner raised": (SIGNED, lambda: PartnerPayment.objects.update(amount=101)),
    "payment of a partner without posting": (SIGNED, repeat_payment),
    "posting without the payment": (SIGNED, lambda: PartnerPayment.objects.all().delete()),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_it_is_noticed(books: None, name: str) -> None:
    rule, tamper = TAMPERINGS[name]
    rewrite(tamper)

    assert rule in {violation.rule for violation in violations(now=LATER)}


def test_a_large_payment_that_one_person_booked_alone_is_noticed(books: None, settings: object) -> None:
    settings.PARTNER_PAYMENT_APPROVAL_OVER = Decimal(99)  # type: ignore[attr-defined]

    assert [violation.rule for violation in violations(now=NOW)] == [SIGNED, SIGNED]
