"""One of everything, and every address of the URLconf that shows it. A new page joins by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from typing import Any, Final
from urllib.parse import unquote

from django.core.exceptions import ViewDoesNotExist
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from django.utils.regex_helper import normalize

from bookings.domain.partners.api_keys import KeyTerms, make_key
from bookings.domain.partners.webhooks import add_webhook
from bookings.domain.sales.blocks import BlockRequest, block_seats
from bookings.domain.sales.cancellations import CancellationRequest, cancel_booking
from bookings.domain.sales.holds import HoldRequest, hold_seats
from bookings.domain.tickets.links import make_link
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import Booking, Order, PaymentAttempt, Schedule, Shift, StaffTask, User
from bookings.tests.domain.disruptions.cancelled_coach import draft
from bookings.tests.make import make_partner, make_shift, make_user
from bookings.tests.passenger.buying import departure_ahead, hold_by, order_by, paid_by
from bookings.tests.races.crowd import SCALE

GUEST: Final = "guest"
BUYER: Final = "buyer"
ROLES: Final = (GUEST, BUYER, *User.Role.values)
_ADMIN: Final = (User.Role.MANAGER, User.Role.AUDITOR)
# What stands in an address whose part we do not know by name.
_SAMPLES: Final = ("1", "ABCDEFGH", "2026-12-01", "x" * 22, "00000000-0000-0000-0000-000000000000")


@dataclass
class World:
    """Rows to look at, browsers to look with, and what can stand in an address."""

    schedule: Schedule
    booking: Booking
    shift: Shift
    clients: dict[str, Client]
    parts: dict[str, list[str]] = field(default_factory=dict)


def make_world() -> World:
    """A departure with a paid, an unpaid and a cancelled booking, a hold and a block.

    Somebody of each role, and a buyer.
    """
    schedule = departure_ahead(seats=44)
    buyer = Client()
    booking, unpaid, gone = (
        paid_by(buyer, schedule, "1A", "1B"),
        order_by(buyer, schedule, "2A"),
        paid_by(buyer, schedule, "3A"),
    )
    cancel_booking(CancellationRequest(gone.booking_reference), submission="gone", content="")
    hold = hold_by(buyer, schedule, "4A", "4B")
    (block,) = block_seats(BlockRequest(schedule.pk, ["5A"], "crew"))
    clients: dict[str, Client] = {GUEST: Client(), BUYER: buyer}
    for role in User.Role.values:
        clients[role] = Client()
        clients[role].force_login(make_user(role=role))
    clerk = User.objects.get(role=User.Role.CLERK)
    shift = make_shift(clerk, opened_at=timezone.now() - timedelta(hours=1))
    for role in (User.Role.SUPERVISOR, User.Role.MANAGER):
        make_shift(User.objects.get(role=role), opened_at=timezone.now() - timedelta(hours=1))
    at_desk = hold_seats(
        get_segment(SegmentRef(schedule.pk, "johannesburg", "cape-town")),
        ["6A"],
        HoldRequest(f"staff:{clerk.pk}"),
    )
    task = StaffTask.objects.create(
        kind=StaffTask.Kind.REFUND_DUE, subject="x", detail="look at this", created_at=timezone.now()
    )
    partner = make_partner("Johannesburg")  # a city's slug, too
    hook = add_webhook(partner, url="https://hooks.partner.example/", events=["booking.confirmed"])
    world = World(schedule, booking, shift, clients)
    world.parts = {
        "schedule_id": [str(schedule.pk)],
        "reference": [
            booking.booking_reference,
            unpaid.bookings.get().booking_reference,
            gone.booking_reference,
        ],
        "token": [
            hold,
            at_desk.token,
            *Order.objects.values_list("token", flat=True),
            *PaymentAttempt.objects.values_list("token", flat=True),
            make_link(booking.order, now=timezone.now()),
        ],
        "ticket_id": [str(pk) for pk in booking.tickets.values_list("pk", flat=True)],
        "refund_id": [str(pk) for pk in gone.refunds.values_list("pk", flat=True)],
        "task_id": [str(task.pk)],
        "block_id": [str(block.pk)],
        "number": [str(shift.pk)],
        "gateway_name": ["demo"],
        "provider": ["clickatell", "meta"],
        "origin": ["johannesburg"],
        "destination": ["cape-town"],
        "app_label": ["bookings"],
        "object_id": [str(booking.pk), str(schedule.pk)],
        "pk": [str(schedule.pk), str(schedule.route_id)],
        "slug": [partner.slug],
        "key_id": [str(make_key(partner, KeyTerms("tried", ["read"])).key.pk)],
        "hook_id": [str(hook.pk)],
        "case_id": [
            str(draft(schedule, by=User.objects.get(role=User.Role.DISPATCHER), now=timezone.now()).pk)
        ],
    }
    return world


@dataclass(frozen=True)
class Place:
    """A pattern of the URLconf."""

    name: str
    pattern: str  # as one regular expression would see it, from the root
    callback: Any
    names: tuple[str, ...]

    def addresses(self, parts: dict[str, list[str]]) -> list[str]:
        """Addresses of this pattern: one for each row that we have for its last part."""
        forms = [form for form, _names in normalize(self.pattern)]
        form = forms[0] if forms else "/"
        *before, last = self.names or ("",)
        addresses: dict[str, None] = {}
        for value in parts.get(last, _SAMPLES) if last else [""]:
            for values in product(*(parts[name][:1] if name in parts else _SAMPLES for name in before)):
                filled = form % {**dict(zip(before, values, strict=True)), last: value} if last else form
                address = "/" + unquote(filled).lstrip("/")
                if re.match(self.pattern, address[1:]):
                    addresses[address] = None
                    break
        return list(addresses)


def places() -> list[Place]:
    return list(_walk(get_resolver(), "", "", ()))


def _walk(resolver: URLResolver, before: str, names: str, known: tuple[str, ...]) -> Iterator[Place]:
    for each in resolver.url_patterns:
        regex = (
            each.pattern.regex.pattern.removeprefix("^").removeprefix(r"\A")
            if before
            else each.pattern.regex.pattern
        )
        whole, parts = before + regex, (*known, *each.pattern.regex.groupindex)
        if isinstance(each, URLResolver):
            yield from _walk(each, whole, f"{names}{each.namespace}:" if each.namespace else names, parts)
        elif isinstance(each, URLPattern):
            try:
                yield Place(f"{names}{each.name or each.pattern}", whole, each.callback, parts)
            except ViewDoesNotExist:  # pragma: no cover - Django's own check finds it first
                continue


def addresses(world: World, role: str, *, rows: int = 3) -> list[tuple[Place, str]]:
    """Every page that somebody of this role could try, for so many rows of its kind.

    The admin's pages count for those who read there; the short form takes every seventh, which is one of each
    kind and of most models.
    """
    everywhere = places()
    models = [place for place in everywhere if place.pattern.startswith("admin/bookings")]
    tried = set(models if SCALE else models[::7]) if role in _ADMIN else set()
    return [
        (place, address)
        for place in everywhere
        if place in tried or not place.pattern.startswith("admin/bookings")
        for address in place.addresses(world.parts)[:rows]
    ]
