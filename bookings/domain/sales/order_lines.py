"""What is sold, line by line: the only writer of order lines and of `Order.total`, which is their sum.

A line is never changed: what is taken back is a line of its own. The ledger follows the lines, each kind on
the account that ACCOUNTS names. What is earned by travelling is owed to the passengers until their departure:
until then it lies on `unearned_fares` (`domain.sales.earning`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce

from bookings.base.money import ZERO
from bookings.database.compiled import insert_rows
from bookings.database.transactions import short_transaction
from bookings.domain.fares.luggage import PricedLuggage
from bookings.domain.fares.refund_rules import RefundQuote
from bookings.domain.fares.tax import fare_tax_code, tax_code
from bookings.domain.sales.ledger import EARNED, sold_by_account
from bookings.domain.timetable.segments import Segment
from bookings.models import (
    Account,
    Booking,
    BookingEvent,
    BookingStep,
    LedgerEntry,
    Order,
    OrderLine,
    Posting,
    SaleStatus,
    Shift,
    Ticket,
    Total,
    User,
)

Kind = OrderLine.Kind
# A new kind of line: the account that it is booked on
ACCOUNTS: Final[Mapping[str, Account]] = {
    Kind.FARE: Account.UNEARNED_FARES,
    Kind.SEAT_UPGRADE: Account.UNEARNED_FARES,
    Kind.LUGGAGE: Account.UNEARNED_FARES,
    Kind.PROMO: Account.UNEARNED_FARES,
    Kind.CHANGE_FEE: Account.FEE,
    Kind.CANCELLATION_FEE: Account.FEE,
    Kind.VOUCHER_SALE: Account.VOUCHER_LIABILITY,
}
# What is sold of a trip, and taken back with it; fees are not
OF_TRIP: Final = tuple(kind for kind, account in ACCOUNTS.items() if account == Account.UNEARNED_FARES)
# What a ticket's own fare is made of
OF_FARE: Final = (Kind.FARE, Kind.SEAT_UPGRADE, Kind.PROMO)
_NEWEST: Final = 500  # orders, among which a release may have left some without lines


@dataclass(frozen=True, kw_only=True)
class NewLine:
    """A line before it is written. `amount` in rand is that of all `quantity` together.

    `rule` is what it was priced by. A line with a ticket is taken back and moved with it.
    """

    kind: str
    amount: Decimal
    tax_code: str
    ticket: Ticket | None = None
    quantity: int = 1
    rule: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LineChange:
    """Lines that are written together: what is sold, and what of before is taken back (`open_lines`)."""

    sold: Sequence[NewLine] = ()
    taken_back: Sequence[NewLine] = ()

    @property
    def total(self) -> Decimal:
        """In rand: positive is to be paid, negative goes back."""
        return _sum(self.sold) + _sum(self.taken_back)


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Why lines are written: the posting's cause, and the account on which their sum is owed."""

    name: str
    against: Account
    at: datetime
    actor: User | None = None
    shift: Shift | None = None


def fare_lines(ticket: Ticket, *, is_abroad: bool, promo: str = "") -> list[NewLine]:
    """The fare of a new ticket, and what a promo code takes off it: together `Ticket.fare`."""
    rule = {"class": ticket.fare_class.code, "type": ticket.passenger_type.slug}
    fare = NewLine(
        kind=Kind.FARE,
        amount=ticket.fare + ticket.discount,
        tax_code=fare_tax_code(is_abroad=is_abroad),
        ticket=ticket,
        rule=rule,
    )
    if not ticket.discount:
        return [fare]
    discount = replace(fare, kind=Kind.PROMO, amount=-ticket.discount, rule={"code": promo} if promo else {})
    return [fare, discount]


def luggage_lines(ticket: Ticket, luggage: PricedLuggage, *, is_abroad: bool) -> list[NewLine]:
    """Extra pieces that are sold with a ticket, or to it later; none for none."""
    if not luggage.pieces:
        return []
    code = luggage.tax_code or tax_code(Kind.LUGGAGE, of_fare=fare_tax_code(is_abroad=is_abroad))
    rule = {"piece_price": str(luggage.piece_price), "refund": str(luggage.refund)}
    pieces = luggage.pieces
    return [
        NewLine(
            kind=Kind.LUGGAGE, amount=luggage.total, tax_code=code, ticket=ticket, quantity=pieces, rule=rule
        )
    ]


def fee_line(kind: str, ticket: Ticket, quote: RefundQuote, *, taken_back: Iterable[NewLine]) -> NewLine:
    """The fee of giving back a ticket whose lines are taken back; 0 if it costs nothing."""
    of_fare = next((line.tax_code for line in taken_back if line.ticket == ticket), fare_tax_code())
    return NewLine(
        kind=kind,
        amount=quote.fee,
        tax_code=tax_code(kind, of_fare=of_fare),
        ticket=ticket,
        rule={"rule": quote.rule.value},
    )


def insert_order(order: Order, *, total: Decimal) -> None:
    """Write a new order, whose first lines follow in the same transaction and sum to `total`."""
    order.total = total
    insert_rows([order])


def post_sale(booking: Booking, lines: Sequence[NewLine], *, now: datetime) -> None:
    """A new booking's first event and its lines, which are part of the total of its new order."""
    shift, seller = booking.order.shift, booking.order.seller
    BookingEvent.objects.record(BookingStep(booking, "", SaleStatus.PENDING, at=now, actor=seller))
    cause = Cause(name=f"sale:{booking.pk}", against=Account.RECEIVABLE, at=now, actor=seller, shift=shift)
    _write(booking, LineChange(sold=lines), cause)


def write_lines(of: Booking | Order, change: LineChange, cause: Cause) -> None:
    """Add lines to a booking, or to an order as a whole, with their posting; the total follows.

    The caller holds the order.
    """
    _write(of, change, cause)
    if change.total:
        set_totals([of.order_id if isinstance(of, Booking) else of.pk])


def set_totals(order_ids: Collection[int]) -> None:
    """Let the totals of these orders be the sums of their lines."""
    sums = OrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order")
    total = Coalesce(Subquery(sums.annotate(total=Total("amount")).values("total")), ZERO)
    Order.objects.filter(pk__in=order_ids).update(total=total)


def take_back_sale(booking: Booking, cause: Cause) -> None:
    """Take back all that is sold of a booking's trip."""
    write_lines(booking, LineChange(taken_back=open_lines(booking)), cause)


def open_lines(booking: Booking, tickets: Collection[Ticket] | None = None) -> list[NewLine]:
    """Lines that take back what is sold of a booking's trip, or of these tickets of it."""
    lines = OrderLine.objects.filter(booking=booking, kind__in=OF_TRIP)
    if tickets is not None:
        lines = lines.filter(ticket__in=tickets)
    return _taking_back(lines)


def open_voucher_lines(order: Order) -> list[NewLine]:
    """Lines that take back the voucher which an order sells; none for an order of trips."""
    return _taking_back(OrderLine.objects.filter(order=order, kind=Kind.VOUCHER_SALE))


def lines_to_sell_again(of: Booking | Order) -> list[NewLine]:
    """What expiry took back of a booking, or of an order that has none, as lines that sell it anew."""
    own = {"booking": of} if isinstance(of, Booking) else {"order": of, "booking": None}
    lines = list(OrderLine.objects.filter(**own, cause__startswith="expired:").order_by("pk"))
    return _taking_back(line for line in lines if line.cause == lines[-1].cause)


def lapsed_on(order: Order) -> Decimal:
    """What an order costs again of which the bookings ran out, in rand."""
    expired = order.bookings.filter(status=SaleStatus.EXPIRED)
    lines = [lines_to_sell_again(booking) for booking in expired] or [lines_to_sell_again(order)]
    return sum(map(_sum, lines), ZERO)


def move_lines(booking: Booking, part: Booking, tickets: Collection[Ticket], *, now: datetime) -> None:
    """Give what is sold to these tickets of a booking to another part of the same order."""
    taken_back = open_lines(booking, tickets)
    sold = [replace(line, amount=-line.amount) for line in taken_back]
    out = _amounts(booking, LineChange(taken_back=taken_back), now)
    for of, name, lines, sign in ((booking, "out", taken_back, 1), (part, "in", sold, -1)):
        cause = Cause(name=f"split-{name}:{part.pk}", against=Account.RECEIVABLE, at=now)
        _insert(of, lines, cause)
        amounts = {account: sign * amount for account, amount in out.items()}
        _post(of, amounts, cause)


def write_missing_lines() -> int:
    """Give lines to the newest orders that have none: a release before there were lines may have placed them
    while this one was already there. Returns to how many.
    """
    newest = list(Order.objects.order_by("-pk").values_list("pk", flat=True)[:_NEWEST])
    lines = OrderLine.objects.filter(order=OuterRef("pk"))
    standing = (SaleStatus.PENDING, SaleStatus.CONFIRMED)
    bare = Order.objects.filter(~Exists(lines), pk__in=newest, bookings__status__in=standing).distinct()
    orders = list(bare.order_by("pk").values_list("pk", flat=True))
    for order_id in orders:
        with short_transaction():
            Order.objects.select_for_update(no_key=True).get(pk=order_id)
            if not OrderLine.objects.filter(order=order_id).exists():
                _write_lines_of_tickets(order_id)
    return len(orders)


def _write_lines_of_tickets(order_id: int) -> None:
    bookings = Booking.objects.filter(order=order_id).select_related(
        "schedule", "from_stop__stop__city", "to_stop__stop__city"
    )
    for booking in bookings.filter(status__in=(SaleStatus.PENDING, SaleStatus.CONFIRMED)).order_by("pk"):
        is_abroad = Segment(booking.schedule, booking.from_stop, booking.to_stop).is_abroad
        tickets = booking.tickets.select_related("fare_class", "passenger_type").order_by("pk")
        tickets = tickets.exclude(status__in=(Ticket.Status.CANCELLED, Ticket.Status.REPLACED))
        cause = Cause(name=f"sale:{booking.pk}", against=Account.RECEIVABLE, at=booking.booking_date)
        _insert(
            booking, [line for ticket in tickets for line in fare_lines(ticket, is_abroad=is_abroad)], cause
        )
    set_totals([order_id])


def _taking_back(lines: Iterable[OrderLine]) -> list[NewLine]:
    """The same, the other way round, in one line for each ticket and kind of which something is left."""
    left: dict[tuple[str, int | None, str], list[OrderLine]] = defaultdict(list)
    for line in lines:
        left[line.kind, line.ticket_id, line.tax_code].append(line)
    return [
        NewLine(
            kind=kind,
            amount=-amount,
            tax_code=code,
            ticket=Ticket(pk=ticket_id) if ticket_id else None,
            quantity=abs(sum(line.quantity if line.amount > 0 else -line.quantity for line in rows)) or 1,
            rule=next((line.rule for line in rows if line.rule), {}),
        )
        for (kind, ticket_id, code), rows in left.items()
        if (amount := _sum(rows))
    ]


def _write(of: Booking | Order, change: LineChange, cause: Cause) -> None:
    _insert(of, [*change.taken_back, *change.sold], cause)
    _post(of, _amounts(of, change, cause.at), cause)


def _insert(of: Booking | Order, lines: Iterable[NewLine], cause: Cause) -> None:
    booking = of if isinstance(of, Booking) else None
    insert_rows(
        [
            OrderLine(
                order_id=booking.order_id if booking else of.pk,
                booking=booking,
                ticket_id=line.ticket.pk if line.ticket else None,
                kind=line.kind,
                quantity=line.quantity,
                amount=line.amount,
                tax_code=line.tax_code,
                rule=dict(line.rule),
                cause=cause.name,
                at=cause.at,
            )
            for line in lines
        ]
    )


def _amounts(of: Booking | Order, change: LineChange, at: datetime) -> dict[Account, Decimal]:
    """What the lines move on their accounts, credits negative.

    What is sold after the departure is earned at once. What is taken back comes from what is not yet earned,
    and only then from revenue.
    """
    amounts: dict[Account, Decimal] = defaultdict(lambda: ZERO)
    has_boarded = isinstance(of, Booking) and of.boards_at <= at
    for line in change.sold:
        account = ACCOUNTS[line.kind]
        amounts[Account.REVENUE if has_boarded and account in EARNED else account] -= line.amount
    back = -_sum(line for line in change.taken_back if ACCOUNTS[line.kind] in EARNED)
    if isinstance(of, Booking) and back:
        unearned = min(back, sold_by_account(of)[Account.UNEARNED_FARES])
        amounts[Account.UNEARNED_FARES] += unearned
        amounts[Account.REVENUE] += back - unearned
    for line in change.taken_back:
        if ACCOUNTS[line.kind] not in EARNED:
            amounts[ACCOUNTS[line.kind]] -= line.amount
    return amounts


def _post(of: Booking | Order, amounts: Mapping[Account, Decimal], cause: Cause) -> None:
    booking = of if isinstance(of, Booking) else None
    LedgerEntry.objects.post(
        Posting(
            cause.name,
            {**amounts, cause.against: -sum(amounts.values(), ZERO)},
            at=cause.at,
            order=of if isinstance(of, Order) else None,
            booking=booking,
            shift=cause.shift,
            actor=cause.actor,
        )
    )


def _sum(lines: Iterable[NewLine | OrderLine]) -> Decimal:
    return sum((line.amount for line in lines), ZERO)
