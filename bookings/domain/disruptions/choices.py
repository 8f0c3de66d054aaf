"""What passengers of a case choose, by their link or through staff: accept, another departure, a refund."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import IntegrityError
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound, Refusal, SalesClosed, SeatTaken
from bookings.database.transactions import database_now
from bookings.domain.disruptions.interest import owe_interest
from bookings.domain.disruptions.parties import AffectedParty, parties_of_lines
from bookings.domain.disruptions.seats import FreeSeats, find_segment
from bookings.domain.inventory.claims import refresh
from bookings.domain.sales.bookings import mail_new_tickets, next_cause
from bookings.domain.sales.cancellations import CancellationRequest, cancel_within, is_whole_booking
from bookings.domain.sales.expiry import drop_expired
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.orders import lock_order, split_off
from bookings.domain.sales.reaccommodation import move_booking
from bookings.domain.tickets.choice_links import find_choice_link
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import Booking, Disruption, DisruptionLine, DisruptionPolicy, User

Choice, By = DisruptionLine.Choice, DisruptionLine.By
_MAY_CHANGE_FOR: Final = timedelta(hours=24)
_BEFORE_DEPARTURE: Final = timedelta(hours=2)


@dataclass(frozen=True)
class PartyChoice:
    """What the party of this booking chooses: a DisruptionLine.Choice, and for another departure which."""

    reference: str
    choice: str
    to: SegmentRef | None = None

    @property
    def content(self) -> str:
        return f"{self.reference} {self.choice} {self.to or ''}"


@dataclass(frozen=True)
class Answerer:
    """Who answers: the customer by the link, or staff in their name."""

    by: str = By.LINK
    actor: User | None = None


def answer_by_link(token: str, answer: PartyChoice, *, submission: str, now: datetime | None = None) -> None:
    """Do what the link's owner chose, once per `submission`.

    A passenger's own link only accepts. Raises NotFound for a dead link, and what `answer_for_party` raises.
    """
    link = find_choice_link(token)
    if link is None:
        raise NotFound(_("We could not find this link."))
    if link.ticket_id is not None and answer.choice != Choice.ACCEPTED:
        raise Refusal(
            _("Only the person who booked can choose another coach or a refund; the link is in their e-mail.")
        )
    only = link.ticket_id
    answer_for_party(
        (link.disruption_id, link.order_id, only), answer, Answerer(), submission=submission, now=now
    )


def answer_for_party(
    whose: tuple[int, int, int | None],
    answer: PartyChoice,
    answerer: Answerer,
    *,
    submission: str,
    now: datetime | None = None,
) -> None:
    """Carry out the choice of a party, once per `submission`: `whose` are the ids of the case, the order and
    perhaps the one ticket. All of it or nothing.

    Raises Conflict when it is too late or the seats were just taken, SalesClosed, Refusal or NotFound; then
    the party has what it had before.
    """
    moment = now or database_now()
    action = partial(_answer, whose, answer, answerer, now)
    content = f"{whose} {answer.content}"
    try:
        run_once("case-choice", submission, content, action=action, now=moment)
    except IntegrityError as clash:  # the unique constraint is the referee of last resort
        raise SeatTaken([]) from clash


def _answer(
    whose: tuple[int, int, int | None], answer: PartyChoice, answerer: Answerer, now: datetime | None
) -> str:
    case_id, order_id, ticket_id = whose
    locked = lock_order(order_id, also=[answer.to.schedule_id] if answer.to else [])
    now = now or locked.now
    case = Disruption.objects.get(pk=case_id)
    rows = case.lines.filter(ticket__booking__order=order_id).select_related("disruption", "ticket")
    lines = list(rows.order_by("pk"))
    party = _find_party(parties_of_lines(lines), answer.reference)
    own = [line for line in lines if line.ticket_id in {ticket.pk for ticket in party.tickets}]
    check_in_time(case, own, party, by=answerer.by, now=now)
    if answer.choice != Choice.ACCEPTED and not party.is_waiting and not has_choice(own):
        raise Conflict(_("Your coach runs as you booked it: the usual terms apply."))
    if answer.choice == Choice.ACCEPTED:
        if ticket_id is not None:
            own = [line for line in own if line.ticket_id == ticket_id]
        _accept(party, own, now)
    elif answer.choice == Choice.OTHER and answer.to is not None:
        drop_expired(list(locked.schedules), now=now)
        _move(case, party, own, answer.to, answerer, now)
        refresh(locked.schedules)
    elif answer.choice == Choice.REFUND:
        _refund(case, party, own, answerer, now=now)
    else:
        raise Refusal(_("Choose what you would like."))
    DisruptionLine.objects.filter(pk__in=[line.pk for line in own]).update(
        choice=answer.choice, chosen_by=answerer.by, chosen_at=now, actor=answerer.actor
    )
    return answer.choice


def _find_party(parties: Sequence[AffectedParty], reference: str) -> AffectedParty:
    for party in parties:
        if reference in {booking.booking_reference for booking in party.bookings}:
            return party
    raise Conflict(_("There is nothing to choose for this booking any more."))


def changeable_until(lines: Sequence[DisruptionLine], party: AffectedParty) -> datetime | None:
    """Until when a choice can be made otherwise: the earlier of 24 hours after it and two hours before either
    departure. None: nothing was chosen yet, so until the case is closed.
    """
    chosen = [line.chosen_at for line in lines if line.chosen_at]
    if not chosen:
        return None
    departures = [line.boards_at for line in lines] + [booking.boards_at for booking in party.bookings]
    return min(min(chosen) + _MAY_CHANGE_FOR, min(departures) - _BEFORE_DEPARTURE)


def has_choice(lines: Sequence[DisruptionLine]) -> bool:
    """Whether another coach and the money are offered: of a delay where a policy gives them, and not to
    who is back on the own coach after all.
    """
    if lines[0].disruption.kind == Disruption.Kind.DELAY:
        return all(DisruptionPolicy.Entitlement.CHOICE in line.entitlements for line in lines)
    is_back = lines[0].disruption.kind == Disruption.Kind.REINSTATE and all(
        line.action == DisruptionLine.Action.MOVE for line in lines
    )
    return not is_back


def check_in_time(
    case: Disruption, lines: Sequence[DisruptionLine], party: AffectedParty, *, by: str, now: datetime
) -> None:
    """Raises Conflict when the case is over, or when the customer's choice can no longer be changed."""
    if case.status != Disruption.Status.CONFIRMED:
        raise Conflict(_("This case is closed. Please call us if anything is still open."))
    until = changeable_until(lines, party)
    if by == By.LINK and until is not None and now >= until and not party.is_waiting:
        raise Conflict(_("It is too late to change your choice. Please call us."))
    if not party.is_waiting and now >= party.segment.expected_boards_at:
        raise Conflict(_("Your coach has left: there is nothing to choose any more."))


def _accept(party: AffectedParty, lines: Sequence[DisruptionLine], now: datetime) -> None:
    """The tickets are mailed unless they are those that everybody has."""
    if party.is_waiting:
        raise Conflict(_("There is no seat to accept yet: choose another departure or a refund."))
    if any(line.action == DisruptionLine.Action.MOVE for line in lines):
        _mail_tickets(party, now)


def _mail_tickets(party: AffectedParty, now: datetime) -> None:
    booking = party.bookings[0]
    mail_new_tickets(booking, next_cause("case", booking), now=now)


def _move(
    case: Disruption,
    party: AffectedParty,
    lines: Sequence[DisruptionLine],
    to: SegmentRef,
    answerer: Answerer,
    now: datetime,
) -> None:
    """The seats are taken at once and those of before given up, so nobody ever holds two."""
    free, before = FreeSeats(now), lines[0]
    segment = find_segment(to, free.departures(before.from_stop, before.to_stop, before.boards_at))
    if segment.schedule.pk == party.segment.schedule.pk:
        raise Refusal(_("You are on this departure already."))
    if not segment.is_on_sale(now):
        raise SalesClosed(_("This departure is no longer on sale from your stop."))
    seats = free.seats_for(segment, party.with_places)
    if seats is None:
        raise Conflict(
            _("Somebody else has just taken the last seats on that coach. You keep what you have; see below.")
        )
    for booking in party.bookings:
        tickets = [ticket for ticket in party.tickets if ticket.booking_id == booking.pk]
        if not is_whole_booking(booking, tickets):
            booking = split_off(booking, tickets, now, actor=answerer.actor)
        reason = _("case %(number)d: by choice") % {"number": case.pk}
        own = {ticket.pk: seats[ticket.pk] for ticket in tickets}
        move_booking(booking, segment, own, reason=reason, actor=answerer.actor, now=now)
    _mail_tickets(party, now)


def _refund(
    case: Disruption,
    party: AffectedParty,
    lines: Sequence[DisruptionLine],
    answerer: Answerer,
    *,
    now: datetime,
) -> None:
    """Each booking in full, children before the adults whom they need; with the interest that is due."""
    adults = {
        booking.pk: sum(
            ticket.passenger_type.is_adult for ticket in party.tickets if ticket.booking_id == booking.pk
        )
        for booking in party.bookings
    }
    for booking in sorted(party.bookings, key=lambda booking: (adults[booking.pk], booking.pk)):
        tickets = [ticket.pk for ticket in party.tickets if ticket.booking_id == booking.pk]
        request = CancellationRequest(
            booking.booking_reference,
            ticket_ids=tickets,
            reason=_("case %(number)d: refund chosen") % {"number": case.pk},
            is_disrupted=True,
        )
        cancelled = cancel_within(request, actor=answerer.actor, now=now)
        of_booking = [line for line in lines if line.ticket_id in tickets]
        booking = Booking.objects.select_related("order").get(pk=cancelled)
        owe_interest(booking, of_booking, actor=answerer.actor, now=now)
