"""Limits against seats that are held and never paid.

So many for a visitor, a share of a coach for a network. Staff are exempt.
"""

import logging
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.domain.inventory.seat_choice import sold_seats
from bookings.models import HoldTrip, Schedule, SeatClaim, StaffTask

logger = logging.getLogger("bookings.hoarding")


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

    def __init__(self, network: str, schedule: Schedule, held: int, seats: int) -> None:
        super().__init__(
            _(
                "Too many unpaid seats of this departure are kept from your network. "
                "Please try again in a few minutes."
            ),
            retry_after=300,
        )
        self.network, self.schedule, self.held, self.seats = network, schedule, held, seats


def check_hold_limits(
    schedule: Schedule, count: int, *, owner: str, network: str, replaces: HoldTrip | None, now: datetime
) -> None:
    """Refuse to hold `count` more seats where too many are held unpaid; those of `replaces` are about to be
    given back.

    Raises HoldLimitReached for the owner's own, NetworkFull for those of their network.
    """
    unpaid = SeatClaim.objects.filter(schedule=schedule, expires_at__gt=now)
    if replaces:
        unpaid = unpaid.exclude(hold_trip=replaces)

    def held_by(field: str, value: str) -> Count:
        of_hold, of_order = (
            Q(**{f"hold_trip__hold__{field}": value}),
            Q(**{f"ticket__booking__order__hold__{field}": value}),
        )
        return Count("seat", filter=of_hold | of_order, distinct=True)

    held = unpaid.aggregate(owner=held_by("owner", owner), network=held_by("network", network))
    most = settings.HOLD_MAX_SEATS
    if count > most or held["owner"] + count > most:
        raise HoldLimitReached(
            _("You can keep at most %(most)d seats of a departure at a time.") % {"most": most}
        )
    if network and settings.HOLD_NETWORK_SHARE:
        seats = len(sold_seats(schedule.layout_id))
        share = max(most, int(seats * settings.HOLD_NETWORK_SHARE))  # one party is never too large
        if held["network"] + count > share:
            raise NetworkFull(network, schedule, held["network"], seats)


def report_network_full(refusal: NetworkFull, *, now: datetime) -> None:
    """Ask a person to look, once for each network until that is done.

    Call it after the refused transaction is over.
    """
    subject = f"network:{refusal.network[:16]}"
    if StaffTask.objects.filter(kind=StaffTask.Kind.HOARDING, subject=subject, done_at=None).exists():
        return
    logger.warning(
        "%s keeps %d of %d seats of departure %d", subject, refusal.held, refusal.seats, refusal.schedule.pk
    )
    detail = _(
        "%(kept)d of %(seats)d seats of %(route)s, %(time)s, are kept unpaid from one network (%(network)s)."
    ) % {
        "kept": refusal.held,
        "seats": refusal.seats,
        "route": refusal.schedule.route.name,
        "time": f"{timezone.localtime(refusal.schedule.departure_time):%a %-d %b %H:%M}",
        "network": refusal.network[:8],
    }
    StaffTask.objects.bulk_create(
        [StaffTask(kind=StaffTask.Kind.HOARDING, subject=subject, detail=detail, created_at=now)],
        ignore_conflicts=True,
    )
