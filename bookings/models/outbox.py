from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class OutboxMessage(models.Model):
    """Something to send, written in the transaction of the fact it tells. Sending claims it by a lease and may repeat it after a crash."""

    class Kind(models.TextChoices):
        CONFIRMATION = "confirmation", _("confirmation with tickets")
        PAY_BY = "pay_by", _("how and until when to pay")
        PAY_REMINDER = "pay_reminder", _("reminder to pay")
        CANCELLATION = "cancellation", _("cancellation")
        SEATS_GONE = "seats_gone", _("payment came too late")
        LINK = "link", _("link to the booking")
        DEMO_PAYMENT = "demo_payment", _("notification of the demo gateway")

    kind = models.CharField(max_length=20, choices=Kind)
    order = models.ForeignKey("bookings.Order", models.PROTECT, related_name="messages")
    subject = models.CharField(max_length=80)  # "order:12", "booking:31", "attempt:7"
    version = models.CharField(max_length=40, default="1")
    created_at = models.DateTimeField()
    next_try = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)  # given up; a StaffTask says so
    last_error = models.CharField(max_length=200, blank=True)
    message_id = models.CharField(max_length=120)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject", "version"], name="unique_outbox_message"),
            models.UniqueConstraint(fields=["message_id"], name="unique_message_id"),
        ]
        indexes = [
            models.Index(fields=["next_try"], name="outbox_due_idx", condition=Q(sent_at__isnull=True, failed_at__isnull=True)),
            models.Index(fields=["failed_at"], name="outbox_failed_idx", condition=Q(failed_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
