from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .sales import Order


class DataRequest(models.Model):
    """Somebody asked what is kept about an e-mail address. Its mailed link, kept only as a hash, proves that
    the address is theirs; the row is deleted when the link has run out.
    """

    order = models.ForeignKey(  # the newest of that address
        Order, models.PROTECT, related_name="+", db_index=False
    )
    email = models.EmailField(max_length=254)  # base.emails.plain_email
    token_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["token_hash"], name="unique_data_request")]

    def __str__(self) -> str:
        return f"data request {self.pk}"


class Erasure(models.Model):
    """That the personal data of an order were erased; append-only. Of whom, only a digest says."""

    class Cause(models.TextChoices):
        ASKED = "asked", _("asked for by the customer")
        STAFF = "staff", _("asked for in person")
        RETENTION = "retention", _("kept long enough")

    order = models.OneToOneField(Order, models.PROTECT, related_name="erasure")
    subject_digest = models.CharField(max_length=64)  # HMAC-SHA256 of the address or telephone
    cause = models.CharField(max_length=9, choices=Cause)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(cause__in=["asked", "staff", "retention"]), name="erasure_cause_known"
            )
        ]

    def __str__(self) -> str:
        return f"erasure of order {self.order_id}"
