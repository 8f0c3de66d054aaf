"""What people did, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.base.money import format_zar
from bookings.domain.counter.booking_record import event_text
from bookings.domain.reports.audit_list import AuditAct
from bookings.domain.sales.waivers import WaiverReason
from bookings.domain.tickets.receipt_text import method_text
from bookings.domain.timetable.trips import local_text
from bookings.models import AuditEntry, Schedule, ScheduleChange, ScheduleEvent
from bookings.office.presenters.audit_changes import FieldChange, field_changes, row_names

BOOKS: Final = {
    "booking": gettext_lazy("Bookings"),
    "refund": gettext_lazy("Refunds"),
    "departure": gettext_lazy("Departures"),
    "times": gettext_lazy("Times and stops"),
    "data": gettext_lazy("Timetable, fares and settings"),
    "account": gettext_lazy("Staff accounts"),
    "till": gettext_lazy("Till"),
    "voucher": gettext_lazy("Vouchers"),
    "task": gettext_lazy("Tasks"),
    "office": gettext_lazy("Sign-ins and files"),
}
_WAIVED: Final = "fee waived: "


@dataclass(frozen=True)
class AuditLine:
    at: str
    who: str
    approver: str
    book: str
    what: str
    about: str
    address: str
    why: str
    changes: tuple[FieldChange, ...]

    @property
    def changes_text(self) -> str:
        """For a file."""
        return "; ".join(f"{change.label}: {change.before} → {change.after}" for change in self.changes)


@dataclass(frozen=True)
class _Told:
    what: str
    about: str = ""
    address: str = ""
    why: str = ""


def audit_lines(acts: Iterable[AuditAct]) -> list[AuditLine]:
    """At most four queries, for the names of rows."""
    acts = list(acts)
    names = row_names(act.row for act in acts if isinstance(act.row, AuditEntry))
    lines = []
    for act in acts:
        text = _TELL[act.book](act.row)
        changes = field_changes(act.row, names) if isinstance(act.row, AuditEntry) else []
        lines.append(
            AuditLine(
                local_text(act.at),
                act.actor.display_name if act.actor else _("automatically"),
                act.approver.display_name if act.approver else "",
                str(BOOKS[act.book]),
                text.what,
                text.about,
                text.address,
                text.why,
                tuple(changes),
            )
        )
    return lines


def reason_text(reason: str) -> str:
    """Why, with the codes of waivers in words."""
    before, waived, rest = reason.partition(_WAIVED)
    if not waived:
        return reason
    code, comma, note = rest.partition(", ")
    word = str(WaiverReason(code).label) if code in WaiverReason.values else code
    return f"{before}{_('fee waived')}: {word}{comma}{note}"


def _booking(row: Any) -> _Told:
    reference = row.booking.booking_reference
    return _Told(
        event_text(row), reference, reverse("office:booking", args=[reference]), reason_text(row.reason)
    )


def _refund(row: Any) -> _Told:
    reference = row.booking.booking_reference if row.booking else ""
    what = _("refund of %(amount)s, %(way)s") % {
        "amount": format_zar(row.amount),
        "way": method_text(row.method),
    }
    return _Told(
        what, reference, reverse("office:booking", args=[reference]) if reference else "", row.reason
    )


def _name_of(schedule: Schedule) -> str:
    return f"{schedule.route.name}, {local_text(schedule.departure_time)}"


def _departure(row: ScheduleEvent) -> _Told:
    states = dict(Schedule.Status.choices)
    if row.kind == ScheduleEvent.Kind.UNDONE:
        what = _("step taken back")
    elif row.kind == ScheduleEvent.Kind.LEFT:
        what = _("left a stop")
    elif row.kind == ScheduleEvent.Kind.WITHDRAWN:
        what = _("withdrawn from the timetable")
    elif row.from_status == row.to_status:
        what = _("boarding closed at a stop") if row.position is not None else _("changed")
    else:
        what = f"{states.get(row.from_status, '')} → {states.get(row.to_status, '')}"
    address = reverse("office:departure_seats", args=[row.schedule_id])
    return _Told(what, _name_of(row.schedule), address, row.reason)


def _times(row: ScheduleChange) -> _Told:
    if row.kind != ScheduleChange.Kind.LATE:
        what = str(row.get_kind_display())
    elif row.late_min is None:
        what = _("delay not known")
    else:
        what = _("%(minutes)d minutes late") % {"minutes": row.late_min}
    address = reverse("office:departure_times", args=[row.schedule_id])
    why = str(row.get_reason_display()) if row.reason else ""
    return _Told(what, _name_of(row.schedule), address, why)


def _data(row: AuditEntry) -> _Told:
    kind, _colon, number = row.subject.partition(":")
    if kind == "setting" and row.before and row.after:
        return _Told(f"{row.before['value']} → {row.after['value']}", row.title, reverse("office:settings"))
    what = _("added") if row.before is None else _("removed") if row.after is None else _("changed")
    name = _PAGES.get(kind)
    address = reverse(f"office:{name}", args=[number]) if name and number.isdecimal() else ""
    return _Told(what, row.title, address)


_PAGES: Final = {
    "stop": "timetable_stop",
    "city": "timetable_city",
    "departure": "departure_seats",
    "route": "timetable_route",
    "service": "timetable_service",
    "case": "disruption",
}


def _account(row: Any) -> _Told:
    return _Told(
        row.what, row.user.display_name, reverse("office:staff_member", args=[row.user_id]), row.reason
    )


def _till(row: Any) -> _Told:
    what = _("paid out") if row.amount < 0 else _("paid in")
    shift = _("shift %(number)d, %(branch)s") % {"number": row.shift_id, "branch": row.shift.branch.name}
    address = reverse("office:shift_detail", args=[row.shift_id])
    return _Told(f"{what}: {format_zar(abs(row.amount))}", shift, address, row.reason)


def _voucher(row: Any) -> _Told:
    what = f"{row.get_kind_display()}: {format_zar(abs(row.amount))}"
    title = _("voucher %(number)d") % {"number": row.voucher_id}
    return _Told(what, title, reverse("office:voucher", args=[row.voucher_id]), row.reason)


def _task(row: Any) -> _Told:
    return _Told(
        _("task done: %(kind)s") % {"kind": row.get_kind_display()}, row.detail[:120], "", row.done_note
    )


def _office(row: Any) -> _Told:
    return _Told(str(row.get_kind_display()), row.detail)


_TELL: Final[Mapping[str, Callable[[Any], _Told]]] = {
    "booking": _booking,
    "refund": _refund,
    "departure": _departure,
    "times": _times,
    "data": _data,
    "account": _account,
    "till": _till,
    "voucher": _voucher,
    "task": _task,
    "office": _office,
}
