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


@dataclass(frozen=True)
class MenuItem:
    """A page of the menu: its URL name, its words and the letter of its access key.

    What is seldom needed stands under "More".
    """

    name: str
    label: str | Promise
    key: str
    is_rare: bool = False


# A place shows as soon as its URL name has a line in the policy. A letter must not occur among the access
# keys of any page.
MENU: Final = (
    MenuItem("dashboard", _("Today"), "h"),
    MenuItem("sell", _("Sell"), "s"),
    MenuItem("bookings", _("Bookings"), "b"),
    MenuItem("departures", _("Departures"), "d"),
    MenuItem("shift", _("Till"), "t"),
    MenuItem("shifts", _("Shifts"), "k"),
    MenuItem("tasks", _("Tasks"), "a"),
    MenuItem("staff", _("Staff"), "f", is_rare=True),
    MenuItem("timetable", _("Timetable"), "i", is_rare=True),
    MenuItem("partners", _("Partners"), "r", is_rare=True),
    MenuItem("promo_codes", _("Promo codes"), "y", is_rare=True),
    MenuItem("owed", _("Owed refunds"), "u", is_rare=True),
    MenuItem("reconciliation", _("Reconciliation"), "w", is_rare=True),
    MenuItem("reference", _("Reference data"), "o", is_rare=True),
    MenuItem("database", _("Database"), "g", is_rare=True),
)


@dataclass(frozen=True)
class NavLink:
    address: str
    label: str | Promise
    key: str
    is_current: bool
    is_rare: bool


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
        return [link for link in self.links if not link.is_rare]

    @property
    def rare_links(self) -> list[NavLink]:
        return [link for link in self.links if link.is_rare]

    @cached_property
    def links(self) -> list[NavLink]:
        home = reverse("office:dashboard")
        links = []
        for place in MENU:
            if place.name in POLICY and may(self.user.role, place.name):
                address = reverse(f"office:{place.name}")
                is_here = self._path == address if address == home else self._path.startswith(address)
                links.append(NavLink(address, place.label, place.key, is_here, place.is_rare))
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
