"""What stands around every page of the office: where to go, who is signed in, which shift is open."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.db.models import FilteredRelation, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from bookings.database.compiled import compiled
from bookings.domain.timetable.trips import clock_text
from bookings.models import User
from bookings.office.policy import POLICY, may

TIMETABLE, MONEY, PEOPLE = _("Timetable"), _("Money"), _("People")
REPORTS, SYSTEM = _("Reports"), _("System")
HEADINGS: Final = (TIMETABLE, MONEY, PEOPLE, REPORTS, SYSTEM)  # of what stands under "More"


@dataclass(frozen=True)
class MenuItem:
    """A page of the menu: its URL name, its words and the letter of its access key.

    What is seldom needed stands under "More", below its heading, and may have no letter.
    """

    name: str
    label: str | Promise
    key: str = ""
    heading: str | Promise = ""


# A place shows as soon as its URL name has a line in the policy. A letter must not occur among the access
# keys of any page; all are taken.
MENU: Final = (
    MenuItem("dashboard", _("Today"), "h"),
    MenuItem("sell", _("Sell"), "s"),
    MenuItem("bookings", _("Bookings"), "b"),
    MenuItem("departures", _("Departures"), "d"),
    MenuItem("shift", _("Till"), "t"),
    MenuItem("shifts", _("Shifts"), "k"),
    MenuItem("tasks", _("Tasks"), "a"),
    MenuItem("timetable", _("Timetable"), "i", heading=TIMETABLE),
    MenuItem("reference", _("Reference data"), "o", heading=TIMETABLE),
    MenuItem("owed", _("Owed refunds"), "u", heading=MONEY),
    MenuItem("reconciliation", _("Reconciliation"), "w", heading=MONEY),
    MenuItem("promo_codes", _("Promo codes"), "y", heading=MONEY),
    MenuItem("staff", _("Staff"), "f", heading=PEOPLE),
    MenuItem("partners", _("Partners"), "r", heading=PEOPLE),
    MenuItem("personal_data", _("Personal data"), heading=PEOPLE),
    MenuItem("reports", _("Reports"), heading=REPORTS),
    MenuItem("audit", _("Audit"), heading=REPORTS),
    MenuItem("settings", _("Settings"), heading=SYSTEM),
    MenuItem("database", _("Database"), "g", heading=SYSTEM),
)


@dataclass(frozen=True)
class NavLink:
    address: str
    label: str | Promise
    key: str
    is_current: bool
    heading: str | Promise

    @property
    def shortcut(self) -> str:
        return f"Alt+{self.key.upper()}" if self.key else ""


@dataclass(frozen=True)
class NavGroup:
    """Links under a heading of "More"."""

    heading: str | Promise
    links: tuple[NavLink, ...]


@dataclass(frozen=True)
class Desk:
    """Where somebody works."""

    branch: str  # name
    shift: int | None  # number of the open one
    shift_since: str  # "06:00", with its day unless that is today


class Frame:
    """Asked by the template only; the desk is read when it is shown."""

    def __init__(self, user: User, path: str) -> None:
        self.user = user
        self._path = path

    @property
    def usual_links(self) -> list[NavLink]:
        return [link for link in self.links if not link.heading]

    @property
    def rare_groups(self) -> list[NavGroup]:
        """What stands under "More", by its headings."""
        groups = [
            NavGroup(heading, tuple(link for link in self.links if link.heading == heading))
            for heading in HEADINGS
        ]
        return [group for group in groups if group.links]

    @cached_property
    def links(self) -> list[NavLink]:
        home = reverse("office:dashboard")
        links = []
        for place in MENU:
            if place.name in POLICY and may(self.user.role, place.name):
                address = reverse(f"office:{place.name}")
                is_here = self._path == address if address == home else self._path.startswith(address)
                links.append(NavLink(address, place.label, place.key, is_here, place.heading))
        return links

    @cached_property
    def desk(self) -> Desk:
        """One query."""
        branch, shift_number, shift_since = _desks(self.user.pk)[0]
        since = clock_text(shift_since, timezone.now()) if shift_since else ""
        return Desk(branch or "", shift_number, since)


@compiled
def _desks(user_id: int) -> QuerySet[User, tuple[str | None, int | None, datetime | None]]:
    shift = FilteredRelation("shifts", condition=Q(shifts__closed_at=None))
    users = User.objects.filter(pk=user_id).annotate(open_shift=shift).order_by()
    return users.values_list("branch__name", "open_shift__pk", "open_shift__opened_at")


def office(request: HttpRequest) -> dict[str, Any]:
    """`frame` and `office` for the templates of /office/, and nothing elsewhere: a public page must not touch
    the session.

    `office` is looked up when a template first uses it, so that a page which says that the database is away
    can be shown.
    """
    match = request.resolver_match
    is_ours = (
        match.app_name == "office" if match else request.path.startswith(reverse("office:dashboard"))
    )  # no match: a 404
    if not is_ours:
        return {}
    return {"frame": "office/base.html", "office": SimpleLazyObject(lambda: _frame_of(request))}


def _frame_of(request: HttpRequest) -> Frame | None:
    user = getattr(request, "user", None)  # a request that is refused at the door, say for its Host, has none
    return Frame(user, request.path) if user and user.is_authenticated else None
