"""What the page of a choice link shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain.disruptions.choices import changeable_until, has_choice
from bookings.domain.disruptions.parties import AffectedParty, parties_of_lines
from bookings.domain.disruptions.policies import entitlement_texts
from bookings.domain.disruptions.seats import FreeSeats
from bookings.domain.tickets.choice_links import choice_address
from bookings.domain.timetable.segments import Segment
from bookings.domain.timetable.trips import TripView, local_text, trip_view
from bookings.models import ChoiceLink, Disruption, DisruptionLine, DisruptionPolicy, Order, Ticket

_HEADLINES: Final[Mapping[Disruption.Kind, str | Promise]] = {
    Disruption.Kind.CANCEL: gettext_lazy("Your coach is cancelled"),
    Disruption.Kind.REINSTATE: gettext_lazy("Your coach runs after all"),
    Disruption.Kind.SWAP_COACH: gettext_lazy("Another coach, another seat"),
    Disruption.Kind.RELIEF: gettext_lazy("You travel on the relief coach"),
    Disruption.Kind.DELAY: gettext_lazy("Your coach is late"),
    Disruption.Kind.RETIME: gettext_lazy("Your coach leaves at another time"),
    Disruption.Kind.SKIP_STOP: gettext_lazy("Your coach passes a stop by"),
    Disruption.Kind.MOVE_STOP: gettext_lazy("Your coach calls at another stop"),
    Disruption.Kind.SHORT_TURN: gettext_lazy("Your coach does not go all the way"),
    Disruption.Kind.BREAKDOWN: gettext_lazy("Your coach has broken down"),
    Disruption.Kind.CLOSURE: gettext_lazy("Your coach may not run"),
    Disruption.Kind.INCIDENT: gettext_lazy("About your trip"),
    Disruption.Kind.MISSED: gettext_lazy("You missed your coach"),
    Disruption.Kind.LEFT_BEHIND: gettext_lazy("Your coach left without you"),
}
_APOLOGIES: Final[Mapping[Disruption.Kind, str | Promise]] = {
    Disruption.Kind.CANCEL: gettext_lazy("We are sorry: %(trip)s on %(when)s does not run (%(reason)s)."),
    Disruption.Kind.REINSTATE: gettext_lazy("%(trip)s on %(when)s runs after all."),
    Disruption.Kind.SWAP_COACH: gettext_lazy(
        "We are sorry: %(trip)s on %(when)s runs with another coach (%(reason)s)."
    ),
    Disruption.Kind.RELIEF: gettext_lazy("%(trip)s on %(when)s has a relief coach (%(reason)s)."),
    Disruption.Kind.DELAY: gettext_lazy("We are sorry: %(trip)s on %(when)s is late (%(reason)s)."),
    Disruption.Kind.RETIME: gettext_lazy(
        "We are sorry: %(trip)s on %(when)s leaves at another time (%(reason)s)."
    ),
    Disruption.Kind.SKIP_STOP: gettext_lazy(
        "We are sorry: %(trip)s on %(when)s passes your stop by (%(reason)s)."
    ),
    Disruption.Kind.MOVE_STOP: gettext_lazy(
        "We are sorry: %(trip)s on %(when)s calls at another stop (%(reason)s)."
    ),
    Disruption.Kind.SHORT_TURN: gettext_lazy(
        "We are sorry: %(trip)s on %(when)s does not go all the way (%(reason)s)."
    ),
    Disruption.Kind.BREAKDOWN: gettext_lazy(
        "We are sorry: %(trip)s on %(when)s has broken down (%(reason)s)."
    ),
    Disruption.Kind.CLOSURE: gettext_lazy(
        "We are sorry: %(trip)s on %(when)s may not run (%(reason)s). We will tell you as soon as we know."
    ),
    Disruption.Kind.INCIDENT: gettext_lazy("%(trip)s on %(when)s."),
    Disruption.Kind.MISSED: gettext_lazy("%(trip)s on %(when)s left before you came."),
    Disruption.Kind.LEFT_BEHIND: gettext_lazy("We are sorry: %(trip)s on %(when)s left without you."),
}
# Who was on board, or was left by the coach, gets a new ticket
_NEW_TICKETS: Final = (Disruption.Kind.BREAKDOWN, Disruption.Kind.SHORT_TURN, Disruption.Kind.LEFT_BEHIND)


@dataclass(frozen=True)
class OtherDeparture:
    """A coach with seats for the whole party, as its choice shows it."""

    ref: str
    trip: TripView


@dataclass(frozen=True)
class PartyView:
    """A party that still travels or waits, and what it may choose. Amounts in rand."""

    reference: str
    names: tuple[str, ...]
    trip: TripView | None  # where they have seats now
    seats_text: str  # in words: day, time, stop and seats
    choice: str  # DisruptionLine.Choice
    may_choose: bool
    until_text: str
    others: tuple[OtherDeparture, ...]
    refund: Decimal

    @property
    def is_waiting(self) -> bool:
        return self.trip is None


@dataclass(frozen=True)
class ChoicePage:
    case: Disruption
    order: Order
    before: TripView  # the trip as it was booked
    headline: str
    accept_text: str  # on the button of who has a seat
    apology: str  # what does not happen, and why
    entitlements: tuple[str, ...]  # what is due besides, in words
    parties: tuple[PartyView, ...]
    refunded: tuple[str, ...]  # names of those who had their money back
    is_buyer: bool
    is_open: bool
    offers_choice: bool  # another coach or the money
    tickets_text: str  # which tickets count
    own_links: tuple[tuple[str, str], ...]  # of the passengers: name and address, to pass on


def choice_page(link: ChoiceLink, *, now: datetime) -> ChoicePage:
    """As its owner may see it; nothing changes, whoever opens it."""
    case, order = link.disruption, link.order
    rows = DisruptionLine.objects.filter(disruption=case, ticket__booking__order=order)
    if link.ticket_id is not None:
        rows = rows.filter(ticket=link.ticket_id)
    related = ("from_schedule__route__line", "from_stop__stop__city", "to_stop__stop__city", "ticket")
    lines = list(rows.select_related(*related).order_by("pk"))
    first = lines[0]
    before = trip_view(Segment(first.from_schedule, first.from_stop, first.to_stop))
    is_buyer, free = link.ticket_id is None, FreeSeats(now)
    is_open = case.status == Disruption.Status.CONFIRMED
    parties = [
        party_view(party, lines, free, offers=is_buyer and is_open, now=now)
        for party in parties_of_lines(lines)
    ]
    cancelled = [line.ticket for line in lines if line.ticket.status == Ticket.Status.CANCELLED]
    return ChoicePage(
        case=case,
        order=order,
        before=before,
        headline=_headline(case),
        accept_text=_accept_text(case),
        apology=_apology(case, before),
        entitlements=entitlement_texts(sorted(_due_besides(lines))),
        parties=tuple(parties),
        refunded=tuple(ticket.full_name for ticket in cancelled),
        is_buyer=is_buyer,
        is_open=is_open,
        offers_choice=has_choice(lines) or any(party.is_waiting for party in parties),
        tickets_text=_tickets_text(case),
        own_links=_own_links(case, order) if is_buyer and is_open else (),
    )


def _apology(case: Disruption, before: TripView) -> str:
    facts = {
        "trip": before.title,
        "when": f"{before.date_text}, {before.departs}",
        "reason": case.get_reason_display(),
    }
    if _is_open_again(case):
        return _("%(place)s is open again: %(trip)s on %(when)s runs.") % {**facts, "place": case.city}
    text = _APOLOGIES[Disruption.Kind(case.kind)] % facts
    if case.kind == Disruption.Kind.DELAY and before.departs_note:
        text = f"{text} {before.board_stop}: {before.departs_note}."
    return f"{text} {case.text}".strip()


def _due_besides(lines: Sequence[DisruptionLine]) -> set[str]:
    """What is due besides another coach and the money, which the page offers by its buttons."""
    return {code for line in lines for code in line.entitlements} - {DisruptionPolicy.Entitlement.CHOICE}


def _is_open_again(case: Disruption) -> bool:
    return case.kind == Disruption.Kind.CLOSURE and case.status == Disruption.Status.CLOSED


def _headline(case: Disruption) -> str:
    if _is_open_again(case):
        return _("Your coach runs")
    return str(_HEADLINES[Disruption.Kind(case.kind)])


def _tickets_text(case: Disruption) -> str:
    if case.kind in _NEW_TICKETS:
        return _("Show the tickets that we mailed last.")
    return _("Your ticket codes stay the same.")


def _accept_text(case: Disruption) -> str:
    if case.kind == Disruption.Kind.DELAY:
        return _("We travel on this coach, later")
    if case.kind == Disruption.Kind.CLOSURE:
        return _("We wait for this coach")
    return _("Yes, this suits us")


def _seats_text(trip: TripView) -> str:
    facts = {
        "when": f"{trip.date_text}, {trip.departs}",
        "stop": trip.board_stop,
        "seats": ", ".join(trip.seats),
    }
    return _("%(when)s from %(stop)s, seats %(seats)s") % facts


def _own_links(case: Disruption, order: Order) -> tuple[tuple[str, str], ...]:
    """Of each passenger who still travels."""
    rows = ChoiceLink.objects.filter(disruption=case, order=order, ticket__status=Ticket.Status.VALID)
    links = rows.select_related("ticket", "order").order_by("ticket")
    return tuple((link.ticket.full_name, choice_address(link)) for link in links if link.ticket)


def party_view(
    party: AffectedParty,
    lines: list[DisruptionLine],
    free: FreeSeats,
    *,
    offers: bool,
    is_staff: bool = False,
    now: datetime,
) -> PartyView:
    """What a party has and, where it is offered a choice, may choose; for staff also when time is over."""
    ids = {ticket.pk for ticket in party.tickets}
    own = [line for line in lines if line.ticket_id in ids]
    before, segment = own[0], party.segment
    until = changeable_until(own, party)
    is_in_time = (until is None or is_staff or now < until) and now < segment.expected_boards_at
    may_choose = offers and (party.is_waiting or (is_in_time and has_choice(own)))
    zone = ZoneInfo(segment.board.stop.time_zone)
    labels = tuple(ticket.seat.label for ticket in party.tickets if ticket.seat)
    trip = None if party.is_waiting else trip_view(segment, labels)
    return PartyView(
        reference=party.reference,
        names=tuple(ticket.full_name for ticket in party.tickets),
        trip=trip,
        seats_text=_seats_text(trip) if trip else "",
        choice=before.choice,
        may_choose=may_choose,
        until_text=local_text(until, zone) if until and until > now else "",
        others=_others(party, before, free) if may_choose else (),
        refund=party.fare,
    )


def _others(party: AffectedParty, before: DisruptionLine, free: FreeSeats) -> tuple[OtherDeparture, ...]:
    others = []
    for segment in free.departures(before.from_stop, before.to_stop, before.boards_at):
        if segment.schedule.pk == party.segment.schedule.pk:
            continue
        seats = free.seats_for(segment, party.with_places)
        if seats is not None:
            labels = tuple(seat.label for seat in seats.values() if seat)
            others.append(OtherDeparture(str(segment.ref), trip_view(segment, labels)))
    return tuple(others)
