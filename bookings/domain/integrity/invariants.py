"""What must always be true, as queries that should find nothing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import Coalesce, Lag

from bookings.database.reference_triggers import missing_reference_triggers
from bookings.database.transactions import one_moment
from bookings.database.triggers import missing_triggers
from bookings.domain.integrity.approvals import sums_over_the_limits_are_approved, waivers_are_approved
from bookings.domain.integrity.boarding import (
    boarding_is_recorded,
    no_shows_hold_nothing,
    standby_claims_nothing,
    standby_does_not_travel,
    times_are_those_that_were_told,
)
from bookings.domain.integrity.chargebacks import chargebacks_are_posted, nothing_follows_a_chargeback
from bookings.domain.integrity.daily_sums import sums_are_those_of_their_rows
from bookings.domain.integrity.disruptions import (
    confirmed_cases_are_signed,
    disrupted_are_seated_waiting_or_refunded,
    interest_is_in_the_ledger,
    waiting_claims_nothing,
    waiting_has_an_open_line,
)
from bookings.domain.integrity.drafts import published_drafts_are_in_the_audit
from bookings.domain.integrity.exchanges import (
    ended_changes_hold_no_seats,
    paid_changes_are_made_or_refunded,
)
from bookings.domain.integrity.invoices import (
    invoice_numbers_have_no_gaps,
    invoices_add_up,
    invoices_are_corrected,
    invoices_follow_the_lines,
)
from bookings.domain.integrity.luggage import coaches_carry_their_luggage, luggage_is_in_the_lines
from bookings.domain.integrity.order_lines import (
    bookings_are_sold_for_their_fares,
    fares_are_earned,
    ledger_follows_the_lines,
    totals_are_the_sums_of_lines,
)
from bookings.domain.integrity.orders import (
    bookings_follow_their_order,
    confirmations_are_sent,
    contacts_are_those_of_the_order,
    tickets_are_for_their_booking,
    times_are_those_of_the_departure,
)
from bookings.domain.integrity.partner_accounts import (
    charges_belong_to_partners,
    commissions_are_in_the_ledger,
    commissions_follow_their_rate,
    nobody_is_credited_more_than_was_charged,
    partners_owe_what_the_ledger_says,
    payments_of_partners_are_posted,
)
from bookings.domain.integrity.payments import (
    attempts_agree_with_payments,
    bank_details_go_when_paid,
    fees_and_differences_have_a_cause,
    gateways_hold_what_came,
    notifications_are_acted_on,
    owed_refunds_are_watched,
    payments_are_posted,
    refunds_are_posted,
    refunds_go_back_the_way_money_came,
)
from bookings.domain.integrity.promo_codes import (
    discounts_are_in_the_lines,
    promo_codes_count_their_orders,
)
from bookings.domain.integrity.seats import (
    available_seats_are_right,
    blocks_hold_their_seats,
    claims_have_a_live_owner,
    claims_lie_within_their_segment,
    open_orders_have_their_seats,
    seats_belong_to_the_coach,
    sold_tickets_hold_their_seats,
)
from bookings.domain.integrity.statements import (
    bank_and_fees_have_a_line,
    differences_have_a_task,
    matches_are_of_their_line,
    statements_are_posted,
    uploads_are_signed,
)
from bookings.domain.integrity.tills import cash_ups_agree, money_lies_in_a_till, tills_agree_with_sales
from bookings.domain.integrity.vouchers import (
    breakage_is_in_the_movements,
    payments_by_voucher_are_movements,
    sold_vouchers_are_paid_for,
    vouchers_are_in_the_ledger,
    vouchers_hold_their_movements,
)
from bookings.domain.integrity.write_offs import write_offs_are_posted, write_offs_are_signed
from bookings.models import (
    VOUCHER,
    Account,
    Booking,
    BookingEvent,
    LedgerEntry,
    Order,
    OutboxMessage,
    Payment,
    Refund,
    SaleStatus,
    Ticket,
    Total,
)


@dataclass(frozen=True)
class Violation:
    rule: str
    subject: str


def violations(*, now: datetime) -> list[Violation]:
    """Everything that is wrong in the database at one moment.

    Empty when all is well. Sales may go on meanwhile.
    """
    return _found_by(_CHECKS, now)


def neglected(*, now: datetime) -> list[Violation]:
    """What mail, queue and sweeps have left lying for a day, though each transaction did its part."""
    return _found_by(_PROMISES, now)


def _found_by(checks: Mapping[str, Callable[[datetime], Iterator[object]]], now: datetime) -> list[Violation]:
    with one_moment():
        return [Violation(rule, str(subject)) for rule, check in checks.items() for subject in check(now)]


def _triggers(now: datetime) -> Iterator[str]:
    yield from missing_triggers()


def _watches(now: datetime) -> Iterator[str]:
    yield from missing_reference_triggers()


def _replaced_tickets(now: datetime) -> Iterator[object]:
    """Whoever was moved has given up the old seat, and holds as many new tickets as were replaced."""
    yield from Ticket.objects.filter(status="replaced", claims__isnull=False).values_list("pk", flat=True)
    issued = Count(
        "events", filter=Q(events__from_status="", events__to_status="valid", events__ticket__isnull=False)
    )
    replaced = Count("events", filter=Q(events__to_status="replaced"))
    yield from (
        Booking.objects.annotate(issued=issued, replaced=replaced)
        .exclude(issued=F("replaced"))
        .values_list("pk", flat=True)
    )


def _postings_balance(now: datetime) -> Iterator[object]:
    sums = LedgerEntry.objects.values("posting").annotate(total=Total("amount"))
    yield from sums.exclude(total=0).values_list("posting", flat=True)


def _balance(account: str, **of: object) -> Coalesce:
    rows = LedgerEntry.objects.filter(account=account, **of).order_by().values(next(iter(of)))
    return Coalesce(
        Subquery(rows.annotate(total=Total("amount")).values("total")),
        0,
        output_field=LedgerEntry._meta.get_field("amount"),
    )


def _owed_by_state(now: datetime) -> Iterator[object]:
    """Nothing is owed on an order that is confirmed, cancelled or expired."""
    settled = Order.objects.exclude(status=SaleStatus.PENDING).annotate(
        owed=_balance(Account.RECEIVABLE, order=OuterRef("pk"))
    )
    yield from settled.exclude(owed=0).values_list("pk", flat=True)


def _refunds_within_payments(now: datetime) -> Iterator[object]:
    """But for interest, which is ours to give."""

    def total(of: QuerySet[Any]) -> Coalesce:
        rows = (
            of.filter(order=OuterRef("pk"))
            .order_by()
            .values("order")
            .annotate(total=Total("amount"))
            .values("total")
        )
        return Coalesce(Subquery(rows), 0, output_field=LedgerEntry._meta.get_field("amount"))

    yield from (
        Order.objects.annotate(
            paid=total(Payment.objects.all()),
            back=total(Refund.objects.exclude(cause__startswith="interest:")),
        )
        .filter(back__gt=F("paid"))
        .values_list("pk", flat=True)
    )


def _refunds_within_their_payments(now: datetime) -> Iterator[object]:
    """No payment gives back more than it brought, and what a drawer or terminal gave back another way than it
    came has its second person.
    """
    # From the refunds, which have no index by payment: there are few beside the payments
    back = Refund.objects.filter(payment__isnull=False).order_by().values("payment", "payment__amount")
    back = back.annotate(back=Total("amount")).filter(back__gt=F("payment__amount"))
    yield from back.values_list("payment", flat=True)
    other_way = Refund.objects.filter(status=Refund.Status.PAID, payment__isnull=False, approver=None)
    yield from (
        f"refund {pk}"
        for pk in other_way.exclude(method=F("payment__method"))
        .exclude(method__in=("", Account.CHARGEBACKS, VOUCHER))
        .values_list("pk", flat=True)
    )
    foreign = Refund.objects.filter(payment__isnull=False).exclude(payment__order=F("order"))
    yield from (f"refund {pk}" for pk in foreign.values_list("pk", flat=True))


def _refunds_owed(now: datetime) -> Iterator[object]:
    """Refunds still to be paid are what the ledger says is owed."""
    owed = Refund.objects.exclude(status=Refund.Status.PAID).aggregate(total=Total("amount"))["total"] or 0
    if owed != -LedgerEntry.objects.balance(Account.REFUNDS_OWED):
        yield f"{owed} in refunds, {-LedgerEntry.objects.balance(Account.REFUNDS_OWED)} in the ledger"


def _event_chains(now: datetime) -> Iterator[object]:
    """The last event of a booking says its state, and each event starts where the one before ended."""
    # No correlated subqueries: without statistics a planner walks through all events for each booking.
    events = BookingEvent.objects.filter(ticket=None)
    last = events.order_by().values("booking").annotate(last=Max("pk")).values("last")
    wrong_end = BookingEvent.objects.filter(pk__in=last).exclude(to_status=F("booking__status"))
    yield from wrong_end.values_list("booking__booking_reference", flat=True)
    in_turn = events.annotate(before=Window(Lag("to_status"), partition_by=[F("booking")], order_by="pk"))
    yield from (
        in_turn.filter(before__isnull=False).exclude(before=F("from_status")).values_list("pk", flat=True)
    )
    events = BookingEvent.objects.filter(booking=OuterRef("pk"), ticket=None)
    yield from Booking.objects.exclude(Exists(events)).values_list("booking_reference", flat=True)


def _confirmed_is_mailed(now: datetime) -> Iterator[object]:
    mail = OutboxMessage.objects.filter(kind=OutboxMessage.Kind.CONFIRMATION, order=OuterRef("pk"))
    yield from (
        Order.objects.filter(status=SaleStatus.CONFIRMED).exclude(Exists(mail)).values_list("pk", flat=True)
    )


_CHECKS: Final[dict[str, Callable[[datetime], Iterator[object]]]] = {
    "the books and the shifts have their triggers": _triggers,
    "a change to reference data is noticed": _watches,
    "a sold ticket holds its seat on all its legs": sold_tickets_hold_their_seats,
    "a claim lies within its ride": claims_lie_within_their_segment,
    "a claim that blocks has a live owner": claims_have_a_live_owner,
    "a block keeps its seat": blocks_hold_their_seats,
    "a replaced ticket has its successor": _replaced_tickets,
    "an open order has its seats": open_orders_have_their_seats,
    "postings sum to 0": _postings_balance,
    "a settled order owes nothing": _owed_by_state,
    "a booking is sold for its fares": bookings_are_sold_for_their_fares,
    "the ledger follows the order lines": ledger_follows_the_lines,
    "daily sums are those of their rows": sums_are_those_of_their_rows,
    "a published draft is in the audit": published_drafts_are_in_the_audit,
    "a promo code counts its orders": promo_codes_count_their_orders,
    "extra luggage is in the lines": luggage_is_in_the_lines,
    "a coach carries its extra luggage": coaches_carry_their_luggage,
    "what a ticket saves is in its lines": discounts_are_in_the_lines,
    "a change that was paid is made or refunded": paid_changes_are_made_or_refunded,
    "a change that is over holds no seat": ended_changes_hold_no_seats,
    "a voucher holds what its movements say": vouchers_hold_their_movements,
    "vouchers are in the ledger": vouchers_are_in_the_ledger,
    "breakage is what lapsed of vouchers": breakage_is_in_the_movements,
    "a voucher that was sold is paid for": sold_vouchers_are_paid_for,
    "what was paid by a voucher went off it, and came back on it": payments_by_voucher_are_movements,
    "refunds are at most what was paid": _refunds_within_payments,
    "a payment gives back what it brought, and the way it came": _refunds_within_their_payments,
    "refunds to be paid are in the ledger": _refunds_owed,
    "events chain up to the state": _event_chains,
    "a confirmed order has its mail": _confirmed_is_mailed,
    "available seats are right": available_seats_are_right,
    "seats belong to the coach": seats_belong_to_the_coach,
    "a no-show holds no seat": no_shows_hold_nothing,
    "standby holds no seat": standby_claims_nothing,
    "nobody travels standing": standby_does_not_travel,
    "who waits for a seat has none": waiting_claims_nothing,
    "who waits for a seat is in an open case": waiting_has_an_open_line,
    "a disrupted ticket is seated, waiting or refunded": disrupted_are_seated_waiting_or_refunded,
    "a case is signed": confirmed_cases_are_signed,
    "interest is in the ledger": interest_is_in_the_ledger,
    "who boarded and who did not come is written down": boarding_is_recorded,
    "a departure has the times that were told of it": times_are_those_that_were_told,
    "a till agrees with its sales": tills_agree_with_sales,
    "a cash-up agrees with its till": cash_ups_agree,
    "cash and card lie in a till": money_lies_in_a_till,
    "a partner owes what the ledger says": partners_owe_what_the_ledger_says,
    "what is charged to a partner was sold by it": charges_belong_to_partners,
    "a commission is in the ledger": commissions_are_in_the_ledger,
    "a commission follows its rate": commissions_follow_their_rate,
    "a partner is credited only what it was charged": nobody_is_credited_more_than_was_charged,
    "a partner's payment is in the ledger, and signed": payments_of_partners_are_posted,
    "an order's total is the sum of its lines": totals_are_the_sums_of_lines,
    "a booking is in the state of its order": bookings_follow_their_order,
    "a ticket is for the departure of its booking": tickets_are_for_their_booking,
    "a booking boards when its departure calls": times_are_those_of_the_departure,
    "a booking has the contact of its order": contacts_are_those_of_the_order,
    "a payment is in the ledger": payments_are_posted,
    "a refund that was paid is in the ledger": refunds_are_posted,
    "gateways hold what came and did not go back": gateways_hold_what_came,
    "an attempt agrees with its payment": attempts_agree_with_payments,
    "bank details of a paid refund are deleted": bank_details_go_when_paid,
    "refunds go back the way money came": refunds_go_back_the_way_money_came,
    "fees and till differences have a cause": fees_and_differences_have_a_cause,
    "what a statement says is in the ledger": statements_are_posted,
    "a line of a statement is matched to its own": matches_are_of_their_line,
    "an upload has its second person": uploads_are_signed,
    "bank and gateway fees come from statements": bank_and_fees_have_a_line,
    "a write-off is in the ledger": write_offs_are_posted,
    "a write-off has its second person": write_offs_are_signed,
    "a chargeback is in the ledger": chargebacks_are_posted,
    "nothing is refunded after a chargeback": nothing_follows_a_chargeback,
    "numbers of tax invoices have no gaps": invoice_numbers_have_no_gaps,
    "a tax invoice adds up": invoices_add_up,
    "a tax invoice is what was sold": invoices_follow_the_lines,
    "a waiver has its second person": waivers_are_approved,
    "sums over the limits have their second person": sums_over_the_limits_are_approved,
}
# Kept by what runs beside the sales, so broken when that stands still
_PROMISES: Final[dict[str, Callable[[datetime], Iterator[object]]]] = {
    "a confirmation is sent within a day": confirmations_are_sent,
    "a notification is acted on within a day": notifications_are_acted_on,
    "a refund owed for a day has a task": owed_refunds_are_watched,
    "a difference to a statement has a task": differences_have_a_task,
    "a fare is earned within a day of boarding": fares_are_earned,
    "a tax invoice is corrected within two days": invoices_are_corrected,
}
