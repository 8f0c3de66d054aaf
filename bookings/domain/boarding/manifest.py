"""Who gets on and off where: the list for the door, the driver and the printer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from bookings.base.codes import is_old_ticket_code, normal_code, sha256
from bookings.base.dates import day_text
from bookings.base.money import format_zar
from bookings.base.names import names_in_both_orders, plain_person
from bookings.domain.boarding.closing import ClosingPlan, legs_of, plan_closing
from bookings.domain.boarding.coach_load import (
    CoachLoad,
    actor_name,
    at_stop,
    boarding_times,
    coach_load,
    planned_beside,
)
from bookings.domain.boarding.departure_status import BEFORE_LEAVING, plan_arrival
from bookings.domain.boarding.standby_refunds import unseated_standby
from bookings.domain.sales.booking_page import needs_text
from bookings.models import RouteStop, Schedule, Ticket

Known = tuple[int, str, str]  # ticket, seat, when it boarded


@dataclass(frozen=True)
class Passenger:
    ticket_id: int
    name: str
    kind: str  # passenger type, "" for the default one
    proof: str
    seat: str
    place: str  # seat, lap, standby
    origin: str
    destination: str
    reference: str
    code: str  # to speak
    phone: str
    status: str  # valid, boarded, no_show
    status_text: str
    boarded: str  # "16:41, Nomsa Dlamini"
    needs: str  # wheelchair, help, extra luggage; personal
    luggage: int  # extra pieces
    plain_names: str  # in both orders, as a part of it is looked for
    is_hidden: bool = False  # somebody else is looked for

    @property
    def plain_codes(self) -> str:
        """Seat, spoken code and reference as they are compared."""
        return " ".join(filter(None, map(normal_code, (self.seat, self.code, self.reference))))

    def is_found_by(self, text: str) -> bool:
        """By any part of the name, or by the beginning of the seat or a code. Nothing finds everybody."""
        name, code = plain_person(text), normal_code(text)
        if not name and not code:
            return True
        if name and name in self.plain_names:
            return True
        return bool(code) and any(own.startswith(code) for own in self.plain_codes.split())

    @property
    def is_missing(self) -> bool:
        return self.status == Ticket.Status.VALID

    @property
    def is_boarded(self) -> bool:
        return self.status == Ticket.Status.BOARDED

    @property
    def is_no_show(self) -> bool:
        return self.status == Ticket.Status.NO_SHOW


@dataclass(frozen=True)
class LeftBehind:
    """Somebody who stood by in vain, and what they get back."""

    ticket_id: int
    name: str
    reference: str
    fare: str


@dataclass(frozen=True)
class StopList:
    """What happens at one stop."""

    position: int
    city: str
    stop: str
    arrives: str  # "" at the first stop; this and all times: 16:50, or 00:10 on Wed 2 Dec
    departs: str  # "" at the last stop
    departs_at: datetime  # by the clock there
    ons: tuple[Passenger, ...]
    offs: tuple[Passenger, ...]
    standby: tuple[Passenger, ...]
    on_board: int  # when leaving, as far as it is known who boarded or still may
    free: int  # seats to the next stop
    free_through: int  # seats to the last stop
    opens: str
    opens_later: str  # the same, with its day unless that is today
    closes: str
    closed: str  # "16:51, Nomsa Dlamini", "" while open
    closing_id: int  # of the last closing, 0 while open
    is_open: bool
    is_over: bool  # past the closing time
    is_left: bool
    left: str  # "16:59, Nomsa Dlamini", where somebody said so
    can_leave: bool
    is_last: bool
    unseated_standby: tuple[LeftBehind, ...] = ()
    planned: tuple[str, str] = ("", "")  # what the plan says and what was told, where they differ

    @property
    def boarded(self) -> int:
        return sum(passenger.is_boarded for passenger in self.ons)

    @property
    def expected(self) -> int:
        """Who may board: all but the no-shows."""
        return sum(not passenger.is_no_show for passenger in self.ons)

    @property
    def luggage_on(self) -> int:
        """Extra pieces to load: of all but the no-shows."""
        return sum(passenger.luggage for passenger in self.ons if not passenger.is_no_show)

    @property
    def luggage_off(self) -> int:
        return sum(passenger.luggage for passenger in self.offs if not passenger.is_no_show)

    @property
    def missing(self) -> list[Passenger]:
        return [passenger for passenger in self.ons if passenger.is_missing]

    @property
    def no_shows(self) -> list[Passenger]:
        return [passenger for passenger in self.ons if passenger.is_no_show]

    @property
    def may_board(self) -> bool:
        return bool(self.departs)


@dataclass(frozen=True)
class Manifest:
    schedule_id: int
    title: str
    line: str
    coach: int
    layout: str
    bus: str
    day: str
    departs: str
    status: str
    status_text: str
    seats: int
    stops: tuple[StopList, ...]
    stop: StopList | None  # the one that was asked for

    @property
    def shown(self) -> tuple[StopList, ...]:
        return (self.stop,) if self.stop else self.stops

    @property
    def passengers(self) -> int:
        return sum(stop.expected for stop in self.stops)

    @property
    def boarded(self) -> int:
        return sum(stop.boarded for stop in self.stops)

    @property
    def is_on_the_road(self) -> bool:
        return self.status == Schedule.Status.DEPARTED

    @property
    def has_arrived(self) -> bool:
        return self.status == Schedule.Status.ARRIVED


def manifest(schedule_id: int, *, stop: int | None = None, now: datetime) -> Manifest:
    """The passengers of a departure by stop, or of the stop at this position alone.

    7 queries. Raises NotFound.
    """
    return _manifest(coach_load(schedule_id, now=now), stop, now)


@dataclass(frozen=True)
class Closing:
    """What closing the stop, or leaving it, would do now, in names."""

    no_shows: tuple[str, ...]
    seated: tuple[str, ...]  # "Ayanda Moyo: seat 4B"
    waiting: tuple[str, ...]


@dataclass(frozen=True)
class Stranded:
    """Somebody who may still board further up the road, and would stay behind if the coach had arrived."""

    stop: str
    name: str
    seat: str


@dataclass(frozen=True)
class ArrivalView:
    """When the coach is due at its last stop, and whom it would strand to say that it is there now."""

    due: str
    is_early: bool
    stranded: tuple[Stranded, ...]
    needs_approval: bool


@dataclass(frozen=True)
class BoardView:
    manifest: Manifest
    stop: StopList
    closing: Closing
    arrival: ArrivalView
    known: dict[str, Known]  # by the hash of a code, for a door without a connection

    @property
    def may_close(self) -> bool:
        """Boarding here is over and there is something to close.

        It may be closed again for those who came after.
        """
        stop = self.stop
        if self.manifest.status == Schedule.Status.CANCELLED:
            return False
        if stop.is_last or stop.is_left or not stop.is_over:
            return False
        return not self.stop.closed or bool(self.closing.no_shows or self.closing.seated)


def board_view(
    schedule_id: int, *, stop: int | None = None, near_city: int | None = None, now: datetime
) -> BoardView:
    """The screen at the door, in 7 queries.

    At the stop asked for, else in the city where the clerk works, else at the first. Raises NotFound.
    """
    load = coach_load(schedule_id, now=now)
    if stop is None:
        here = [call.position for call in load.calls if call.stop.city_id == near_city]
        stop = here[0] if here else load.calls[0].position
    lists = _manifest(load, stop, now)
    here_now = next(stop_list for stop_list in lists.stops if stop_list.position == stop)
    closing = _closing(plan_closing(load, load.call_at(stop)))
    return BoardView(lists, here_now, closing, _arrival(load, now), _known(load, here_now))


def _known(load: CoachLoad, stop: StopList) -> dict[str, Known]:
    """By the first 64 bits of the SHA-256 of each code: enough to tell a ticket, and no ticket to a reader.

    An old code is also known in small letters, as a keyboard's lock may have changed it, unless another of
    this departure differs by case only.
    """
    old = Counter(ticket.code.lower() for ticket in load.tickets if is_old_ticket_code(ticket.code))
    boarded = {own.ticket_id: own.boarded or own.status_text for own in stop.ons if own.is_boarded}
    known: dict[str, Known] = {}
    for ticket in load.boarding_at(stop.position):
        if ticket.status != Ticket.Status.NO_SHOW:
            seat = ticket.seat.label if ticket.seat else "-"
            folded = [ticket.code.lower()] if old[ticket.code.lower()] == 1 else []
            for code in (ticket.code, ticket.spoken_code, *folded):
                known[sha256(code)[:16]] = (ticket.pk, seat, boarded.get(ticket.pk, ""))
    return known


def _closing(plan: ClosingPlan) -> Closing:
    return Closing(
        no_shows=tuple(ticket.full_name for ticket in plan.no_shows),
        seated=tuple(
            _("%(name)s: seat %(seat)s") % {"name": ticket.full_name, "seat": seat.label}
            for ticket, seat in plan.seated
        ),
        waiting=tuple(ticket.full_name for ticket in plan.waiting),
    )


def _arrival(load: CoachLoad, now: datetime) -> ArrivalView:
    plan = plan_arrival(load, now)
    stranded = (
        Stranded(
            stop=str(ticket.booking.from_stop.stop),
            name=ticket.full_name,
            seat=ticket.seat.label if ticket.seat else ticket.get_place_display(),
        )
        for ticket in plan.stranded
    )
    due = at_stop(plan.due, load.calls[-1], _leaves(load).date())
    return ArrivalView(due, plan.is_early, tuple(stranded), plan.needs_approval)


def _manifest(load: CoachLoad, stop: int | None, now: datetime) -> Manifest:
    schedule, first, leaves = load.schedule, load.calls[0], _leaves(load)
    stops = tuple(_stop_list(load, call, leaves.date(), now) for call in load.calls)
    position = load.call_at(stop).position if stop is not None else None
    return Manifest(
        schedule_id=schedule.pk,
        title=f"{first.stop.city.name} → {load.calls[-1].stop.city.name}",
        line=schedule.route.line.code,
        coach=schedule.coach,
        layout=schedule.layout.name,
        bus=schedule.bus.bus_number if schedule.bus else "",
        day=f"{day_text(leaves)} {leaves.year}",
        departs=f"{leaves:%H:%M}",
        status=schedule.status,
        status_text=schedule.get_status_display(),
        seats=len(load.seats),
        stops=stops,
        stop=next((stop_list for stop_list in stops if stop_list.position == position), None),
    )


def _leaves(load: CoachLoad) -> datetime:
    """The first stop, by its clock; the day of it heads each page."""
    return load.schedule.departure_time.astimezone(ZoneInfo(load.calls[0].stop.time_zone))


def _stop_list(load: CoachLoad, call: RouteStop, day: date, now: datetime) -> StopList:
    """Times that are not of `day`, which heads the page, say theirs."""
    position, last = call.position, load.calls[-1].position
    times = boarding_times(load.schedule, call)
    closing, leaving = load.closing_at(position), load.leaving_at(position)
    is_left = load.has_left(position)
    may_leave = load.schedule.status in (*BEFORE_LEAVING, Schedule.Status.DEPARTED)
    through = [
        ticket
        for ticket in load.tickets
        if position in legs_of(ticket) and ticket.status != Ticket.Status.NO_SHOW
    ]
    return StopList(
        position=position,
        city=call.stop.city.name,
        stop=call.stop.name,
        arrives=at_stop(load.arrives_at(position), call, day) if position else "",
        departs=at_stop(times.departs, call, day) if position != last else "",
        departs_at=times.departs.astimezone(ZoneInfo(call.stop.time_zone)),
        ons=tuple(_passenger(ticket, load, day) for ticket in load.boarding_at(position)),
        offs=tuple(_passenger(ticket, load, day) for ticket in load.alighting_at(position)),
        standby=tuple(_passenger(ticket, load, day) for ticket in load.standby_at(position)),
        on_board=sum(ticket.place != Ticket.Place.STANDBY for ticket in through),
        free=len(load.seats) - len(load.taken(range(position, position + 1))),
        free_through=len(load.seats) - len(load.taken(range(position, last))),
        opens=at_stop(times.opens, call, day),
        opens_later=at_stop(times.opens, call, day, now.astimezone(ZoneInfo(call.stop.time_zone)).date()),
        closes=at_stop(times.closes, call, day),
        closed=f"{at_stop(closing.at, call, day)}, {actor_name(closing)}" if closing else "",
        closing_id=closing.pk if closing else 0,
        is_open=times.opens <= now < times.closes and not is_left,
        is_over=now >= times.closes,
        is_left=is_left,
        left=f"{at_stop(leaving.at, call, day)}, {actor_name(leaving)}" if leaving else "",
        can_leave=may_leave and now >= times.closes and not is_left and position != last,
        is_last=position == last,
        planned=planned_beside(load, call, day),
        unseated_standby=tuple(
            LeftBehind(ticket.pk, ticket.full_name, ticket.booking.booking_reference, format_zar(ticket.fare))
            for ticket in unseated_standby(load, position, now)
        ),
    )


def _passenger(ticket: Ticket, load: CoachLoad, day: date) -> Passenger:
    booking, kind = ticket.booking, ticket.passenger_type
    event = load.boarded.get(ticket.pk) if ticket.status == Ticket.Status.BOARDED else None
    return Passenger(
        ticket_id=ticket.pk,
        name=ticket.full_name,
        kind="" if kind.is_default else kind.name,
        proof=kind.proof,
        seat=ticket.seat.label if ticket.seat else ticket.get_place_display(),
        place=ticket.place,
        origin=booking.from_stop.stop.city.name,
        destination=booking.to_stop.stop.city.name,
        reference=booking.booking_reference,
        code=ticket.spoken_code,
        phone=booking.order.phone,
        status=ticket.status,
        status_text=ticket.get_status_display(),
        boarded=f"{at_stop(event.at, booking.from_stop, day)}, {actor_name(event)}" if event else "",
        plain_names=names_in_both_orders(ticket.first_name, ticket.surname),
        needs=needs_text(ticket),
        luggage=ticket.extra_luggage,
    )
