"""What must always be true of cases, as queries that should find nothing."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q

from bookings.models import (
    Account,
    Disruption,
    DisruptionLine,
    LedgerEntry,
    Refund,
    SaleStatus,
    SeatClaim,
    Ticket,
    Total,
)

_CARRIED_OUT = (Disruption.Status.CONFIRMED, Disruption.Status.CLOSED)


def waiting_claims_nothing(now: datetime) -> Iterator[object]:
    """Who waits for a seat has none, and has neither boarded nor failed to come."""
    waiting = Ticket.objects.filter(place=Ticket.Place.WAITING)
    claims = SeatClaim.objects.filter(ticket=OuterRef("pk"))
    odd = waiting.filter(Exists(claims) | Q(status__in=(Ticket.Status.BOARDED, Ticket.Status.NO_SHOW)))
    yield from odd.values_list("pk", flat=True)


def waiting_has_an_open_line(now: datetime) -> Iterator[object]:
    """Whoever waits is in a confirmed case that is not closed: nobody is forgotten."""
    lines = DisruptionLine.objects.filter(
        ticket=OuterRef("pk"), disruption__status=Disruption.Status.CONFIRMED
    )
    waiting = Ticket.objects.filter(
        place=Ticket.Place.WAITING, status=Ticket.Status.VALID, booking__status=SaleStatus.CONFIRMED
    )
    yield from waiting.exclude(Exists(lines)).values_list("pk", flat=True)


def disrupted_are_seated_waiting_or_refunded(now: datetime) -> Iterator[object]:
    """A ticket of a case that was carried out is good for a seat (or lap) on a departure that runs, waits, or
    is over: refunded, replaced, or travelled.
    """
    lines = DisruptionLine.objects.filter(disruption__status__in=_CARRIED_OUT)
    valid = lines.filter(ticket__status=Ticket.Status.VALID, ticket__booking__status=SaleStatus.CONFIRMED)
    stranded = valid.exclude(ticket__place=Ticket.Place.WAITING).filter(ticket__schedule__status="cancelled")
    yield from stranded.values_list("ticket", flat=True).distinct()
    unpaid = lines.exclude(ticket__booking__status__in=(SaleStatus.CONFIRMED, SaleStatus.CANCELLED))
    yield from unpaid.values_list("ticket", flat=True).distinct()


def confirmed_cases_are_signed(now: datetime) -> Iterator[object]:
    """A case that was carried out says by whom, and its second person is another."""
    cases = Disruption.objects.filter(status__in=_CARRIED_OUT)
    odd = Q(confirmed_by=None) | Q(approver=F("confirmed_by"))
    yield from cases.filter(odd).values_list("pk", flat=True)


def interest_is_in_the_ledger(now: datetime) -> Iterator[object]:
    """What is owed or was paid as interest is what the ledger has."""
    owed = Refund.objects.filter(cause__startswith="interest:").aggregate(total=Total("amount"))["total"] or 0
    if owed != LedgerEntry.objects.balance(Account.INTEREST):
        yield f"{owed} in refunds, {LedgerEntry.objects.balance(Account.INTEREST)} in the ledger"
