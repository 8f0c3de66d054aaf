"""The blocks of the dashboard.

Each is one read and one fragment, the same on the page and when it refreshes itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from bookings.base.codes import sha256
from bookings.domain.counter.owed_refunds import owed_too_long
from bookings.domain.dashboard import charts, outlook, today
from bookings.domain.dashboard import pending_work as desk
from bookings.domain.dashboard.last_sales import last_sales
from bookings.domain.dashboard.next_coach import next_coach
from bookings.domain.dashboard.timeline import timeline
from bookings.domain.dashboard.today import StationDeparture
from bookings.domain.operations import tasks
from bookings.domain.operations.station import Coming
from bookings.domain.operations.tasks import OpenTasks
from bookings.models import Branch, User
from bookings.office.policy import may
from bookings.office.presenters import charts as drawing
from bookings.office.presenters.next_coach import NextCoachBlock
from bookings.office.presenters.owed_refunds import owed_line
from bookings.office.presenters.timeline import TimelineBlock
from bookings.web.fragments import Fragment, Parts

CACHE_SECONDS: Final = 60
PLACES: Final = ("top", "wide", "narrow", "charts")


@dataclass(frozen=True)
class DashboardView:
    """Whose dashboard it is, of which station, when."""

    user: User
    branch: Branch | None
    now: datetime
    is_elsewhere: bool = False  # not the user's own branch
    page: int = 1  # of the outlook

    @property
    def station(self) -> Branch:
        """That of a block which `needs_branch`."""
        if self.branch is None:
            raise LookupError("There is no station to show.")
        return self.branch

    @cached_property
    def departures(self) -> tuple[Coming, ...]:
        """What has not left the station; several blocks show it, and it is read once."""
        return today.not_gone(self.station, self.now)

    def may(self, name: str) -> bool:
        return may(self.user.role, name)

    def address(self, name: str, **more: object) -> str:
        parameters = {"branch": self.branch.code if self.is_elsewhere and self.branch else "", **more}
        query = urlencode({key: value for key, value in parameters.items() if value})
        return reverse(f"office:{name}") + (f"?{query}" if query else "")


@dataclass(frozen=True)
class Block:
    slug: str
    seconds: int  # between two looks
    read: Callable[[DashboardView], Any]  # a value with a cache_key is kept by it
    needs_branch: bool = True
    may_lag: bool = False  # a chart: some seconds behind is good enough

    @property
    def place(self) -> str:
        """Where it stands beside others: across the page, in the wide column, or in the narrow one; charts
        come below the wide one, and on a phone after all that somebody must see to.
        """
        if self.slug in ("pulse", "timeline"):
            return "top"
        if self.slug == "departures":
            return "wide"
        return "charts" if self.slug in ("outlook", "load", "sales") else "narrow"

    @property
    def name(self) -> str:
        return f"today_{self.slug}"


@dataclass(frozen=True)
class RenderedBlock:
    """A block that was rendered; `seen` changes when what it shows does."""

    block: Block
    html: SafeString
    seen: str
    address: str

    @property
    def refresh_address(self) -> str:
        return f"{self.address}{'&' if '?' in self.address else '?'}seen={self.seen}"


def _draw_load(at: DashboardView) -> drawing.BarChart:
    return drawing.load_chart(charts.load_by_day(at.station, now=at.now))


def _draw_sales(at: DashboardView) -> drawing.BarChart:
    return drawing.sales_chart(charts.sales_by_hour(at.station, now=at.now))


@dataclass(frozen=True)
class TasksBlock:
    tasks: OpenTasks
    owed: str  # what is owed to customers for more than a day, "" if nothing is


def _read_tasks(at: DashboardView) -> TasksBlock:
    owed = owed_too_long(at.user, now=at.now) if at.may("owed") else None
    return TasksBlock(tasks.open_tasks(at.user, now=at.now), owed_line(owed, now=at.now) if owed else "")


# In the order of the page.
BLOCKS: Final[dict[str, Block]] = {
    block.slug: block
    for block in (
        Block("pulse", 30, lambda at: today.pulse(at.station, now=at.now)),
        Block("timeline", 60, lambda at: TimelineBlock(timeline(at.station, now=at.now))),
        Block("departures", 30, lambda at: today.NextDepartures.of(at.station, at.departures, now=at.now)),
        Block("tills", 30, lambda at: desk.tills(at.user, at.branch, now=at.now), needs_branch=False),
        Block("coach", 30, lambda at: NextCoachBlock(next_coach(at.station, at.departures, now=at.now))),
        Block("last", 30, lambda at: last_sales(at.station, now=at.now)),
        Block("alerts", 30, lambda at: today.Alerts(at.station, at.now, at.departures)),
        Block("orders", 30, lambda at: desk.unpaid_orders(at.station, now=at.now)),
        Block("tasks", 45, _read_tasks, needs_branch=False),
        Block("mails", 45, lambda at: desk.stuck_mails(now=at.now), needs_branch=False),
        Block("outlook", 60, lambda at: outlook.outlook(at.station, now=at.now, page=at.page), may_lag=True),
        Block("load", 60, _draw_load, may_lag=True),
        Block("sales", 60, _draw_sales, may_lag=True),
    )
}


def blocks_for(at: DashboardView) -> list[Block]:
    """What the role may open, and what there is anything to say about."""
    return [
        block for block in BLOCKS.values() if at.may(block.name) and (at.branch or not block.needs_branch)
    ]


def departure_row(row: StationDeparture) -> str:
    """The class of a departure's row: what somebody must see to, before what only fills up."""
    if row.is_cancelled:
        return "is-cancelled"
    if row.late:
        return "is-bad"
    return "is-warn" if row.peak.level in ("full", "high") else ""


def show(block: Block, at: DashboardView) -> RenderedBlock:
    view = block.read(at)
    template, context = f"office/dashboard/_{block.slug}.html", {"view": view, "desk": at}
    if hasattr(view, "cache_key"):
        # Links differ by role, and by whether the station is the reader's own.
        key = f"{view.cache_key}:{at.user.role}:{int(at.is_elsewhere)}"
        html = Parts(block=Fragment(template, context, key, CACHE_SECONDS))["block"]
    else:
        html = render_to_string(template, context)
    page = at.page if block.slug == "outlook" and at.page > 1 else ""
    return RenderedBlock(block, html, sha256(html)[:12], at.address(block.name, page=page))
