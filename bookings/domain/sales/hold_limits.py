"""Against seats that are kept and never paid: at most so many for a visitor, and a share of a coach for a network. Staff are exempt."""

import logging
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal
from bookings.models import HoldTrip, Schedule, SeatClaim, StaffTask

logger = logging.getLogger("bookings.hoarding")


class HoldLimitReached(Refusal):
    """More unpaid seats than one visitor may keep; `retry_after` in seconds."""

    status = 429

    def __init__(self, message: str, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NetworkFull(HoldLimitReached):
    """One network keeps its share of a coach: a large family behind one router, or somebody who wants the coach to look full."""

    def __init__(self, network: str, schedule: Schedule, kept: int, seats: int) -> None:
        super().__init__(
            _("Too many unpaid seats of this departure are kept from your network. Please try again in a few minutes."), retry_after=300
        )
        self.network, self.schedule, self.kept, self.seats = network, schedule, kept, seats


def check_hoarding(schedule: Schedule, count: int, mine: HoldTrip | None, owner: str, network: str, seats: int, now: datetime) -> None:
    """Whether `count` more of the coach's `seats` may be kept; those of `mine` are about to be given back. Raises HoldLimitReached or NetworkFull."""
    unpaid = SeatClaim.objects.filter(schedule=schedule, expires_at__gt=now)
    if mine:
        unpaid = unpaid.exclude(hold_trip=mine)

    def held_by(field: str, value: str) -> Count:
        of_hold, of_order = Q(**{f"hold_trip__hold__{field}": value}), Q(**{f"ticket__booking__order__hold__{field}": value})
        return Count("seat", filter=of_hold | of_order, distinct=True)

    kept = unpaid.aggregate(owner=held_by("owner", owner), network=held_by("network", network))
    most = settings.HOLD_MAX_SEATS
    if count > most or kept["owner"] + count > most:
        raise HoldLimitReached(_("You can keep at most %(most)d seats of a departure at a time.") % {"most": most})
    if network and settings.HOLD_NETWORK_SHARE:
        share = max(most, int(seats * settings.HOLD_NETWORK_SHARE))  # one party is never too large
        if kept["network"] + count > share:
            raise NetworkFull(network, schedule, kept["network"], seats)


def tell_of_hoarding(refusal: NetworkFull, *, now: datetime) -> None:
    """Ask a person to look, once for each network until that is done. Call it after the refused transaction is over."""
    subject = f"network:{refusal.network[:16]}"
    if StaffTask.objects.filter(kind=StaffTask.Kind.HOARDING, subject=subject, done_at=None).exists():
        return
    logger.warning("%s keeps %d of %d seats of departure %d", subject, refusal.kept, refusal.seats, refusal.schedule.pk)
    words = _("%(kept)d of %(seats)d seats of %(route)s, %(time)s, are kept unpaid from one network (%(network)s).") % {
        "kept": refusal.kept,
        "seats": refusal.seats,
        "route": refusal.schedule.route.name,
        "time": f"{timezone.localtime(refusal.schedule.departure_time):%a %-d %b %H:%M}",
        "network": refusal.network[:8],
    }
    StaffTask.objects.bulk_create(
        [StaffTask(kind=StaffTask.Kind.HOARDING, subject=subject, detail=words, created_at=now)], ignore_conflicts=True
    )
