"""What somebody changes by hand in vouchers is noticed by the rule that is meant for it."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.gateway_refunds import pay_waiting_refunds
from bookings.domain.sales.voucher_payments import pay_with_voucher
from bookings.models import LedgerEntry, Posting, Refund, Voucher, VoucherMovement
from bookings.tests.domain.sales.buy import ordered
from bookings.tests.make import NOW, make_schedule, make_voucher
from bookings.tests.tampering import no_triggers

pytestmark = [pytest.mark.django_db, pytest.mark.database]
HOLDS, LEDGER, PAID = (
    "a voucher holds what its movements say",
    "vouchers are in the ledger",
    "what was paid by a voucher went off it, and came back on it",
)


@pytest.fixture
def voucher() -> Voucher:
    """One that has paid, and has some of it again."""
    voucher, code = make_voucher(2000)
    order = ordered(make_schedule())
    pay_with_voucher(order.pk, code, submission="pay", now=NOW)
    booking = order.bookings.get()
    tickets = [booking.tickets.order_by("pk")[1].pk]
    request = CancellationRequest(booking.booking_reference, ticket_ids=tickets)
    cancel_booking(request, submission="cancel", content="", now=NOW)
    pay_waiting_refunds(now=NOW)
    assert violations(now=NOW) == []
    return voucher


def rewrite(kind: str, **values: object) -> None:
    with no_triggers():
        VoucherMovement.objects.filter(kind=kind).update(**values)


def post(**amounts: int) -> None:
    values = {account: Decimal(amount) for account, amount in amounts.items()}
    LedgerEntry.objects.post(Posting("by hand", values, at=NOW))


TAMPERINGS: dict[str, tuple[str, Callable[[Voucher], object]]] = {
    "balance raised": (HOLDS, lambda v: Voucher.objects.update(balance=F("balance") + 1)),
    "value raised": (HOLDS, lambda v: Voucher.objects.update(value=F("value") + 1)),
    "balance and movement raised": (
        LEDGER,
        lambda v: (
            rewrite("issued", amount=F("amount") + 1),
            Voucher.objects.update(balance=F("balance") + 1, value=F("value") + 1),
        ),
    ),
    "liability taken by hand": (LEDGER, lambda v: post(voucher_liability=100, safe=-100)),
    "movement lowered": (PAID, lambda v: rewrite("redeemed", amount=F("amount") + 1)),
    "refund came twice": (PAID, lambda v: Refund.objects.update(amount=F("amount") + 1)),
    "refund came another way": (PAID, lambda v: Refund.objects.update(method="cash")),
}


@pytest.mark.parametrize("state", TAMPERINGS)
def test_what_was_tampered_with_is_noticed(voucher: Voucher, state: str) -> None:
    rule, tamper = TAMPERINGS[state]

    tamper(voucher)

    assert rule in {violation.rule for violation in violations(now=NOW)}


def test_movements_are_append_only_and_no_balance_falls_below_nothing(voucher: Voucher) -> None:
    changes = (
        lambda: VoucherMovement.objects.update(amount=1),
        lambda: VoucherMovement.objects.all().delete(),
        lambda: Voucher.objects.update(balance=-1),
    )
    for change in changes:
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
