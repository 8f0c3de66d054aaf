"""Limits against seats that are held and never paid.

So many for a visitor, a share of a coach for a network. Staff are exempt.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import ceil
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.emails import plain_email
from bookings.base.errors import Refusal
from bookings.database.transactions import take_turns
from bookings.domain.company.settings import company_settings
from bookings.domain.inventory.claims import ClaimedLeg
from bookings.domain.inventory.seat_choice import sold_seats
from bookings.domain.timetable.trips import clock_text
from bookings.models import Channel, Hold, HoldTrip, SaleStatus, Schedule, StaffTask, Ticket

logger = logging.getLogger("bookings.hoarding")


_Unpaid = Mapping[int, datetime]  # by seat: until when it is kept


class Moment(NamedTuple):
    """When enough seats will have run out, seen from now."""

    at: datetime
    now: datetime

    @property
    def seconds(self) -> int:
        return max(1, ceil((self.at - self.now).total_seconds()))


class HoldLimitReached(Refusal):
    """More unpaid seats than one visitor may hold; `retry_after` in seconds."""

    status = 429

    def __init__(self, message: str, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NetworkFull(HoldLimitReached):
    """One network holds its share of a coach.

    A large family behind one router, or somebody who wants the coach to look full.
    """

    def __init__(self, network: str, schedule: Schedule, unpaid: _Unpaid, again: Moment) -> None:
        super().__init__(
            _(
                "Too many unpaid seats on this departure are held from your network. "
                "Please try again after %(time)s, or once some of them are paid."
            )
            % {"time": clock_text(again.at, again.now)},
            retry_after=again.seconds,
        )
        self.network, self.schedule, self.held = network, schedule, len(unpaid)
        self.seats = len(sold_seats(schedule.layout_id))


def check_hold_limits(
    schedule: Schedule,
    count: int,
    live: Iterable[ClaimedLeg],
    *,
    owner: str,
    network: str,
    now: datetime,
) -> None:
    """Refuse to hold `count` more seats where too many are held unpaid.

    `live` are the claims of the departure that count now, without those that are about to be given back.
    Raises HoldLimitReached for the owner's own, NetworkFull for those of their network.
    """
    unpaid = list(live)
    own = _ends(claim for claim in unpaid if claim.owner == owner)
    most = settings.HOLD_MAX_SEATS
    if count > most or len(own) + count > most:
        message = _("You can hold at most %(most)d seats on a departure at a time.") % {"most": most}
        if count > most:
            raise HoldLimitReached(message)
        raise HoldLimitReached(message, retry_after=_again(own, len(own) + count - most, now).seconds)
    if network and company_settings.hold_network_share:
        seats = len(sold_seats(schedule.layout_id))
        share = max(most, int(seats * company_settings.hold_network_share))  # one party is never too large
        held = _ends(claim for claim in unpaid if claim.network == network)
        if len(held) + count > share:
            raise NetworkFull(network, schedule, held, _again(held, len(held) + count - share, now))


def _ends(claims: Iterable[ClaimedLeg]) -> _Unpaid:
    ends: dict[int, datetime] = {}
    for claim in claims:
        if claim.expires_at is not None:
            ends[claim.seat_id] = max(claim.expires_at, ends.get(claim.seat_id, claim.expires_at))
    return ends


def _again(unpaid: _Unpaid, too_many: int, now: datetime) -> Moment:
    return Moment(sorted(unpaid.values())[too_many - 1], now)


class PayLaterLimit(Refusal):
    """As many seats are kept unpaid for strangers as may be."""


def check_pay_later_limits(hold: Hold, trips: Sequence[HoldTrip], *, now: datetime) -> None:
    """Refuse to let a stranger pay later for the seats of a hold where too many wait unpaid: of a coach, or
    of their address, telephone or network, on all coaches. The caller holds the departures; strangers who are
    the same by one of the three take turns, as they may order on different ones.

    Raises PayLaterLimit.
    """
    email, phone = plain_email(hold.draft.get("email", "")), hold.draft.get("phone", "")
    take_turns(*(f"pay later:{name}" for name in (email, phone, hold.network) if name))
    waiting = Ticket.objects.filter(
        seat__isnull=False,
        status=Ticket.Status.VALID,
        booking__status=SaleStatus.PENDING,
        booking__order__channel=Channel.WEB,
        booking__order__pays_later=True,
        booking__order__pay_by__gt=now,
    )
    for trip in trips:
        most = int(len(sold_seats(trip.schedule.layout_id)) * company_settings.pay_later_coach_share)
        if waiting.filter(schedule=trip.schedule).count() + len(trip.seats.all()) > most:
            raise PayLaterLimit(
                _("Too many seats of this coach wait for their payment already. Please pay now.")
            )
    own = Q(booking__passenger_email=email)
    if phone:
        own |= Q(booking__order__phone=phone)
    if hold.network:
        own |= Q(booking__order__hold__network=hold.network)
    most = company_settings.pay_later_most_seats
    if waiting.filter(own).count() + sum(len(trip.seats.all()) for trip in trips) > most:
        raise PayLaterLimit(
            _("At most %(most)d seats can wait for their payment. Please pay now.") % {"most": most}
        )


def report_network_full(refusal: NetworkFull, *, now: datetime) -> None:
    """Ask a person to look, once for each network until that is done.

    Call it after the refused transaction is over.
    """
    subject = f"network:{refusal.network[:16]}"
    if StaffTask.objects.filter(kind=StaffTask.Kind.HOLD_LIMIT, subject=subject, done_at=None).exists():
        return
    logger.warning(
        "%s keeps %d of %d seats of departure %d", subject, refusal.held, refusal.seats, refusal.schedule.pk
    )
    detail = _(
        "%(kept)d of %(seats)d seats of %(route)s, %(time)s, are held unpaid from one network (%(network)s)."
    ) % {
        "kept": refusal.held,
        "seats": refusal.seats,
        "route": refusal.schedule.route.name,
        "time": f"{timezone.localtime(refusal.schedule.departure_time):%a %-d %b %H:%M}",
        "network": refusal.network[:8],
    }
    StaffTask.objects.bulk_create(
        [StaffTask(kind=StaffTask.Kind.HOLD_LIMIT, subject=subject, detail=detail, created_at=now)],
        ignore_conflicts=True,
    )
