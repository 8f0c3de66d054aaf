"""Who waits for seats on a full coach: what a cancellation or an exchange frees is offered to the first
party that it fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from bookings.base.codes import random_token, seeded_token, sha256
from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.fares.prices import Party, read_party
from bookings.domain.inventory import claims
from bookings.domain.inventory.claims import lock_schedules, lock_schedules_of_hold, refresh
from bookings.domain.sales.holds import HoldRequest, hold_any, set_expiry
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.messages import write_message
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.models import Hold, OutboxMessage, WaitListEntry, WaitListTrip

MOST_TRIPS = 6
_MOST_LISTS = 5  # that one address is on at a time


@dataclass(frozen=True)
class WaitListRequest:
    """Who waits for which departures; any of them will do."""

    email: str
    segments: Sequence[SegmentRef]
    party: Party
    language: str = "en-za"


def join_wait_list(request: WaitListRequest, *, submission: str, now: datetime | None = None) -> int:
    """Put a party on the wait list, once per `submission`, and mail the link that confirms it: until it is
    pressed, nothing is offered. Returns the id of the entry.

    Raises NotFound for a segment that is not there, Refusal for none, too many, or sales that have closed.
    """
    content = f"{request.email} {request.segments} {request.party}"
    moment = now or database_now()
    return int(run_once("wait list", submission, content, action=lambda: _join(request, moment), now=moment))


def _join(request: WaitListRequest, now: datetime) -> str:
    segments = [get_segment(ref) for ref in dict.fromkeys(request.segments)][:MOST_TRIPS]
    segments = [segment for segment in segments if segment.is_on_sale(now)]
    if not segments:
        raise Refusal(_("This departure is no longer on sale from your stop."))
    waiting = WaitListEntry.objects.filter(email=request.email, end="")
    if waiting.count() >= _MOST_LISTS:
        raise Refusal(_("This address is on enough wait lists. Leave one of them first."))
    entry = WaitListEntry(
        email=request.email,
        language=request.language,
        party=request.party.everybody,
        wheelchairs=request.party.wheelchairs,
        created_at=now,
        token_hash=random_token(),
    )
    entry.save()
    WaitListEntry.objects.filter(pk=entry.pk).update(token_hash=sha256(token_of(entry)))
    for segment in segments:
        WaitListTrip.objects.create(
            entry=entry, schedule=segment.schedule, from_stop=segment.board, to_stop=segment.alight
        )
    _write(OutboxMessage.Kind.WAIT_LIST, entry, "joined", now)
    return str(entry.pk)


def token_of(entry: WaitListEntry) -> str:
    """The same in each mail about the entry."""
    return seeded_token(f"wait list {entry.pk} {entry.email} {entry.created_at.isoformat()}")


def get_entry(token: str) -> WaitListEntry:
    """Raises NotFound."""
    entry = WaitListEntry.objects.select_related("offer").filter(token_hash=sha256(token)).first()
    if entry is None:
        raise NotFound(_("This link is no longer valid."))
    return entry


def trips_of(entry: WaitListEntry) -> list[WaitListTrip]:
    trips = entry.trips.select_related("schedule__route", "from_stop__stop__city", "to_stop__stop__city")
    return list(trips.order_by("schedule__departure_time"))


def party_of(entry: WaitListEntry) -> Party:
    return read_party(sum(entry.party.values()), entry.party, entry.wheelchairs)


def confirm_entry(entry_id: int, *, now: datetime | None = None) -> None:
    """The mailbox has answered: from now on the party is offered seats. Again it changes nothing."""
    with short_transaction():
        waiting = WaitListEntry.objects.filter(pk=entry_id, end="", confirmed_at=None)
        waiting.update(confirmed_at=now or database_now())


def leave_wait_list(entry_id: int, *, now: datetime | None = None) -> None:
    """Take the party off the list, and give back the seats of an offer that nobody has taken. Again it
    changes nothing.
    """
    with short_transaction():
        entry = WaitListEntry.objects.select_related("offer").get(pk=entry_id)
        now = now or database_now()
        if entry.offer:
            schedules = lock_schedules_of_hold(entry.offer.token)
            untaken = Hold.objects.filter(pk=entry.offer.pk, owner=_owner(entry), expires_at__gt=now)
            for hold in untaken:
                claims.release_hold(hold)
                untaken.update(expires_at=now)
                refresh(schedules)
        waiting = WaitListEntry.objects.filter(pk=entry_id, end="")
        waiting.update(end=WaitListEntry.End.LEFT, ended_at=now)


def take_offer(entry_id: int, *, owner: str, network: str = "", now: datetime | None = None) -> Hold:
    """Make the seats of an offer the visitor's, to order them as any others; again it changes nothing.

    Raises Conflict when its time has run out.
    """
    with short_transaction():
        entry = WaitListEntry.objects.select_related("offer").get(pk=entry_id)
        if entry.offer is None:
            raise Conflict(_("There is no offer yet. We mail you as soon as seats are free."))
        lock_schedules_of_hold(entry.offer.token)
        now = now or database_now()
        hold = Hold.objects.select_for_update().get(pk=entry.offer.pk)
        if hold.expires_at <= now and not hasattr(hold, "order"):
            raise Conflict(_("The time for these seats has run out. You stay on the list."))
        Hold.objects.filter(pk=hold.pk).update(owner=owner, network=network)
        hold.owner, hold.network = owner, network
    return hold


def offer_freed_seats(schedule_ids: Iterable[int], *, now: datetime) -> int:
    """Hold what a cancellation or an exchange has just freed for the first parties that it fits; returns for
    how many. Within the caller's transaction, which holds these departures and refreshes them before.
    """
    waiting = (
        WaitListTrip.objects.filter(schedule__in=list(schedule_ids), entry__in=_without_offer(now))
        .select_related("from_stop__stop", "to_stop__stop")
        .order_by("entry")
    )
    return sum(_offer(trip, now) for trip in waiting)


def _without_offer(now: datetime) -> QuerySet[WaitListEntry]:
    return WaitListEntry.objects.filter(
        Q(offer=None) | Q(offer__expires_at__lte=now, offer__order=None),
        confirmed_at__isnull=False,
        end="",
        offers__lt=WaitListEntry.MOST_OFFERS,
    )


def _offer(trip: WaitListTrip, now: datetime) -> bool:
    schedule = lock_schedules([trip.schedule_id])[trip.schedule_id]
    segment = Segment(schedule, trip.from_stop, trip.to_stop)
    minutes = offer_minutes(segment, now)
    if not minutes:
        return False
    # The party may wait for another coach, too, where a seat comes free at this moment
    WaitListEntry.objects.select_for_update().get(pk=trip.entry_id)
    entry = _without_offer(now).filter(pk=trip.entry_id).first()
    if entry is None:
        return False
    party = party_of(entry)
    request = HoldRequest(
        _owner(entry), types=party.members(), wheelchairs=party.wheelchairs, laps=party.lap_members()
    )
    try:
        hold = hold_any(segment, party.size, request, now=now)
    except Refusal:  # they do not fit; somebody behind them may
        return False
    set_expiry(hold, now + timedelta(minutes=minutes))
    Hold.objects.filter(pk=hold.pk).update(draft={**hold.draft, "email": entry.email})
    WaitListEntry.objects.filter(pk=entry.pk).update(offer=hold, offered_at=now, offers=entry.offers + 1)
    _write(OutboxMessage.Kind.SEAT_OFFER, entry, now.isoformat(), now)
    refresh([trip.schedule_id])
    return True


def offer_minutes(segment: Segment, now: datetime) -> int:
    """How long seats are kept for a party: WAIT_LIST_MINUTES, less when the coach leaves soon, and none at
    night, when nobody reads their mail, or in the last hour.
    """
    ahead = segment.boards_at - now
    local = now.astimezone(ZoneInfo(segment.board.stop.time_zone))
    if ahead < timedelta(hours=1) or local.hour >= 22 or local.hour < 6:
        return 0
    soon = ahead < timedelta(hours=6)
    return int(settings.WAIT_LIST_MINUTES_SOON if soon else settings.WAIT_LIST_MINUTES)


def end_entries(*, now: datetime | None = None) -> int:
    """Close what is over: entries that led to an order, were silent to every offer, or whose last departure
    has gone; returns how many.
    """
    now = now or database_now()
    waiting = WaitListEntry.objects.filter(end="")
    ends = WaitListEntry.End
    booked = waiting.filter(offer__order__isnull=False).update(end=ends.BOOKED, ended_at=now)
    silent = waiting.filter(
        offers__gte=WaitListEntry.MOST_OFFERS, offer__expires_at__lte=now, offer__order=None
    ).update(end=ends.SILENT, ended_at=now)
    ahead = WaitListTrip.objects.filter(schedule__departure_time__gt=now).values("entry")
    over = waiting.exclude(pk__in=ahead).update(end=ends.OVER, ended_at=now)
    return booked + silent + over


def parties_waiting(schedule_id: int) -> int:
    """How many parties wait for a departure, their mailbox having answered."""
    return WaitListTrip.objects.filter(
        schedule=schedule_id, entry__end="", entry__confirmed_at__isnull=False
    ).count()


def _owner(entry: WaitListEntry) -> str:
    """Of the hold of an offer, until whoever has the link takes it."""
    return f"wait list {entry.pk}"


def _write(kind: str, entry: WaitListEntry, version: str, now: datetime) -> None:
    write_message(kind, None, entry, version=version[:40], recipient=entry.email, now=now)
