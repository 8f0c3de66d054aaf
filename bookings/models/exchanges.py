from datetime import datetime
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .inventory import Hold
from .sales import Booking


class ExchangeRequest(models.Model):
    """A change of a paid booking that its customer has confirmed: what was asked, at the price that was
    promised.

    `open`: it waits for its money; the old tickets stay valid, the new seats are held until `expires_at`, and
    nothing is posted. `done`: changed, at once where nothing was to pay. `lapsed`: not paid in time; money
    that comes late still does it if the seats are free. `refused`: paid, and not possible any more; the money
    goes back. `withdrawn`: by the customer.
    """

    class Kind(models.TextChoices):
        TRIP = "trip", _("another departure")
        SEATS = "seats", _("other seats")
        NAME = "name", _("another name")
        LUGGAGE = "luggage", _("extra luggage")

    class Status(models.TextChoices):
        OPEN = "open", _("waiting for payment")
        DONE = "done", _("done")
        LAPSED = "lapsed", _("not paid in time")
        REFUSED = "refused", _("not possible any more")
        WITHDRAWN = "withdrawn", _("given up")

    ENDED: Final = (Status.LAPSED, Status.REFUSED, Status.WITHDRAWN)

    token = models.CharField(max_length=32)  # its address
    booking = models.ForeignKey(Booking, models.PROTECT, related_name="exchange_requests")
    # What was changed: `booking`, or the part of it that was split off
    changed = models.ForeignKey(
        Booking, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=8, choices=Kind)
    # The change with the frozen prices, and the versions of its tickets
    terms = models.JSONField()
    amount = models.DecimalField(max_digits=11, decimal_places=2)  # to pay; negative: it comes back
    status = models.CharField(max_length=9, choices=Status, default=Status.OPEN)
    # With the new seats; None where nothing had to be paid
    hold = models.OneToOneField(Hold, models.SET_NULL, null=True, blank=True, related_name="exchange_request")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)  # why it was refused

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["expires_at"], name="exchange_expires_idx", condition=Q(status="open"))
        ]
        constraints = [
            models.UniqueConstraint(fields=["token"], name="unique_exchange_token"),
            models.UniqueConstraint(
                fields=["booking"], condition=Q(status="open"), name="one_open_exchange_request"
            ),
            models.CheckConstraint(
                condition=Q(status="open", ended_at__isnull=True, expires_at__isnull=False, amount__gt=0)
                | (~Q(status="open") & Q(ended_at__isnull=False)),
                name="exchange_request_ends",
            ),
            models.CheckConstraint(
                condition=Q(status="done", changed__isnull=False)
                | (~Q(status="done") & Q(changed__isnull=True)),
                name="exchange_request_done",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "done", "lapsed", "refused", "withdrawn"])
                & Q(kind__in=["trip", "seats", "name", "luggage"]),
                name="exchange_request_known",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("created_at")),
                name="exchange_request_has_time",
            ),
        ]

    def is_open(self, now: datetime) -> bool:
        """Still to be paid, and in time."""
        return self.status == self.Status.OPEN and self.expires_at is not None and self.expires_at > now

    def __str__(self) -> str:
        return f"exchange request {self.pk}"
