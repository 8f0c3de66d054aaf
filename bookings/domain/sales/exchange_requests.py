"""Changes that customers make themselves: confirmed at once where nothing is to pay, else once it is paid.

Until then nothing is posted, the old tickets stay valid and the new seats are held.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from bookings.base.codes import random_token
from bookings.base.errors import Busy, Conflict, NotFound, RuleBroken, SeatTaken
from bookings.base.money import format_zar
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.company.settings import company_settings
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import read_claims, refresh
from bookings.domain.sales.bookings import Settle, booking_called
from bookings.domain.sales.exchange_quotes import ExchangeQuote, TripChange
from bookings.domain.sales.exchange_terms import (
    Change,
    Quote,
    freeze,
    kind_of,
    make_change,
    quote_change,
    thaw,
    tickets_of,
)
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.hold_limits import check_hold_limits
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.messages import write_message
from bookings.domain.sales.orders import lock_order
from bookings.domain.sales.party_changes import LuggageOfPartyQuote, SeatsQuote
from bookings.domain.sales.refunds import owe_back
from bookings.domain.sales.staff_tasks import open_task
from bookings.domain.timetable.segments import Segment
from bookings.models import (
    Booking,
    ExchangeRequest,
    Hold,
    HoldTrip,
    Order,
    OutboxMessage,
    Payment,
    PaymentAttempt,
    Refund,
    Seat,
    SeatClaim,
    StaffTask,
)

Status = ExchangeRequest.Status
_OWNER: Final = "exchange:%s"  # no visitor's key looks so


def confirm_change(
    change: Change,
    *,
    settle: Settle | None = None,
    network: str = "",
    submission: str,
    content: str,
    now: datetime | None = None,
) -> ExchangeRequest:
    """Do what a customer was quoted, once per `submission`: at once where nothing is to pay, or `settle`
    takes it; else the new seats are held for PAYMENT_MINUTES, and nothing is changed before the money.

    Raises what `quote_change` raises, and Conflict when the balance is no longer `quoted` or another change
    of the booking waits for its payment.
    """
    result = run_once(
        "exchange-request",
        submission,
        content,
        action=lambda: str(confirm_within(change, settle=settle, network=network, now=now).pk),
        now=now or database_now(),
    )
    return ExchangeRequest.objects.select_related("booking__order", "changed").get(pk=int(result))


def confirm_within(
    change: Change, *, settle: Settle | None = None, network: str = "", now: datetime | None
) -> ExchangeRequest:
    """As `confirm_change`, within a transaction of the caller's, who holds no lock and runs it once."""
    order_id = booking_called(change.reference).order_id
    locked = lock_order(order_id, also=_schedules_of(change))
    now = now or locked.now
    drop_expired(list(locked.schedules), now=now)
    booking = booking_called(change.reference)
    lapse_requests(now=now, of=booking)
    if ExchangeRequest.objects.filter(booking=booking, status=Status.OPEN).exists():
        raise Conflict(
            _("A change of this booking waits for its payment already. Pay for it, or give it up.")
        )
    quote = quote_change(change, now=now)
    quote.difference.check(change.quoted)
    amount = quote.difference.balance
    request = ExchangeRequest(
        token=random_token(),
        booking=booking,
        kind=kind_of(change),
        terms=freeze(quote),
        amount=amount,
        created_at=now,
    )
    if amount <= 0 or settle:
        request.changed = make_change(replace(change, quoted=amount), settle=settle, now=now)
        request.status, request.ended_at = Status.DONE, now
    else:
        request.expires_at = _pay_by(quote, now)
        request.hold = _hold_seats(request, quote, network, now)
    request.save(force_insert=True)
    refresh(locked.schedules)
    return request


def _schedules_of(change: Change) -> list[int]:
    return [change.to.schedule_id] if isinstance(change, TripChange) else []


def _pay_by(quote: Quote, now: datetime) -> datetime:
    """Not past the departure of either coach. Raises Conflict when that is now."""
    until = now + timedelta(minutes=company_settings.payment_minutes)
    boarding = [quote.booking.boards_at]
    if isinstance(quote, ExchangeQuote):
        boarding.append(quote.segment.boards_at)
    until = min([until, *boarding])
    if until <= now:
        raise Conflict(_("There is no time left to pay for this before the coach leaves."))
    return until


def _hold_seats(request: ExchangeRequest, quote: Quote, network: str, now: datetime) -> Hold | None:
    """Keep the new seats, and the space for extra luggage, until the request expires; None where it needs
    neither. What the passengers sit on already is theirs.
    """
    segment, seats, pieces = _needs(quote)
    if segment is None or request.expires_at is None:
        return None
    own = SeatClaim.objects.filter(schedule=segment.schedule.pk, ticket__in=tickets_of(quote))
    taken = set(own.values_list("seat", "leg"))
    owner = _OWNER % request.token
    if network and seats:
        live = read_claims(segment.schedule.pk).live(now)
        check_hold_limits(segment.schedule, len(seats), live, owner=owner, network=network, now=now)
    hold = Hold.objects.create(
        token=random_token(), owner=owner, network=network, created_at=now, expires_at=request.expires_at
    )
    trip = HoldTrip.objects.create(
        hold=hold,
        schedule=segment.schedule,
        from_stop=segment.board,
        to_stop=segment.alight,
        extra_luggage=pieces,
    )
    rows = claims.claims_of_hold(trip, seats, segment.legs, expires_at=request.expires_at)
    try:
        claims.claim(row for row in rows if (row.seat_id, row.leg) not in taken)
    except IntegrityError as clash:  # the unique constraint is the referee of last resort
        raise SeatTaken([seat.label for seat in seats]) from clash
    return hold


def _needs(quote: Quote) -> tuple[Segment | None, Sequence[Seat], int]:
    if isinstance(quote, ExchangeQuote):
        seats = [line.seat for line in quote.lines if line.seat]
        is_same_coach = quote.segment.schedule.pk == quote.booking.schedule_id
        pieces = 0 if is_same_coach else sum(line.luggage.pieces for line in quote.lines)
        return quote.segment, seats, pieces
    booking = quote.booking
    segment = Segment(booking.schedule, booking.from_stop, booking.to_stop)
    if isinstance(quote, SeatsQuote):
        return segment, [line.seat for line in quote.lines], 0
    if isinstance(quote, LuggageOfPartyQuote):
        return segment, [], sum(line.added.pieces for line in quote.lines)
    return None, [], 0


def request_called(token: str) -> ExchangeRequest:
    """Raises NotFound."""
    rows = ExchangeRequest.objects.select_related("booking__order", "changed", "hold")
    request = rows.filter(token=token).first()
    if request is None:
        raise NotFound(_("We could not find this change."))
    return request


def schedules_held(request_id: int) -> Iterable[int]:
    """Ids of the departures that a request is about besides those of its order."""
    held = HoldTrip.objects.filter(hold__exchange_request=request_id)
    to = ExchangeRequest.objects.filter(pk=request_id).values_list("terms", flat=True).first() or {}
    named = str(to.get("to", "")).partition("|")[0]
    return {*held.values_list("schedule", flat=True), *([int(named)] if named else [])}


def give_up_change(token: str, *, now: datetime | None = None) -> ExchangeRequest:
    """Give up a change that waits for its payment, and its seats; the trip stays as it was. Again it changes
    nothing. Money that comes all the same goes back.

    Raises NotFound, and Conflict while the bank decides.
    """
    request = request_called(token)
    with short_transaction():
        locked = lock_order(request.booking.order_id, also=schedules_held(request.pk))
        now = now or locked.now
        if request.attempts.filter(status=PaymentAttempt.Status.PENDING).exists():
            raise Conflict(_("Your bank is still confirming this; do not pay again."))
        if _end(request, Status.WITHDRAWN, now):
            request.attempts.filter(status=PaymentAttempt.Status.STARTED).update(
                status=PaymentAttempt.Status.ABANDONED
            )
            refresh(locked.schedules)
    return request_called(token)


def _end(request: ExchangeRequest, status: str, now: datetime, reason: str = "") -> bool:
    """End an open or lapsed request and give its seats back. The caller holds their departures."""
    live = ExchangeRequest.objects.filter(pk=request.pk, status__in=(Status.OPEN, Status.LAPSED))
    if not live.update(status=status, ended_at=now, reason=reason[:200]):
        return False
    _release(request, now)
    return True


def _release(request: ExchangeRequest, now: datetime) -> None:
    if request.hold_id:
        claims.release_hold(Hold(pk=request.hold_id))
        Hold.objects.filter(pk=request.hold_id, expires_at__gt=now).update(expires_at=now)


def lapse_requests(*, now: datetime | None = None, of: Booking | None = None) -> int:
    """End the requests (of one booking) that were not paid in time. Housekeeping only: their seats count as
    free anyway. Returns how many.
    """
    now = now or database_now()
    due = ExchangeRequest.objects.filter(status=Status.OPEN, expires_at__lte=now)
    if of is not None:
        due = due.filter(booking=of)
    return due.update(status=Status.LAPSED, ended_at=now)


def give_request_time(request_id: int, until: datetime) -> None:
    """Keep an open request and its seats until this moment, if that is later. The caller holds the order and
    its departures.
    """
    request = ExchangeRequest.objects.select_related("hold").get(pk=request_id)
    if request.status != Status.OPEN or request.expires_at is None or until <= request.expires_at:
        return
    ExchangeRequest.objects.filter(pk=request_id).update(expires_at=until)
    if request.hold:
        Hold.objects.filter(pk=request.hold.pk).update(expires_at=until)
        claims.extend_hold(request.hold, until)


def place_payment(order: Order, payment: Payment, request_id: int, *, now: datetime) -> str:
    """Do what a booked payment has paid for, or owe it back. Returns the outcome.

    The caller holds the order, its departures and those of the request, has dropped expired claims, and
    refreshes. In time or late: the seats are those that were held, or are taken again if they are free; where
    they are not, or the booking was changed, cancelled or boarded meanwhile, the old trip stays and the money
    goes back.
    """
    rows = ExchangeRequest.objects.select_for_update(no_key=True, of=("self",))
    request = rows.select_related("booking", "hold").get(pk=request_id)
    if request.status not in (Status.OPEN, Status.LAPSED):
        return _give_back(order, payment, StaffTask.Kind.DOUBLE_PAYMENT, "paid twice", now)
    if payment.amount < request.amount:
        return _give_back(order, payment, StaffTask.Kind.WRONG_AMOUNT, "too little", now)
    try:
        with transaction.atomic():
            _release(request, now)
            changed = make_change(thaw(request), settle=_is_paid, now=now)
    except Busy:
        raise
    except (RuleBroken, IntegrityError) as refusal:
        reason = refusal.message if isinstance(refusal, RuleBroken) else _("The seats are gone.")
        _end(request, Status.REFUSED, now, reason)
        write_message(OutboxMessage.Kind.EXCHANGE_REFUSED, order, payment, now=now)
        owe_back(order, is_told=True, now=now)
        return "exchange refused"
    ExchangeRequest.objects.filter(pk=request.pk).update(status=Status.DONE, ended_at=now, changed=changed)
    if payment.amount > request.amount:
        _give_back(order, payment, StaffTask.Kind.WRONG_AMOUNT, "exchanged", now)
    return "exchanged"


def _is_paid(_order: Order, _balance: Decimal, _refunds: Sequence[Refund]) -> None:
    """The money was booked before."""


def _give_back(order: Order, payment: Payment, kind: StaffTask.Kind, outcome: str, now: datetime) -> str:
    detail = _("%(amount)s for a change goes back") % {"amount": format_zar(payment.amount)}
    open_task(kind, order, subject=f"payment:{payment.pk}", detail=detail, now=now)
    owe_back(order, now=now)
    return outcome
