"""A sale that is paid by several tenders: each part is a payment, and goes back as it came."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from bookings.base.errors import Conflict, RuleBroken
from bookings.domain.counter.shift_records import till_view
from bookings.domain.counter.shifts import expected
from bookings.domain.counter.tender import Taken, Tender, TenderPart, pay_out_refund, take_payment
from bookings.domain.counter.void import VoidRequest, void_sale
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.tickets.receipt_text import receipt_text
from bookings.domain.tickets.receipts import receipt_of
from bookings.models import (
    Account,
    LedgerEntry,
    Order,
    Payment,
    Refund,
    Schedule,
    SeatClaim,
    Shift,
    StaffTask,
)
from bookings.tests.make import (
    NOW,
    make_approval,
    make_booking,
    make_schedule,
    make_shift,
    make_user,
)

LATER = NOW + timedelta(hours=25)
CARD = TenderPart("card", Decimal("300.00"), "T4 1")
COINS = TenderPart("cash", Decimal("600.00"))
pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule(db: None) -> Schedule:
    return make_schedule(departs=NOW + timedelta(days=6))


@pytest.fixture
def shift(db: None) -> Shift:
    return make_shift(make_user(), opening_float=500)


@pytest.fixture
def order(schedule: Schedule) -> Order:
    """Two seats for R900.08."""
    return make_booking(
        schedule=schedule, names=("Ann Mokoena", "Sipho Mokoena"), status="pending", fare="450.04"
    ).order


def take(order: Order, tender: Tender, shift: Shift, *, now: datetime = NOW) -> Taken:
    return take_payment(order, tender, shift=shift, submission="pay", content=repr(tender), now=now)


def amounts(order: Order) -> list[tuple[str, Decimal]]:
    return list(Payment.objects.filter(order=order).order_by("pk").values_list("method", "amount"))


def test_card_and_cash_share_a_sale_and_only_the_cash_is_rounded(order: Order, shift: Shift) -> None:
    taken = take(order, Tender("cash", Decimal(700), parts=(CARD,)), shift)

    order.refresh_from_db()
    assert order.status == "confirmed"
    assert amounts(order) == [("card", Decimal("300.00")), ("cash", Decimal("600.08"))]
    assert (taken.due, taken.change) == (Decimal("600.10"), Decimal("99.90"))
    assert expected(shift) == {"cash": Decimal("1100.10"), "card": Decimal(300), "eft": 0}
    assert LedgerEntry.objects.balance(Account.CASH_ROUNDING) == Decimal("-0.02")
    assert not StaffTask.objects.exists()
    assert violations(now=NOW) == []


def test_cash_first_leaves_the_exact_rest_to_the_card(order: Order, shift: Shift) -> None:
    take(order, Tender("card", reference="T4 2", parts=(COINS,)), shift)

    assert amounts(order) == [("cash", Decimal("600.00")), ("card", Decimal("300.08"))]
    assert not LedgerEntry.objects.filter(account=Account.CASH_ROUNDING).exists()


def test_as_many_parts_as_there_are_cards(order: Order, shift: Shift) -> None:
    cards = tuple(TenderPart("card", Decimal(100), f"T4 {number}") for number in range(4))

    take(order, Tender("cash", parts=cards), shift)

    assert len(amounts(order)) == 5
    view = till_view(shift)
    assert (view.sales, view.takings) == (1, Decimal("900.08"))


def test_the_receipt_names_each_part_and_the_rounding(order: Order, shift: Shift) -> None:
    take(order, Tender("cash", Decimal(700), parts=(CARD,)), shift)

    money = [(row.label, row.amount) for row in receipt_text(receipt_of(order.pk)).money]

    assert money == [
        ("Paid, card", "R300"),
        ("Paid, cash", "R600.08"),
        ("Rounding to coins", "R0.02"),
        ("Cash given", "R700"),
        ("Change", "R99.90"),
    ]


@pytest.mark.parametrize(
    ("tender", "words"),
    [
        (Tender("cash", parts=(TenderPart("card", Decimal("900.08"), "T"),)), "Nothing is left"),
        (Tender("cash", parts=(TenderPart("card", Decimal(1000), "T"),)), "Nothing is left"),
        (Tender("cash", parts=(CARD, TenderPart("card", Decimal("600.09"), "T"))), "Nothing is left"),
        (Tender("cash", parts=(TenderPart("card", Decimal(300)),)), "Enter the reference"),
        (Tender("cash", parts=(TenderPart("card", Decimal(300), "4111 1111 1111 1111"),)), "card number"),
        (Tender("cash", parts=(COINS,)), "all of the cash at once"),
        (Tender("card", reference="T", parts=(COINS, COINS)), "all of the cash at once"),
        (Tender("card", reference="T", parts=(TenderPart("cash", Decimal("0.05")),)), "no coins"),
        (Tender("cash", parts=(TenderPart("card", Decimal(-1), "T"),)), "rand and cents"),
        (Tender("cash", parts=(TenderPart("card", Decimal("0.001"), "T"),)), "rand and cents"),
        (Tender("cash", parts=(TenderPart("eft", Decimal(1), "T"),)), "EFT last"),
        (Tender("cash", parts=(TenderPart("gateway", Decimal(1), "T"),)), "Choose cash"),
        (Tender("cash", Decimal(600), parts=(CARD,)), "not enough"),
        (Tender("card", Decimal(700), "T", parts=(CARD,)), "to the cent"),
    ],
)
def test_parts_that_do_not_fit_are_refused_and_nothing_is_booked(
    order: Order, shift: Shift, tender: Tender, words: str
) -> None:
    with pytest.raises(RuleBroken, match=words):
        take(order, tender, shift)

    assert not Payment.objects.exists()


def test_the_newest_part_goes_back_first_and_each_by_its_own_tender(order: Order, shift: Shift) -> None:
    take(order, Tender("cash", parts=(CARD,)), shift)
    booking = order.bookings.get()

    cancel_booking(CancellationRequest(booking.booking_reference), submission="c", content="", now=NOW)

    refunds = list(Refund.objects.order_by("pk").select_related("payment"))
    owed = sum(refund.amount for refund in refunds)
    assert [refund.payment.method for refund in refunds] == ["cash", "card"]
    assert refunds[0].amount == Decimal("600.08")
    assert refunds[1].amount == owed - Decimal("600.08")
    for refund in refunds:
        method = refund.payment.method
        pay_out_refund(
            refund.pk,
            Tender(method, reference="T4 9", approval=make_approval()),
            shift=shift,
            submission=f"back {refund.pk}",
            content="",
            now=NOW,
        )
    assert expected(shift)["cash"] == Decimal(500)  # 600.10 came, and 600.10 went back
    assert violations(now=NOW) == []


def test_a_void_gives_every_part_back(order: Order, shift: Shift) -> None:
    take(order, Tender("cash", parts=(CARD,)), shift)

    void_sale(
        VoidRequest(order.bookings.get().booking_reference, "wrong day", make_approval().approver),
        shift=shift,
        submission="void",
        content="",
        now=NOW,
    )

    assert expected(shift) == {"cash": Decimal(500), "card": 0, "eft": 0}
    assert violations(now=NOW) == []


def test_a_late_order_is_paid_in_parts_while_its_seats_are_free(order: Order, shift: Shift) -> None:
    take(order, Tender("cash", parts=(CARD,)), shift, now=LATER)

    order.refresh_from_db()
    assert (order.status, len(amounts(order)), Refund.objects.count()) == ("confirmed", 2, 0)
    assert violations(now=LATER) == []


def test_seats_that_are_gone_book_no_part(order: Order, shift: Shift, schedule: Schedule) -> None:
    seats = set(SeatClaim.objects.filter(ticket__booking__order=order).values_list("seat__label", flat=True))
    expire_unpaid(now=LATER)
    make_booking(schedule=schedule, names=("Jan Botha", "Eva Botha"), status="confirmed")
    assert seats == set(SeatClaim.objects.values_list("seat__label", flat=True))

    with pytest.raises(Conflict, match="no longer free"):
        take(order, Tender("cash", parts=(CARD,)), shift, now=LATER)

    assert not Payment.objects.filter(order=order).exists()
