"""A case from its draft to its end: planned, confirmed in one transaction, closed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.base.money import ZERO, format_zar
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.company.settings import company_settings
from bookings.domain.disruptions.carry_out import carry_out
from bookings.domain.disruptions.closures import reopen
from bookings.domain.disruptions.cut_short import CUTS_SHORT, ENDS_EARLY
from bookings.domain.disruptions.plan import make_plan, same_plan, write_plan
from bookings.domain.disruptions.replacement import REPLACES, check_replacement
from bookings.domain.inventory.claims import lock_schedules
from bookings.domain.sales.approvals import check_approver
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.staff_tasks import open_task
from bookings.domain.timetable.leavings import passed_position
from bookings.domain.timetable.segments import route_calls
from bookings.models import DisruptedSchedule, Disruption, DisruptionLine, Schedule, StaffTask, User

URGENT: Final = timedelta(
    hours=4
)  # before departure one dispatcher may confirm; others look at it afterwards
_NOT_UNDER_WAY: Final = (
    Schedule.Status.PLANNED,
    Schedule.Status.ON_SALE,
    Schedule.Status.CLOSED,
    Schedule.Status.BOARDING,
)
_TRIES: Final = 3
_ON_THE_ROAD: Final = (*CUTS_SHORT, Disruption.Kind.RELIEF)
OF_MANY: Final = (Disruption.Kind.CANCEL, Disruption.Kind.REINSTATE, Disruption.Kind.CLOSURE)
OF_A_STOP: Final = (*CUTS_SHORT, Disruption.Kind.MOVE_STOP)
_NEVER_SIGNED: Final = (
    Disruption.Kind.SWAP_COACH,
    Disruption.Kind.SKIP_STOP,
)  # a swap for who loses the seat


class _PlanOutdated(Exception):
    """Seats were sold, given back or held since the plan was made."""


@dataclass(frozen=True)
class CaseRequest:
    """What is to happen with which departures, and why."""

    kind: str
    schedule_ids: tuple[int, ...]
    reason: str
    text: str = ""
    is_beyond_control: bool = False
    layout_id: int | None = None  # of the other coach, where it is swapped
    target_id: int | None = None  # the relief coach, or the vehicle that takes over
    position: int | None = None  # the stop that it is about, or where the coach ends
    stop_id: int | None = None  # where it calls instead
    departs_at: datetime | None = None  # the new time at its first stop
    city_id: int | None = None  # the place that is closed
    since: datetime | None = None


def open_case(
    request: CaseRequest, *, by: User, submission: str, content: str, now: datetime | None = None
) -> Disruption:
    """Draft a case and plan it, once per `submission`; nothing else changes. Raises NotFound, Refusal, or
    Conflict where a departure has a case of this kind already, is cancelled or has left.
    """
    moment = now or database_now()
    action = partial(_open, request, by, moment)
    case_id = int(run_once("open-case", submission, content, action=action, now=moment))
    if not DisruptionLine.objects.filter(disruption=case_id).exists():
        _plan_anew(case_id, is_first=True, now=now)
    return get_case(case_id)


def _open(request: CaseRequest, by: User, now: datetime) -> str:
    if request.kind not in Disruption.Kind.values or request.reason not in Disruption.Reason.values:
        raise Refusal(_("Choose what happens and why."))
    schedules = list(Schedule.objects.filter(pk__in=request.schedule_ids))
    is_closure = request.kind == Disruption.Kind.CLOSURE
    if is_closure and (request.city_id is None or request.since is None):
        raise Refusal(_("Choose the place that is closed, and since when."))
    if not (schedules or is_closure) or len(schedules) != len(set(request.schedule_ids)):
        raise NotFound(_("We could not find this departure."))
    check_departures(request.kind, schedules)
    if len(schedules) > 1 and request.kind not in OF_MANY:
        raise Refusal(_("This can only be done to one departure at a time."))
    if (request.layout_id is not None) != (request.kind == Disruption.Kind.SWAP_COACH):
        raise Refusal(_("Choose another coach for a swap, and only for a swap."))
    other = DisruptedSchedule.objects.filter(
        schedule__in=schedules,
        is_target=False,
        disruption__kind=request.kind,
        disruption__status__in=(Disruption.Status.DRAFT, Disruption.Status.PROPOSED),
    ).first()
    if other:
        raise Conflict(
            _("Case %(number)d is about this departure already.") % {"number": other.disruption_id}
        )
    case = Disruption.objects.create(
        kind=request.kind,
        reason=request.reason,
        text=" ".join(request.text.split())[:300],
        is_beyond_control=request.is_beyond_control,
        layout_id=request.layout_id,
        target_id=_relief_of(request, schedules),
        position=request.position if request.kind in OF_A_STOP else None,
        stop_id=request.stop_id if request.kind == Disruption.Kind.MOVE_STOP else None,
        departs_at=request.departs_at if request.kind == Disruption.Kind.RETIME else None,
        city_id=request.city_id if is_closure else None,
        since=request.since if is_closure else None,
        created_by=by,
        created_at=now,
    )
    check_facts(case, schedules, now=now)
    DisruptedSchedule.objects.bulk_create(
        DisruptedSchedule(disruption=case, schedule=schedule, revision=schedule.revision)
        for schedule in schedules
    )
    return str(case.pk)


def _relief_of(request: CaseRequest, schedules: Sequence[Schedule]) -> int | None:
    """The id of the relief coach: another coach of the same route at the same time that has not left."""
    is_relief = request.kind == Disruption.Kind.RELIEF
    if not is_relief and not (request.kind == Disruption.Kind.BREAKDOWN and request.target_id):
        return None
    target = Schedule.objects.filter(pk=request.target_id).first() if request.target_id else None
    first = schedules[0]
    is_beside = target and (target.route_id, target.departure_time) == (first.route_id, first.departure_time)
    if target is None or not is_beside or target.pk == first.pk or len(schedules) > 1:
        raise Refusal(_("Choose the relief coach: another coach of this departure."))
    check_departures(Disruption.Kind.CANCEL, [target])  # it must not have left
    return target.pk


def list_relief_coaches(schedule: Schedule) -> list[Schedule]:
    """The other coaches of a departure."""
    beside = Schedule.objects.filter(route=schedule.route_id, departure_time=schedule.departure_time)
    running = beside.exclude(status=Schedule.Status.CANCELLED).exclude(pk=schedule.pk)
    return list(running.select_related("route__line").order_by("coach"))


def check_departures(kind: str, schedules: Iterable[Schedule]) -> None:
    """Raises Conflict where a case of this kind cannot be about these departures as they are."""
    for schedule in schedules:
        is_cancelled = schedule.status == Schedule.Status.CANCELLED
        if kind == Disruption.Kind.REINSTATE:
            if not is_cancelled:
                raise Conflict(_("This departure is already running."))
        elif is_cancelled:
            raise Conflict(_("This departure is cancelled already."))
        elif kind == Disruption.Kind.INCIDENT or (
            kind in _ON_THE_ROAD and schedule.status == Schedule.Status.DEPARTED
        ):
            continue
        elif schedule.status not in _NOT_UNDER_WAY:
            raise Conflict(_("This departure has left: this can no longer be done."))


def check_facts(case: Disruption, schedules: Iterable[Schedule], *, now: datetime) -> None:
    """Raises Refusal or Conflict where the stop or time of a case makes no sense for its departure."""
    for schedule in schedules:
        if case.kind in REPLACES:
            check_replacement(case, schedule, now=now)
        if case.kind not in CUTS_SHORT:
            continue
        calls = route_calls(schedule.route_id)
        positions = [call.position for call in calls]
        ends = positions[:-1] if case.kind in ENDS_EARLY else positions
        if case.position not in ends:
            raise Refusal(_("Choose the stop."))
        passed = passed_position(schedule)
        if case.position < passed or (case.kind == Disruption.Kind.SKIP_STOP and case.position == passed):
            raise Conflict(_("The coach has left this stop already."))
        if case.kind == Disruption.Kind.SHORT_TURN and case.position == 0:
            raise Refusal(_("A coach that does not leave its first stop has to be cancelled."))
        if case.kind == Disruption.Kind.BREAKDOWN and schedule.status != Schedule.Status.DEPARTED:
            raise Refusal(_("The coach has not left yet: swap it or cancel the departure."))


def get_case(case_id: int) -> Disruption:
    """Raises NotFound."""
    rows = Disruption.objects.select_related("created_by", "confirmed_by", "approver")
    case = rows.filter(pk=case_id).first()
    if case is None:
        raise NotFound(_("We could not find this case."))
    return case


def discard_case(case_id: int) -> None:
    """Drop a case that was never confirmed. Raises Conflict otherwise."""
    with short_transaction():
        case = _lock_case(case_id)
        if case.status not in (Disruption.Status.DRAFT, Disruption.Status.PROPOSED):
            raise Conflict(_("This case is confirmed: it can only be closed."))
        DisruptionLine.objects.filter(disruption=case).delete()
        case.delete()


def renew_plan(case_id: int, *, now: datetime | None = None) -> bool:
    """Plan an unconfirmed case anew; returns whether that changes anything, and then raises its version."""
    return _plan_anew(case_id, is_first=False, now=now)


def _plan_anew(case_id: int, *, is_first: bool, now: datetime | None) -> bool:
    """Planning holds no lock: a plan that somebody overtook is dropped for theirs."""
    case = _case_to_plan(case_id)
    plan = make_plan(case, now=now or database_now())
    with short_transaction():
        locked = _lock_case(case_id)
        is_open = locked.status in (Disruption.Status.DRAFT, Disruption.Status.PROPOSED)
        if not is_open or locked.version != case.version:
            return is_open
        before = list(case.lines.all())
        write_plan(locked, plan)
        if is_first or same_plan(before, plan.lines):
            return False
        Disruption.objects.filter(pk=case.pk).update(version=case.version + 1)
        return True


def _case_to_plan(case_id: int) -> Disruption:
    case = Disruption.objects.select_related("stop", "target", "city").filter(pk=case_id).first()
    if case is None:
        raise NotFound(_("We could not find this case."))
    return case


def confirm_case(
    case_id: int, *, version: int, actor: User, submission: str, now: datetime | None = None
) -> Disruption:
    """Carry out the plan of this `version`, once: departures, seats, messages, all in one transaction.

    Over the limits it only becomes a proposal, which a supervisor or manager other than its author confirms
    in their own session; within four hours of departure it is carried out, and a task asks somebody to look
    at it. Pressed again it changes nothing. Raises Conflict when the plan is no longer what was shown: it has
    been made anew.
    """
    for _try in range(_TRIES):
        moment = now or database_now()
        action = partial(_confirm, case_id, version, actor, moment)
        try:
            run_once("confirm-case", submission, f"{case_id} {version}", action=action, now=moment)
        except _PlanOutdated:
            if renew_plan(case_id, now=now):
                break
        else:
            return get_case(case_id)
    raise Conflict(
        _(
            "Seats were sold or given back in the meantime, so the plan was updated. Check it "
            "and confirm again."
        )
    )


def _confirm(case_id: int, version: int, actor: User, now: datetime) -> str:
    rows = DisruptedSchedule.objects.filter(disruption=case_id)
    planned = {row.schedule_id: row for row in rows}
    locked = lock_schedules(planned)
    case = _lock_case(case_id)
    if case.status not in (Disruption.Status.DRAFT, Disruption.Status.PROPOSED):
        return case.status  # somebody was first, with the same
    if case.version != version:
        raise Conflict(_("The plan has changed in the meantime. Check it and confirm again."))
    own = [locked[pk] for pk, row in planned.items() if not row.is_target]
    check_departures(case.kind, own)
    check_facts(case, own, now=now)
    if any(locked[pk].revision != row.revision for pk, row in planned.items()):
        raise _PlanOutdated
    lines = list(_lines_of(case))
    counted = may_be_refunded(case, lines)
    approver = _approver_of(case, counted, actor, now)
    needs_other = is_over_limits(counted) and case.kind not in _NEVER_SIGNED
    if case.kind == Disruption.Kind.SWAP_COACH:  # who keeps a seat needs no signature, who loses one does
        needs_other = is_over_limits([line for line in lines if line.action == DisruptionLine.Action.WAIT])
    if approver is None and needs_other and not is_urgent(own, now):
        Disruption.objects.filter(pk=case.pk).update(status=Disruption.Status.PROPOSED, proposed_at=now)
        return Disruption.Status.PROPOSED
    if approver is None and needs_other:
        open_task(
            StaffTask.Kind.DISRUPTION_REVIEW,
            None,
            subject=f"case:{case.pk}",
            detail=_("Confirmed by one person shortly before departure: %(limits)s.")
            % {"limits": limits_text(counted)},
            now=now,
        )
    Disruption.objects.filter(pk=case.pk).update(
        status=Disruption.Status.CONFIRMED,
        confirmed_at=now,
        confirmed_by=case.created_by if approver else actor,
        approver=approver,
    )
    carry_out(case, own, lines, actor=actor, now=now)
    return Disruption.Status.CONFIRMED


def _approver_of(
    case: Disruption, lines: Sequence[DisruptionLine], actor: User, now: datetime
) -> User | None:
    """Who signs as the second person by confirming somebody else's case."""
    if not is_over_limits(lines) or actor.pk == case.created_by_id or not actor.may_approve:
        return None
    check_approver(actor, case.created_by, now=now)
    return actor


def _lines_of(case: Disruption) -> QuerySet[DisruptionLine]:
    related = (
        "ticket__booking",
        "ticket__fare_class",
        "from_stop__stop__city",
        "to_stop__stop__city",
        "new_seat",
        "new_from_stop__stop__city",
        "new_to_stop__stop__city",
    )
    return case.lines.select_related(*related).order_by("pk")


def may_be_refunded(case: Disruption, lines: Iterable[DisruptionLine]) -> list[DisruptionLine]:
    """The lines that count for the limits: who is moved or loses the seat; at a closed border everybody."""
    everybody = case.kind == Disruption.Kind.CLOSURE
    return [line for line in lines if everybody or line.action != DisruptionLine.Action.STAY]


def most_refunds(lines: Iterable[DisruptionLine]) -> Decimal:
    """What goes back if all of these choose that, in rand."""
    return sum((line.ticket.price for line in lines), ZERO)


def is_over_limits(lines: Sequence[DisruptionLine]) -> bool:
    """Whether a case needs a second person, by the lines that count."""
    return (
        len(lines) > company_settings.disruption_approval_people_over
        or most_refunds(lines) > company_settings.disruption_approval_over
    )


def limits_text(lines: Sequence[DisruptionLine]) -> str:
    """ "52 passengers, up to R31 200.00 in refunds" """
    facts = {"count": len(lines), "amount": format_zar(most_refunds(lines))}
    return _("%(count)d passengers, up to %(amount)s in refunds") % facts


def is_urgent(schedules: Iterable[Schedule], now: datetime) -> bool:
    return any(schedule.departure_time - URGENT <= now for schedule in schedules)


def close_case(case_id: int, *, actor: User | None = None, now: datetime | None = None) -> Disruption:
    """End a confirmed case: its links answer no more, and what a closed border took off sale is on sale
    again.

    Raises Conflict while somebody waits for a seat.
    """
    with short_transaction():
        if Disruption.objects.filter(pk=case_id, kind=Disruption.Kind.CLOSURE).exists():
            lock_schedules(DisruptedSchedule.objects.filter(disruption=case_id).values("schedule"))
        case, now = _lock_case(case_id), now or database_now()
        if case.status == Disruption.Status.CLOSED:
            return case
        if case.status != Disruption.Status.CONFIRMED:
            raise Conflict(_("This case is not confirmed yet."))
        waiting = case.lines.filter(ticket__status="valid", ticket__place="waiting").count()
        if waiting:
            raise Conflict(
                _("%(count)d passengers are still waiting for a seat or a refund. Deal with them first.")
                % {"count": waiting}
            )
        if case.kind == Disruption.Kind.CLOSURE:
            reopen(case, actor=actor, now=now)
        Disruption.objects.filter(pk=case.pk).update(status=Disruption.Status.CLOSED, closed_at=now)
    return get_case(case_id)


def _lock_case(case_id: int) -> Disruption:
    """The caller holds the departures that it will change."""
    rows = Disruption.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "created_by", "stop", "target", "city"
    )
    case = rows.filter(pk=case_id).first()
    if case is None:
        raise NotFound(_("We could not find this case."))
    return case
