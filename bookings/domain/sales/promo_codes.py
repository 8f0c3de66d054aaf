"""Promo codes: what one takes off an order, and how many orders use it.

What a passenger saves is a line of its own (`OrderLine.Kind.PROMO`) beside the fare, and `Ticket.fare` is
what is left to be paid: so a refund gives back what was paid and never more. An exchange, and a seat of
another class, keep the rand that a ticket saved, up to the new fare, if what the code asks of a trip holds
for the new one; else they are taken back. What it asks of a sale (channel, days, number) was asked then.

The row of a code is locked after its order, its bookings, payments and refunds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db import IntegrityError
from django.db.models import F, Q
from django.utils.translation import gettext as _

from bookings.base.codes import normal_code
from bookings.base.dates import day_text
from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.base.money import ZERO, cents, format_zar
from bookings.database.transactions import busy_if_locked, database_now, short_transaction
from bookings.models import Channel, Hold, Order, OrderLine, PromoCode, SaleStatus, Ticket, Total, User

CODE_LENGTH: Final = 20
LIVE: Final = (SaleStatus.PENDING, SaleStatus.CONFIRMED)


class PromoCodeRefused(Refusal):
    """The code that was typed takes nothing off this order; without it the order can be placed."""


@dataclass(frozen=True)
class PromoSale:
    """What the rules of a code ask of a sale."""

    channel: str
    email: str
    day: date


@dataclass(frozen=True)
class PricedSeat:
    """What one passenger pays on one trip before any discount, and what the rules of a code ask of it."""

    fare: Decimal
    line_id: int
    class_id: int
    travel_day: date


@dataclass(frozen=True)
class Discount:
    """What a code takes off each seat of each trip, in rand, or why it takes off nothing."""

    code: str = ""  # as it was typed, or as it is known
    amounts: tuple[tuple[Decimal, ...], ...] = ()
    promo: PromoCode | None = None
    refusal: str = ""

    def check(self) -> None:
        """Raises PromoCodeRefused where the code takes off nothing."""
        if self.refusal:
            raise PromoCodeRefused(self.refusal)

    @property
    def total(self) -> Decimal:
        return sum((amount for of_trip in self.amounts for amount in of_trip), ZERO)

    def of_trip(self, index: int) -> tuple[Decimal, ...]:
        """By seat; empty without a discount."""
        return self.amounts[index] if self.amounts else ()


NO_DISCOUNT: Final = Discount()


def channels_of(promo: PromoCode) -> list[Channel]:
    """Where the code can be used."""
    return [channel for channel in Channel if getattr(promo, f"for_{channel.value}")]


def is_promo_code(code: str) -> bool:
    """Whether there is such a code, be it stopped or used up."""
    return PromoCode.objects.filter(plain_code=normal_code(code)[:CODE_LENGTH]).exists()


def keep_promo_code(token: str, code: str, *, owner: str) -> None:
    """Keep what was typed as a promo code with the hold of this visitor, good or not; empty: none."""
    with busy_if_locked():
        Hold.objects.filter(token=token, owner=owner, order=None).update(promo_code=code[:CODE_LENGTH])


def quote_discount(code: str, trips: Sequence[Sequence[PricedSeat]], sale: PromoSale) -> Discount:
    """What the code takes off these seats; nothing is kept, and it may be used up by others meanwhile.

    Three queries, a fourth for a code that each contact may use so many times.
    """
    promo = PromoCode.objects.filter(plain_code=normal_code(code)[:CODE_LENGTH]).first()
    if promo is None:
        return Discount(code, refusal=_("We do not know this promo code. Please check it, or remove it."))
    fitting = _fitting(promo, trips)
    fares = [seat.fare for of_trip in fitting for seat in of_trip if seat]
    refusal = _refusal(promo, sale) or _refusal_of_order(promo, sum(fares, ZERO))
    if not refusal and _is_used_by(promo, sale.email, others=0):
        refusal = _used_by_contact()
    if refusal:
        return Discount(promo.code, refusal=refusal)
    parts = iter(_parts(promo, fares))
    amounts = tuple(tuple(next(parts) if seat else ZERO for seat in of_trip) for of_trip in fitting)
    return Discount(promo.code, amounts, promo)


def _fitting(promo: PromoCode, trips: Iterable[Sequence[PricedSeat]]) -> list[list[PricedSeat | None]]:
    """The seats that the code is for, None for the others."""
    lines = set(promo.lines.values_list("pk", flat=True))
    classes = set(promo.classes.values_list("pk", flat=True))

    def fits(seat: PricedSeat) -> bool:
        is_in_time = (promo.travel_from is None or seat.travel_day >= promo.travel_from) and (
            promo.travel_to is None or seat.travel_day <= promo.travel_to
        )
        return (
            is_in_time and (not lines or seat.line_id in lines) and (not classes or seat.class_id in classes)
        )

    return [[seat if fits(seat) else None for seat in seats] for seats in trips]


def _refusal(promo: PromoCode, sale: PromoSale) -> str:
    if promo.stopped_at or (promo.sale_to and sale.day > promo.sale_to):
        return _("This promo code is no longer valid.")
    if sale.channel not in (channels := channels_of(promo)):
        where = ", ".join(str(channel.label) for channel in channels)
        return _("This promo code cannot be used here. It can be used: %(where)s.") % {"where": where}
    if promo.sale_from and sale.day < promo.sale_from:
        return _("This promo code is valid from %(day)s.") % {"day": day_text(promo.sale_from)}
    if promo.max_uses is not None and promo.uses >= promo.max_uses:
        return _used_up()
    return ""


def _refusal_of_order(promo: PromoCode, fares: Decimal) -> str:
    if not fares:
        return _("This promo code is not for this trip: it is for other days, lines or seats.")
    if fares < promo.minimum:
        return _("This promo code is for orders of %(minimum)s or more.") % {
            "minimum": format_zar(promo.minimum)
        }
    return ""


def remaining_discounts(
    order: Order, tickets: Sequence[Ticket], seats: Sequence[PricedSeat]
) -> list[Decimal]:
    """What each of these tickets of an order still saves, in rand, once it has the trip and the full fare of
    its seat: as much as before, up to that fare, if the code's line, class and days of travel hold, and the
    order does not fall below the code's minimum by it. No query where no ticket saves anything.
    """
    promo = order.promo_code if any(ticket.discount for ticket in tickets) else None
    most = [min(ticket.discount, seat.fare) for ticket, seat in zip(tickets, seats, strict=True)]
    if promo is None:
        return most
    (fitting,) = _fitting(promo, [seats])
    fares = sum((seat.fare for seat in fitting if seat), ZERO)
    before = sum((ticket.fare + ticket.discount for ticket in tickets), ZERO)
    if fares < min(before, promo.minimum) and fares + _fares_of_others(order, tickets) < promo.minimum:
        return [ZERO] * len(tickets)
    return [amount if seat else ZERO for amount, seat in zip(most, fitting, strict=True)]


def _fares_of_others(order: Order, tickets: Sequence[Ticket]) -> Decimal:
    """The full fares of the other tickets that the order's code takes something off."""
    others = Ticket.objects.filter(booking__order=order, discount__gt=0)
    others = others.exclude(status__in=(Ticket.Status.CANCELLED, Ticket.Status.REPLACED))
    rows = others.exclude(pk__in=[ticket.pk for ticket in tickets]).values_list("fare", "discount")
    return sum((fare + discount for fare, discount in rows), ZERO)


def _used_up() -> str:
    return _("This promo code has been used up. You can book without it.")


def _used_by_contact() -> str:
    return _("This promo code was already used with this e-mail address. You can book without it.")


def _parts(promo: PromoCode, fares: Sequence[Decimal]) -> list[Decimal]:
    """The discount of each fare: its percentage, or its share of the rand by its part of the sum; the cents
    that rounding leaves over go with the last ones.
    """
    if promo.kind == PromoCode.Kind.PERCENT:
        return [cents(fare * promo.value / 100) for fare in fares]
    left, of = min(promo.value, sum(fares, ZERO)), sum(fares, ZERO)
    parts = []
    for fare in fares:
        part = cents(left * fare / of) if of else ZERO
        parts.append(part)
        left, of = left - part, of - fare
    return parts


def _is_used_by(promo: PromoCode, email: str, *, others: int) -> bool:
    """Whether as many unpaid or paid orders of this address have the code as may, besides `others`."""
    if promo.max_uses_of_contact is None or not email:
        return False
    orders = Order.objects.filter(promo_code=promo, status__in=LIVE, email__iexact=email)
    return orders.count() - others >= promo.max_uses_of_contact


def use_promo_code(promo: PromoCode, order: Order) -> None:
    """Count a new order that has the code, in its transaction: its row is written. Locks the code's row.

    Raises PromoCodeRefused where others were first or the code was stopped, and for a code that each contact
    may use so many times where there is no address.
    """
    if promo.max_uses_of_contact is not None and not order.email:
        raise PromoCodeRefused(_("This promo code needs an e-mail address."))
    if not _count_use(promo.pk, stopped_at=None):
        raise PromoCodeRefused(_used_up())
    if _is_used_by(promo, order.email, others=1):
        raise PromoCodeRefused(_used_by_contact())


def use_again(order: Order) -> bool:
    """Count an expired order that is paid late, if its code is not used up meanwhile. The order is locked."""
    return order.promo_code_id is None or _count_use(order.promo_code_id)


def _count_use(promo_id: int, **rules: None) -> bool:
    free = PromoCode.objects.filter(Q(max_uses=None) | Q(uses__lt=F("max_uses")), pk=promo_id, **rules)
    return free.update(uses=F("uses") + 1) == 1


def free_uses(promo_ids: Iterable[int | None]) -> None:
    """Count orders no more, of these codes, that were cancelled or expired in this transaction."""
    for promo_id in sorted(promo_id for promo_id in promo_ids if promo_id):
        PromoCode.objects.filter(pk=promo_id).update(uses=F("uses") - 1)


def discounts_given(promos: Iterable[PromoCode]) -> dict[int, Decimal]:
    """What each of these codes took off the paid orders that have it, by its id, in rand. One query."""
    lines = OrderLine.objects.filter(
        kind=OrderLine.Kind.PROMO,
        order__promo_code__in=[promo.pk for promo in promos],
        order__status=SaleStatus.CONFIRMED,
    )
    sums = lines.order_by().values_list("order__promo_code").annotate(total=Total("amount"))
    return {promo_id: -total for promo_id, total in sums}


def list_promo_codes() -> list[PromoCode]:
    """All, the newest first, with their lines and classes. Three queries."""
    return list(PromoCode.objects.prefetch_related("lines", "classes").order_by("-pk")[:500])


def add_promo_code(
    promo: PromoCode, *, lines: Iterable[int], classes: Iterable[int], actor: User
) -> PromoCode:
    """Make a code, for the lines and fare classes of these ids, or all. Raises Refusal for a code of other
    signs than letters and digits, a discount that is none, Conflict for a code that is taken or looks alike.
    """
    code = promo.code.strip().upper()
    if not 3 <= len(code) <= CODE_LENGTH or not (code.isascii() and code.isalnum()):
        raise Refusal(_("Enter a code of 3 to 20 letters and digits."))
    if not channels_of(promo):
        raise Refusal(_("Choose where the code can be used."))
    if promo.value <= 0 or (promo.kind == PromoCode.Kind.PERCENT and promo.value > 100):
        raise Refusal(_("Enter a discount above 0, and of at most 100 percent."))
    for first, last in ((promo.sale_from, promo.sale_to), (promo.travel_from, promo.travel_to)):
        if first and last and first > last:
            raise Refusal(_("The last day lies before the first."))
    promo.code, promo.plain_code = code, normal_code(code)
    promo.created_at, promo.created_by = database_now(), actor
    try:
        with short_transaction():
            promo.save(force_insert=True)
            promo.lines.set(lines)
            promo.classes.set(classes)
    except IntegrityError as clash:
        raise Conflict(
            _("There is already a promo code like this one: O is read as 0, I and L as 1.")
        ) from clash
    return promo


def stop_promo_code(promo_id: int, *, actor: User, now: datetime | None = None) -> PromoCode:
    """Let no more orders have the code from now on; those that have it keep it."""
    with short_transaction():
        open_code = PromoCode.objects.filter(pk=promo_id, stopped_at=None)
        open_code.update(stopped_at=now or database_now(), stopped_by=actor)
    promo = PromoCode.objects.filter(pk=promo_id).first()
    if promo is None:
        raise NotFound(_("We could not find this promo code."))
    return promo
