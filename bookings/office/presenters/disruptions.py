"""Cases in words: their departures, each passenger's line, how far everybody is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain.disruptions.desk import CaseDesk, DeskLine, Notice, Outcome
from bookings.domain.disruptions.incidents import OnBoard
from bookings.domain.sales.booking_page import needs_text
from bookings.domain.timetable.trips import local_text
from bookings.models import Disruption, DisruptionLine, Schedule

_OUTCOMES: dict[Outcome, str | Promise] = {
    Outcome.SEATED: gettext_lazy("has a seat"),
    Outcome.WAITING: gettext_lazy("waits"),
    Outcome.REFUNDED: gettext_lazy("refunded"),
    Outcome.OVER: gettext_lazy("exchanged or travelled"),
}
_ACTIONS: dict[str, str | Promise] = {
    DisruptionLine.Action.MOVE: gettext_lazy("gets a seat"),
    DisruptionLine.Action.WAIT: gettext_lazy("waits"),
    DisruptionLine.Action.STAY: gettext_lazy("stays"),
}
_ACTION_TONES: dict[str, str] = {
    DisruptionLine.Action.MOVE: "good",
    DisruptionLine.Action.WAIT: "bad",
    DisruptionLine.Action.STAY: "info",
}
_TONES = {Outcome.SEATED: "good", Outcome.WAITING: "bad", Outcome.REFUNDED: "info", Outcome.OVER: "info"}
_NOTICES: dict[Notice, str | Promise] = {
    Notice.NOT_YET: "",
    Notice.QUEUED: gettext_lazy("e-mail on its way"),
    Notice.SENT: gettext_lazy("e-mail sent"),
    Notice.FAILED: gettext_lazy("e-mail failed: call"),
    Notice.NO_ADDRESS: gettext_lazy("no e-mail: call"),
    Notice.PARTNER: gettext_lazy("partner told"),
}
_STATUS_TONES = {
    Disruption.Status.DRAFT: "info",
    Disruption.Status.PROPOSED: "warn",
    Disruption.Status.CONFIRMED: "bad",
    Disruption.Status.CLOSED: "good",
}


# What may happen, as the desk chooses it: a title and what becomes of the passengers
_KINDS: dict[str, tuple[str | Promise, str | Promise]] = {
    Disruption.Kind.CANCEL: (
        gettext_lazy("It does not run"),
        gettext_lazy("Everybody gets a seat on the next coach, or waits and chooses."),
    ),
    Disruption.Kind.RETIME: (
        gettext_lazy("It leaves at another time"),
        gettext_lazy("Everybody keeps the seat. A coach that is only late has a delay instead."),
    ),
    Disruption.Kind.SWAP_COACH: (
        gettext_lazy("Another coach runs"),
        gettext_lazy("Everybody is seated anew; who paid for a better seat gets the difference back."),
    ),
    Disruption.Kind.SKIP_STOP: (
        gettext_lazy("It passes a stop by"),
        gettext_lazy("Only who gets on or off there is moved."),
    ),
    Disruption.Kind.MOVE_STOP: (
        gettext_lazy("It calls at another stop"),
        gettext_lazy("For one stop of this departure; everybody keeps the seat."),
    ),
    Disruption.Kind.SHORT_TURN: (
        gettext_lazy("It ends early"),
        gettext_lazy("Who travels further goes on with the next coaches."),
    ),
    Disruption.Kind.BREAKDOWN: (
        gettext_lazy("It has broken down"),
        gettext_lazy("Who is on board goes on first, by another vehicle or the next coaches."),
    ),
    Disruption.Kind.RELIEF: (
        gettext_lazy("A relief coach takes who has no seat"),
        gettext_lazy("Who waits comes first, then who stands by."),
    ),
    Disruption.Kind.CLOSURE: (
        gettext_lazy("Closed until further notice"),
        gettext_lazy("Departures that pass go off sale, later ones too; passengers may wait or choose."),
    ),
    Disruption.Kind.INCIDENT: (
        gettext_lazy("Something has happened to it"),
        gettext_lazy("Automatic messages stop, and the list of who is on board opens."),
    ),
    Disruption.Kind.REINSTATE: (
        gettext_lazy("It runs after all"),
        gettext_lazy("Who has not answered comes back; who has, is asked."),
    ),
}


@dataclass(frozen=True)
class ActionTexts:
    """What the buttons of a case say, and what was done."""

    confirm: str
    close: str
    done: str


def action_texts(case: Disruption) -> ActionTexts:
    if case.kind == Disruption.Kind.INCIDENT:
        return ActionTexts(
            _("Stop all automatic messages"),
            _("It is over: let messages go again"),
            _("Automatic messages to these passengers have stopped."),
        )
    close = _("It is open again") if case.kind == Disruption.Kind.CLOSURE else _("Close the case")
    return ActionTexts(_("Confirm and tell everybody"), close, _("Confirmed. Everybody is being told."))


@dataclass(frozen=True)
class PersonRow:
    """Somebody on the list of who is on board."""

    name: str
    seat: str
    trip: str  # from where to where
    boarded: str  # when the ticket was scanned; empty: never
    phone: str
    needs: str

    @classmethod
    def of(cls, person: OnBoard) -> PersonRow:
        ticket, booking = person.ticket, person.ticket.booking
        zone = ZoneInfo(booking.from_stop.stop.time_zone)
        return cls(
            ticket.full_name,
            ticket.seat.label if ticket.seat else str(ticket.get_place_display()),
            f"{booking.from_stop.stop} – {booking.to_stop.stop}",
            local_text(person.boarded_at, zone) if person.boarded_at else "",
            booking.order.phone,
            needs_text(ticket),
        )


def kind_title(kind: str) -> str:
    return str(_KINDS[kind][0])


def kind_rows(schedules: Sequence[Schedule], kinds: Sequence[Disruption.Kind]) -> list[tuple[str, str, str]]:
    """Where each choice leads, what it is called and what it does; a delay is told with the times."""
    rows = [(f"?kind={kind.value}", kind_title(kind), str(_KINDS[kind][1])) for kind in kinds]
    late = reverse("office:departure_times", args=[schedules[0].pk])
    text = _("Told everywhere at once. Over the limit of a policy passengers may choose.")
    return [(late, _("It is late"), text), *rows] if len(schedules) == 1 else rows


@dataclass(frozen=True)
class CaseRow:
    id: int
    kind: str
    reason: str
    status: str
    badge: str
    departures: str
    since: str
    by: str

    @classmethod
    def of(cls, case: Disruption) -> CaseRow:
        own = [row.schedule for row in case.schedules.all() if not row.is_target]
        return cls(
            case.pk,
            str(case.get_kind_display()),
            str(case.get_reason_display()),
            str(case.get_status_display()),
            status_badge(case),
            ", ".join(departure_text(schedule) for schedule in own),
            local_text(case.created_at),
            case.created_by.display_name,
        )


def status_badge(case: Disruption) -> str:
    return f"badge-{_STATUS_TONES[Disruption.Status(case.status)]}"


def departure_text(schedule: Schedule) -> str:
    """ "FB10, Fri 4 Dec 2026, 10:00" """
    return f"{schedule.route.line.code}, {local_text(schedule.departure_time)}"


@dataclass(frozen=True)
class LineRow:
    id: int
    name: str
    reference: str
    before: str  # stop, time and seat
    now: str  # where the passenger goes by the plan, or is
    outcome: str
    badge: str
    choice: str
    notice: str
    is_unreached: bool
    phone: str
    may_decide: bool


def line_row(row: DeskLine, *, may_decide: bool) -> LineRow:
    line, ticket, is_planned = row.line, row.ticket, row.outcome == Outcome.PLANNED
    zone = ZoneInfo(line.from_stop.stop.time_zone)
    seat = line.from_seat.label if line.from_seat else str(line.get_from_place_display())
    where = line.note
    if row.outcome == Outcome.SEATED:
        booking = ticket.booking
        here = booking.from_stop.stop
        label = ticket.seat.label if ticket.seat else str(ticket.get_place_display())
        where = f"{local_text(booking.boards_at, ZoneInfo(here.time_zone))}, {here}, {label}"
    elif is_planned and line.new_seat:
        where = f"{line.note}, {line.new_seat.label}"
    return LineRow(
        id=line.pk,
        name=ticket.full_name,
        reference=ticket.booking.booking_reference,
        before=f"{line.from_stop.stop}, {local_text(line.boards_at, zone)}, {seat}",
        now=where if is_planned or row.outcome == Outcome.SEATED else "",
        outcome=str(_ACTIONS[line.action] if is_planned else _OUTCOMES[row.outcome]),
        badge=f"badge-{_ACTION_TONES[line.action] if is_planned else _TONES[row.outcome]}",
        choice=_choice_text(row),
        notice=_told_text(row),
        is_unreached=row.is_unreached,
        phone=row.phone,
        may_decide=may_decide and row.outcome in (Outcome.SEATED, Outcome.WAITING),
    )


def _told_text(row: DeskLine) -> str:
    """How far each message is: e-mail sent, WhatsApp failed, SMS read."""
    texts = [f"{text.get_channel_display()} {text.get_state_display()}" for text in row.texts]
    return ", ".join(filter(None, [str(_NOTICES[row.notice]), *texts]))


def _choice_text(row: DeskLine) -> str:
    if row.line.choice == DisruptionLine.Choice.NONE:
        is_asked = row.outcome != Outcome.PLANNED and not row.is_answered
        return str(_("no answer yet")) if is_asked else ""
    text = str(row.line.get_choice_display())
    by_staff = row.line.chosen_by == DisruptionLine.By.STAFF
    return _("%(choice)s, by staff") % {"choice": text} if by_staff else text


def is_same_seat(row: DeskLine) -> bool:
    line = row.line
    return bool(line.from_seat and line.new_seat and line.from_seat.label == line.new_seat.label)


def summary(desk: CaseDesk) -> list[tuple[str, int]]:
    """How many stand where: shown above the lines."""
    people = len(desk.lines)
    if desk.case.status in (Disruption.Status.DRAFT, Disruption.Status.PROPOSED):
        counts = Counter(row.line.action for row in desk.lines)
        return [
            (_("passengers"), people),
            (_("get a seat"), counts[DisruptionLine.Action.MOVE]),
            (_("of them in the same seat"), sum(is_same_seat(row) for row in desk.lines)),
            (_("stay"), counts[DisruptionLine.Action.STAY]),
            (_("wait"), counts[DisruptionLine.Action.WAIT]),
        ]
    return [
        (_("passengers"), people),
        (_("have a seat"), desk.count(Outcome.SEATED)),
        (_("wait"), desk.count(Outcome.WAITING)),
        (_("refunded"), desk.count(Outcome.REFUNDED)),
        (_("have answered"), sum(row.is_answered for row in desk.lines)),
        (_("not reached"), sum(row.is_unreached for row in desk.lines)),
    ]
