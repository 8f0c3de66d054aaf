"""Who did what, from all books of what people do, the latest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Model, Q, QuerySet

from bookings.base.codes import normal_code
from bookings.domain.reports.periods import ReportPeriod
from bookings.models import (
    AuditEntry,
    Booking,
    BookingEvent,
    OfficeEvent,
    Refund,
    ScheduleChange,
    ScheduleEvent,
    StaffEvent,
    StaffTask,
    TillMovement,
    User,
    VoucherMovement,
)

PAGE: Final = 50
# What an audit entry may be of: the first part of its subject
_EDITED: Final = (
    "stop",
    "city",
    "route",
    "service",
    "fares",
    "departure",
    "layout",
    "coach",
    "setting",
    "case",
)


@dataclass(frozen=True)
class AuditQuery:
    """Which acts. `kinds` are names of AUDIT_BOOKS, none: all. `about`: a thing by its kind and id, such as
    ("booking", 12); what nobody did, but happened to it, is listed then, too.
    """

    period: ReportPeriod | None = None
    kinds: tuple[str, ...] = ()
    person: int | None = None
    about: tuple[str, int] | None = None
    text: str = ""


@dataclass(frozen=True)
class AuditAct:
    """A row of one of the books; the row says what, and a presenter puts it into words."""

    book: str
    at: datetime
    row: Any
    actor: User | None
    approver: User | None = None


@dataclass(frozen=True)
class AuditPage:
    acts: tuple[AuditAct, ...]
    after: str  # the cursor of the next page, "" for none


@dataclass(frozen=True)
class AuditBook:
    """A table of acts: when, by whom, what of it is searched, and of which things it tells."""

    rows: Callable[[], QuerySet[Any]]
    at: str
    actor: str
    searched: tuple[str, ...]
    about: Mapping[str, str]
    approver: str = ""

    def find(self, query: AuditQuery) -> QuerySet[Any] | None:
        """None: it tells of nothing that is asked for."""
        rows = self.rows()
        if query.about:
            kind, number = query.about
            if kind not in self.about:
                return None
            field = self.about[kind]
            rows = rows.filter(**{field: f"{kind}:{number}" if field == "subject" else number})
        else:
            rows = rows.filter(**{f"{self.actor}__isnull": False})
        if query.period:
            rows = rows.filter(**{f"{self.at}__gte": query.period.start, f"{self.at}__lt": query.period.end})
        if query.person:
            of_person = Q(**{self.actor: query.person})
            if self.approver:
                of_person |= Q(**{self.approver: query.person})
            rows = rows.filter(of_person)
        if query.text:
            matches = Q()
            for field in self.searched:
                matches |= Q(**{f"{field}__icontains": query.text})
            rows = rows.filter(matches) if self.searched else rows.none()
        return rows


AUDIT_BOOKS: Final[Mapping[str, AuditBook]] = {
    "booking": AuditBook(
        lambda: BookingEvent.objects.select_related("booking", "ticket", "actor", "approver"),
        "at",
        "actor",
        ("reason",),
        {"booking": "booking"},
        "approver",
    ),
    "refund": AuditBook(
        lambda: Refund.objects.select_related("order", "booking", "shift__clerk", "approver").filter(
            paid_at__isnull=False
        ),
        "paid_at",
        "shift__clerk",
        ("reason", "reference"),
        {"booking": "booking"},
        "approver",
    ),
    "departure": AuditBook(
        lambda: ScheduleEvent.objects.select_related("schedule__route", "actor"),
        "at",
        "actor",
        ("reason", "schedule__route__name"),
        {"departure": "schedule"},
    ),
    "times": AuditBook(
        lambda: ScheduleChange.objects.select_related("schedule__route", "actor"),
        "at",
        "actor",
        ("schedule__route__name",),
        {"departure": "schedule"},
    ),
    "data": AuditBook(
        lambda: AuditEntry.objects.select_related("actor"),
        "at",
        "actor",
        ("title",),
        dict.fromkeys(_EDITED, "subject"),
    ),
    "account": AuditBook(
        lambda: StaffEvent.objects.select_related("user", "actor"),
        "at",
        "actor",
        ("what", "reason", "user__username", "user__last_name"),
        {"member": "user"},
    ),
    "till": AuditBook(
        lambda: TillMovement.objects.select_related("shift__clerk", "shift__branch", "approver"),
        "at",
        "shift__clerk",
        ("reason",),
        {},
        "approver",
    ),
    "voucher": AuditBook(
        lambda: VoucherMovement.objects.select_related("voucher", "actor", "approver"),
        "at",
        "actor",
        ("reason",),
        {"voucher": "voucher"},
        "approver",
    ),
    "task": AuditBook(
        lambda: StaffTask.objects.select_related("done_by").filter(done_at__isnull=False),
        "done_at",
        "done_by",
        ("detail", "done_note"),
        {},
    ),
    "office": AuditBook(
        lambda: OfficeEvent.objects.select_related("user"), "at", "user", ("detail",), {"member": "user"}
    ),
}
_ORDER: Final = {book: place for place, book in enumerate(AUDIT_BOOKS)}


def list_acts(query: AuditQuery, *, after: str = "", size: int = PAGE) -> AuditPage:
    """The acts before the cursor: a query for each book that tells of what is asked for. A cursor that makes
    no sense is the first page.
    """
    place = _read_cursor(after)
    acts: list[AuditAct] = []
    for name, book in AUDIT_BOOKS.items():
        rows = book.find(query) if not query.kinds or name in query.kinds else None
        if rows is None:
            continue
        if place:
            rows = rows.filter(_before(book.at, place, _ORDER[name]))
        for row in rows.order_by(f"-{book.at}", "-pk")[: size + 1]:
            approver = getattr(row, book.approver) if book.approver else None
            acts.append(AuditAct(name, getattr(row, book.at), row, _actor(row, book.actor), approver))
    acts.sort(key=lambda act: (act.at, -_ORDER[act.book], act.row.pk), reverse=True)
    return AuditPage(tuple(acts[:size]), _cursor(acts[size - 1]) if len(acts) > size else "")


def find_booking(text: str) -> int | None:
    """The booking that this is the reference of."""
    code = normal_code(text)
    rows = Booking.objects.filter(booking_reference=code) if 6 <= len(code) <= 12 else Booking.objects.none()
    return rows.values_list("pk", flat=True).first()


def find_members() -> Sequence[tuple[int, str]]:
    """Everybody who may have done something, by name."""
    people = [
        (user.pk, user.display_name) for user in User.objects.only("first_name", "last_name", "username")
    ]
    return sorted(people, key=lambda person: person[1].casefold())


def _actor(row: Model, path: str) -> User | None:
    value: Any = row
    for name in path.split("__"):
        value = getattr(value, name) if value is not None else None
    return value if isinstance(value, User) else None


def _before(field: str, place: tuple[datetime, int, int], order: int) -> Q:
    """Rows of the book of this order that come after the cursor's, in a list that falls."""
    at, other, number = place
    earlier = Q(**{f"{field}__lt": at})
    if order > other:
        tie = Q(**{field: at})
    elif order == other:
        tie = Q(**{field: at, "pk__lt": number})
    else:
        return earlier
    return Q(**{f"{field}__lte": at}) & (earlier | tie)


def _cursor(act: AuditAct) -> str:
    return f"{act.at.astimezone(UTC):%Y%m%dT%H%M%S.%f}-{_ORDER[act.book]}-{act.row.pk}"


def _read_cursor(text: str) -> tuple[datetime, int, int] | None:
    parts = text[:60].split("-")
    if len(parts) != 3 or not all(
        part.isascii() and part.isdecimal() and len(part) < 19 for part in parts[1:]
    ):
        return None
    try:
        return (
            datetime.strptime(parts[0], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC),
            int(parts[1]),
            int(parts[2]),
        )
    except ValueError:
        return None
