"""Seat layouts as the office draws and changes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.text import slugify
from django.utils.translation import gettext as _

from bookings.base.errors import NotFound
from bookings.database.transactions import database_now
from bookings.domain.inventory.seat_plans import (
    LabelRule,
    SeatPlan,
    drawn_decks,
    label_rows,
    plan_seats,
    read_plan,
)
from bookings.domain.network.audit import note_change
from bookings.domain.sales.idempotency import run_once
from bookings.models import Schedule, Seat, SeatKind, SeatLayout, User

_FREE_SEATING_ROW = 4


@dataclass(frozen=True)
class LayoutSheet:
    """A layout as it is typed. `labels` are those of each row with seats, for the rule `own`."""

    name: str
    lower: str
    upper: str = ""
    rule: str = LabelRule.ROWS
    labels: tuple[tuple[str, ...], ...] = ()
    amenities: tuple[str, ...] = ()
    is_free_seating: bool = field(default=False, kw_only=True)

    def draw(self) -> tuple[SeatPlan, list[Seat]]:
        """Its plan and its seats, unsaved. Raises Refusal where they cannot be."""
        plan = read_plan([self.lower, self.upper])
        return plan, plan_seats(plan, rule=self.rule, labels=self.labels)


def list_layouts(text: str = "") -> QuerySet[SeatLayout]:
    """By name, each with its `sold` seats, its `coaches` and whether it `is_in_use` by a departure."""
    rows = SeatLayout.objects.annotate(
        sold=Count("seats", filter=~Q(seats__kind=SeatKind.CREW), distinct=True),
        coaches=Count("bus", distinct=True),
        is_in_use=Exists(Schedule.objects.filter(layout=OuterRef("pk"))),
    )
    return (rows.filter(Q(name__icontains=text) | Q(code__icontains=text)) if text else rows).order_by(
        "name", "pk"
    )


def get_layout(layout_id: int) -> SeatLayout:
    """With its seats, and whether it `is_in_use` by a departure. Raises NotFound."""
    rows = SeatLayout.objects.annotate(is_in_use=Exists(Schedule.objects.filter(layout=OuterRef("pk"))))
    layout = rows.filter(pk=layout_id).prefetch_related("seats").first()
    if layout is None:
        raise NotFound(_("We could not find this layout."))
    return layout


def layout_sheet(layout: SeatLayout) -> LayoutSheet:
    """As the editor begins with it; two queries unless its seats are read already."""
    seats = list(layout.seats.all())
    decks = drawn_decks(layout.plan, seats)
    labels = label_rows(seats)
    lower, upper = _two_texts(decks)
    sheet = LayoutSheet(
        layout.name,
        lower,
        upper,
        labels=tuple(map(tuple, labels)),
        amenities=tuple(layout.amenities),
        is_free_seating=layout.is_free_seating,
    )
    plan = SeatPlan(decks)
    rules = (LabelRule.ROWS, LabelRule.NUMBERS)
    rule = next((rule for rule in rules if label_rows(plan_seats(plan, rule=rule)) == labels), LabelRule.OWN)
    return replace(sheet, rule=rule)


def add_layout(
    sheet: LayoutSheet, *, actor: User, submission: str, now: datetime | None = None
) -> SeatLayout:
    """Make a layout, once per `submission`. Raises Refusal for a drawing that cannot be."""
    plan, seats = sheet.draw()
    now = now or database_now()

    def act() -> str:
        return str(_create(sheet, plan, seats, actor=actor, now=now).pk)

    pk = run_once("layout", submission, repr(sheet), action=act, now=now)
    return SeatLayout.objects.get(pk=pk)


def change_layout(
    layout_id: int, sheet: LayoutSheet, *, actor: User, submission: str, now: datetime | None = None
) -> SeatLayout:
    """Change a layout, once per `submission`; returns the one that has the drawing now.

    What departures run on is never drawn anew: another drawing makes a new layout, name and amenities are
    changed in place. Raises NotFound, Refusal for a drawing that cannot be.
    """
    plan, seats = sheet.draw()
    now = now or database_now()

    def act() -> str:
        # FOR UPDATE, which waits for a departure that is being made on it, and makes later ones wait
        layout = SeatLayout.objects.select_for_update().filter(pk=layout_id).first()
        if layout is None:
            raise NotFound(_("We could not find this layout."))
        before, old = _facts(layout), list(layout.seats.all())
        is_redrawn = (drawn_decks(layout.plan, old), label_rows(old)) != (plan.decks, label_rows(seats))
        if is_redrawn and Schedule.objects.filter(layout=layout).exists():
            return str(_create(sheet, plan, seats, actor=actor, now=now).pk)
        layout.name, layout.amenities = sheet.name, list(sheet.amenities)
        layout.is_free_seating = sheet.is_free_seating
        if is_redrawn:
            layout.plan, layout.decks = plan.text, len(plan.decks)
            layout.seats.all().delete()
            _save_seats(layout, seats)
        layout.save()
        note_change(
            f"layout:{layout.pk}", layout.name, before=before, after=_facts(layout), actor=actor, now=now
        )
        return str(layout.pk)

    pk = run_once("layout-change", submission, repr((layout_id, sheet)), action=act, now=now)
    return SeatLayout.objects.get(pk=pk)


def free_seating_layout(seats: int, *, actor: User, now: datetime) -> SeatLayout:
    """The layout of so many seats that are only counted; made if there is none. Within a transaction."""
    layout = SeatLayout.objects.filter(code=f"free-seating-{seats}").first()
    if layout:
        return layout
    rows = ["s" * min(_FREE_SEATING_ROW, seats - first) for first in range(0, seats, _FREE_SEATING_ROW)]
    aisled = [f"{row[:2]}.{row[2:]}" for row in rows]
    lower, upper = _two_texts([part for part in (aisled[:15], aisled[15:]) if part])
    name = _("Free seating, %(seats)d seats") % {"seats": seats}
    sheet = LayoutSheet(name, lower, upper, rule=LabelRule.NUMBERS, is_free_seating=True)
    plan, made = sheet.draw()
    return _create(sheet, plan, made, actor=actor, now=now, code=f"free-seating-{seats}")


def _two_texts(decks: Sequence[Sequence[str]]) -> tuple[str, str]:
    """Of the lower and the upper deck."""
    lower, upper = ["\n".join(deck) for deck in (*decks, ())[:2]]
    return lower, upper


def _create(
    sheet: LayoutSheet, plan: SeatPlan, seats: Sequence[Seat], *, actor: User, now: datetime, code: str = ""
) -> SeatLayout:
    layout = SeatLayout.objects.create(
        code=code or _free_code(slugify(sheet.name)[:34] or "layout"),
        name=_free_name(sheet.name),
        decks=len(plan.decks),
        amenities=list(sheet.amenities),
        plan=plan.text,
        is_free_seating=sheet.is_free_seating,
    )
    _save_seats(layout, seats)
    note_change(f"layout:{layout.pk}", layout.name, before=None, after=_facts(layout), actor=actor, now=now)
    return layout


def _save_seats(layout: SeatLayout, seats: Sequence[Seat]) -> None:
    for seat in seats:
        seat.layout = layout
    Seat.objects.bulk_create(seats)


def _free_code(wish: str) -> str:
    code, number = wish, 2
    while SeatLayout.objects.filter(code=code).exists():
        code, number = f"{wish}-{number}", number + 1
    return code


def _free_name(wish: str) -> str:
    name, number = wish, 2
    while SeatLayout.objects.filter(name=name).exists():
        name, number = f"{wish[:110]} ({number})", number + 1
    return name


def _facts(layout: SeatLayout) -> dict[str, Any]:
    seats = list(Seat.objects.filter(layout=layout))
    return {
        "name": layout.name,
        "amenities": list(layout.amenities),
        "free_seating": layout.is_free_seating,
        "decks": [list(deck) for deck in drawn_decks(layout.plan, seats)],
        "labels": [" ".join(row) for row in label_rows(seats)],
    }
