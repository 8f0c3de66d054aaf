"""A departure as staff look at it: who sits where, and what is kept off sale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.errors import NotFound
from bookings.database.transactions import database_now
from bookings.domain.inventory.seats import DeckView, seat_decks
from bookings.domain.sales.blocks import BlockRequest, block_seats
from bookings.domain.sales.idempotency import run_once
from bookings.domain.timetable.call_times import call_time
from bookings.domain.timetable.trips import local_text
from bookings.models import RouteStop, Schedule, Seat, SeatBlock, SeatClaim, SeatKind, Ticket, User


@dataclass(frozen=True)
class Occupant:
    """Somebody, or something, on a seat for part of the trip."""

    state: str  # taken, boarded, kept (a hold or an unpaid order), blocked
    name: str
    reference: str
    road: str  # "Johannesburg → Bloemfontein"
    ticket_id: int | None
    can_move: bool


@dataclass
class SeatCell:
    label: str
    row: int
    column: int
    deck: int
    kind: str
    legs_taken: int
    legs: int
    occupants: list[Occupant] = field(default_factory=list)

    @property
    def state(self) -> str:
        if self.kind == SeatKind.CREW:
            return "crew"
        if not self.occupants:
            return "free"
        states = {occupant.state for occupant in self.occupants}
        if len(states) == 1 and self.legs_taken == self.legs:
            return states.pop()
        return "part" if self.legs_taken < self.legs else "taken"

    @property
    def title(self) -> str:
        if self.state == "crew":
            return _("crew")
        names = "; ".join(
            f"{occupant.name} {occupant.reference} {occupant.road}".strip() for occupant in self.occupants
        )
        return f"{self.label}: {names or _('free')}"


@dataclass(frozen=True)
class BlockRow:
    id: int
    label: str
    reason: str
    until: str
    by: str


@dataclass(frozen=True)
class StaffMap:
    id: int
    title: str
    line: str
    coach: int
    when: str
    day: date
    status: str
    status_text: str
    decks: tuple[DeckView[SeatCell], ...]
    cells: tuple[SeatCell, ...]
    blocks: tuple[BlockRow, ...]
    released: tuple[BlockRow, ...]  # `until` is when
    free: int
    zone: str

    @property
    def people(self) -> list[tuple[SeatCell, Occupant]]:
        """Seat by seat, those with a name."""
        return [(cell, occupant) for cell in self.cells for occupant in cell.occupants if occupant.ticket_id]


def staff_map(schedule_id: int, *, now: datetime) -> StaffMap:
    """Every seat of a departure with all who sit on it along the road; five queries."""
    schedule = Schedule.objects.select_related("route__line", "layout").filter(pk=schedule_id).first()
    if schedule is None:
        raise NotFound(_("We could not find this departure."))
    calls = list(
        RouteStop.objects.filter(route=schedule.route_id).select_related("stop__city").order_by("position")
    )
    claims = (
        SeatClaim.objects.filter(schedule=schedule)
        .live(now)
        .select_related("ticket__booking", "block")
        .order_by("seat", "leg")
    )
    cells = {
        seat.pk: SeatCell(seat.label, seat.row, seat.column, seat.deck, seat.kind, 0, len(calls) - 1)
        for seat in Seat.objects.filter(layout=schedule.layout_id).order_by("deck", "row", "column")
    }
    names = {call.position: call.stop.city.name for call in calls}
    ends = {call.pk: call_time(schedule, call).expected_arrival for call in calls}
    for seat_id, owned in _by_owner(claims).items():
        cell = cells[seat_id]
        for legs in owned.values():
            cell.legs_taken += len(legs)
            cell.occupants.append(
                _occupant(legs[0], f"{names[legs[0].leg]} → {names[legs[-1].leg + 1]}", ends, now)
            )
    first, last = calls[0].stop, calls[-1].stop
    shown = tuple(cells.values())
    blocks, released = _blocks(schedule, now)
    return StaffMap(
        id=schedule.pk,
        title=f"{first.city.name} → {last.city.name}",
        line=schedule.route.line.code,
        coach=schedule.coach,
        when=local_text(schedule.departure_time, ZoneInfo(first.time_zone)),
        day=timezone.localtime(schedule.departure_time).date(),
        status=schedule.status,
        status_text=str(schedule.get_status_display()),
        decks=seat_decks(shown),
        cells=shown,
        blocks=blocks,
        released=released,
        free=sum(cell.state == "free" for cell in shown),
        zone=first.time_zone,
    )


def _by_owner(claims: Iterable[SeatClaim]) -> dict[int, dict[tuple[int | None, ...], list[SeatClaim]]]:
    seats: dict[int, dict[tuple[int | None, ...], list[SeatClaim]]] = {}
    for claim in claims:
        owner = (claim.ticket_id, claim.hold_trip_id, claim.block_id)
        seats.setdefault(claim.seat_id, {}).setdefault(owner, []).append(claim)
    return seats


def _occupant(claim: SeatClaim, road: str, ends: Mapping[int, datetime], now: datetime) -> Occupant:
    """`ends`: when the coach is expected at its calls, by their ids."""
    if claim.block:
        return Occupant("blocked", claim.block.reason, "", road, None, False)
    if claim.ticket is None:
        return Occupant("kept", _("held by a visitor"), "", road, None, False)
    ticket, booking = claim.ticket, claim.ticket.booking
    state = (
        "kept"
        if claim.kind == SeatClaim.Kind.HELD
        else "boarded"
        if ticket.status == Ticket.Status.BOARDED
        else "taken"
    )
    can_move = state in ("taken", "boarded") and now < ends[booking.to_stop_id]
    return Occupant(state, ticket.full_name, booking.booking_reference, road, ticket.pk, can_move)


def _blocks(schedule: Schedule, now: datetime) -> tuple[tuple[BlockRow, ...], tuple[BlockRow, ...]]:
    """The seats that are off sale, and the last ones that somebody put back on sale."""
    rows = list(
        SeatBlock.objects.filter(schedule=schedule)
        .select_related("seat", "created_by", "released_by")
        .order_by("pk")
    )
    current = [
        row for row in rows if row.released_at is None and (row.release_at is None or row.release_at > now)
    ]
    released = sorted((row for row in rows if row.released_at), key=attrgetter("released_at"), reverse=True)
    return (
        tuple(
            BlockRow(
                block.pk, block.seat.label, block.reason, _moment(block.release_at), _name(block.created_by)
            )
            for block in current
        ),
        tuple(
            BlockRow(
                block.pk, block.seat.label, block.reason, _moment(block.released_at), _name(block.released_by)
            )
            for block in released[:10]
        ),
    )


def _moment(at: datetime | None) -> str:
    return local_text(at) if at else ""


def _name(user: User | None) -> str:
    return user.display_name if user else ""


def block_departure_seats(
    request: BlockRequest, *, by: User, submission: str, content: str, now: datetime | None = None
) -> str:
    """See `sales.blocks.block_seats`, once per `submission`. Returns the seats that are off sale now."""

    def block() -> str:
        blocks = block_seats(request, by=by, now=now)
        return ", ".join(block.seat.label for block in blocks)[:120]

    return run_once("block", submission, content, action=block, now=now or database_now())
