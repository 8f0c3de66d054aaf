from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .fares import FareClass
from .fleet import Seat
from .network import RouteStop
from .timetable import Schedule


class Hold(models.Model):
    """Seats kept for a visitor while they type.

    The row outlives its seats, so that nothing typed is lost on expiry.
    """

    token = models.CharField(max_length=32)
    owner = models.CharField(max_length=64)  # a visitor's key, hashed
    network = models.CharField(max_length=64, blank=True)  # the visitor's network, hashed; empty for staff
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    renewals = models.PositiveSmallIntegerField(default=0)
    draft = models.JSONField(default=dict)  # what was typed at the checkout
    promo_code = models.CharField(max_length=20, blank=True, default="", db_default="")  # as it was typed

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="hold_expires_idx")]
        constraints = [models.UniqueConstraint(fields=["token"], name="unique_hold_token")]

    def __str__(self) -> str:
        return f"hold {self.pk}"


class HoldTrip(models.Model):
    """One ride of a hold; `position` 0 is the outward ride."""

    hold = models.ForeignKey(Hold, models.CASCADE, related_name="trips", db_index=False)
    position = models.PositiveSmallIntegerField(default=0)
    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="+")
    from_stop = models.ForeignKey(RouteStop, models.PROTECT, related_name="+", db_index=False)
    to_stop = models.ForeignKey(RouteStop, models.PROTECT, related_name="+", db_index=False)
    extra_luggage = models.SmallIntegerField(default=0, db_default=0)  # pieces kept for all its passengers

    class Meta:
        ordering = ["hold", "position"]
        constraints = [
            models.CheckConstraint(condition=models.Q(extra_luggage__gte=0), name="hold_trip_luggage"),
            models.UniqueConstraint(fields=["hold", "schedule"], name="unique_hold_trip"),
            models.UniqueConstraint(fields=["hold", "position"], name="unique_hold_position"),
        ]

    def __str__(self) -> str:
        return f"{self.hold_id}/{self.position}"


class HoldSeat(models.Model):
    """A held seat with its price for each passenger type, locked: {slug: "430.00"}."""

    trip = models.ForeignKey(HoldTrip, models.CASCADE, related_name="seats", db_index=False)
    position = models.PositiveSmallIntegerField()
    seat = models.ForeignKey(Seat, models.PROTECT, related_name="+", db_index=False)
    fare_class = models.ForeignKey(FareClass, models.PROTECT, related_name="+", db_index=False)
    fares = models.JSONField()
    for_wheelchair = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["trip", "position"]
        constraints = [
            models.UniqueConstraint(fields=["trip", "seat"], name="unique_hold_seat"),
            models.UniqueConstraint(fields=["trip", "position"], name="unique_hold_seat_position"),
        ]

    def __str__(self) -> str:
        return f"{self.trip_id}/{self.position}"


class SeatBlock(models.Model):
    """A seat kept off sale by staff, on some legs of a departure, until it is released or `release_at`
    passes.
    """

    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="blocks")
    seat = models.ForeignKey(Seat, models.PROTECT, related_name="+")
    from_position = models.PositiveSmallIntegerField()
    to_position = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=120)
    release_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(to_position__gt=models.F("from_position")), name="block_has_legs"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="block_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id}/{self.seat_id}: {self.reason}"


class SeatClaimQuerySet(models.QuerySet["SeatClaim"]):
    def live(self, now: datetime) -> SeatClaimQuerySet:
        """Claims that still count: an expired one is a free seat, whether or not anybody has swept it."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))

    def expired(self, now: datetime) -> SeatClaimQuerySet:
        return self.filter(expires_at__lte=now)

    def on_legs(self, first: int, end: int) -> SeatClaimQuerySet:
        """Legs `first` to `end` - 1, those of a ride from position `first` to position `end`."""
        return self.filter(leg__gte=first, leg__lt=end)


class SeatClaim(models.Model):
    """One seat on one leg of one departure. The truth about who may sit where."""

    class Kind(models.TextChoices):
        HELD = "held", _("held")
        SOLD = "sold", _("sold")
        BLOCKED = "blocked", _("blocked")

    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="claims", db_index=False)
    seat = models.ForeignKey(Seat, models.PROTECT, related_name="+", db_index=False)
    leg = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    hold_trip = models.ForeignKey(
        HoldTrip, models.PROTECT, null=True, blank=True, related_name="claims", db_index=False
    )
    ticket = models.ForeignKey(
        "bookings.Ticket", models.PROTECT, null=True, blank=True, related_name="claims"
    )
    block = models.ForeignKey(
        SeatBlock, models.PROTECT, null=True, blank=True, related_name="claims", db_index=False
    )
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = SeatClaimQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["expires_at"], name="claim_expires_idx", condition=Q(expires_at__isnull=False)
            ),
            # Nearly all claims are of tickets
            models.Index(fields=["hold_trip"], name="claim_hold_idx", condition=Q(hold_trip__isnull=False)),
            models.Index(fields=["block"], name="claim_block_idx", condition=Q(block__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "seat", "leg"], name="one_claim_per_seat_and_leg"),
            models.CheckConstraint(
                condition=Q(hold_trip__isnull=False, ticket__isnull=True, block__isnull=True)
                | Q(hold_trip__isnull=True, ticket__isnull=False, block__isnull=True)
                | Q(hold_trip__isnull=True, ticket__isnull=True, block__isnull=False),
                name="claim_has_one_owner",
            ),
            models.CheckConstraint(
                condition=Q(kind="held", expires_at__isnull=False, block__isnull=True)
                | Q(kind="sold", expires_at__isnull=True, ticket__isnull=False)
                | Q(kind="blocked", block__isnull=False),
                name="claim_expires_unless_sold",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id}/{self.seat_id}/{self.leg} {self.kind}"
