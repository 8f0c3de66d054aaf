from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .inventory import Hold
from .network import RouteStop
from .timetable import Schedule


class WaitListEntry(models.Model):
    """A party that waits for seats together on any of some departures, in the order in which they came.

    Its link, known by a hash alone, confirms the mailbox, takes an offer and leaves. `offer` is the hold of
    the latest offer; once that has run out unused, the party waits on.
    """

    class End(models.TextChoices):
        NONE = "", _("waiting")
        BOOKED = "booked", _("booked")
        LEFT = "left", _("left the list")
        SILENT = "silent", _("did not answer")
        OVER = "over", _("all departures have left")

    MOST_OFFERS: Final = 2  # unanswered; then somebody else is asked

    email = models.EmailField(max_length=254)
    language = models.CharField(max_length=10, default="en-za")
    party = models.JSONField()  # how many of each passenger type, by slug
    wheelchairs = models.SmallIntegerField(default=0)  # of them travel in one
    token_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)  # the mailbox has answered
    offer = models.OneToOneField(Hold, models.SET_NULL, null=True, blank=True, related_name="wait_list_entry")
    offered_at = models.DateTimeField(null=True, blank=True)
    offers = models.SmallIntegerField(default=0)
    end = models.CharField(max_length=6, choices=End, blank=True, default=End.NONE)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "wait list entries"
        constraints = [
            models.UniqueConstraint(fields=["token_hash"], name="unique_wait_list_token"),
            models.CheckConstraint(
                condition=Q(end="", ended_at__isnull=True) | (~Q(end="") & Q(ended_at__isnull=False)),
                name="wait_list_end_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"wait list {self.pk}"

    def is_offered(self, now: datetime) -> bool:
        return not self.end and self.offer is not None and self.offer.expires_at > now


class WaitListTrip(models.Model):
    """One of the departures that a party waits for."""

    entry = models.ForeignKey(WaitListEntry, models.CASCADE, related_name="trips", db_index=False)
    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="wait_list")
    from_stop = models.ForeignKey(RouteStop, models.PROTECT, related_name="+", db_index=False)
    to_stop = models.ForeignKey(RouteStop, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        ordering = ["entry", "id"]
        constraints = [models.UniqueConstraint(fields=["entry", "schedule"], name="unique_wait_list_trip")]

    def __str__(self) -> str:
        return f"{self.entry_id}: departure {self.schedule_id}"
