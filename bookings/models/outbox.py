from __future__ import annotations

import uuid
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .partners import Webhook


def new_message_id() -> str:
    """As a mail carries it; a webhook its first part."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return f"<{uuid.uuid4().hex}@{host[-80:]}>"


class OutboxMessage(models.Model):
    """Something to send, written in the transaction of the fact it tells.

    Sending claims it by a lease and may repeat it after a crash.
    """

    class Kind(models.TextChoices):
        CONFIRMATION = "confirmation", _("confirmation with tickets")
        PAY_BY = "pay_by", _("payment instructions")
        PAY_REMINDER = "pay_reminder", _("payment reminder")
        CANCELLATION = "cancellation", _("cancellation")
        REFUND = "refund", _("money on its way back")
        BANK_DETAILS = "bank_details", _("request for bank details")
        BANK_DETAILS_GIVEN = "bank_details_given", _("bank details received")
        CHARGEBACK = "chargeback", _("payment taken back by the bank")
        TIMES_CHANGED = "times_changed", _("late coach or skipped stop")
        SEATS_GONE = "seats_gone", _("payment too late")
        EXCHANGE_REFUSED = "exchange_refused", _("change not possible any more")
        LINK = "link", _("link to the booking")
        INVOICE = "invoice", _("tax invoice or credit note")
        DISRUPTION = "disruption", _("disruption")
        DISRUPTION_UNPAID = "disruption_unpaid", _("disruption of an unpaid booking")
        TRIP_REMINDER = "trip_reminder", _("reminder of the trip")
        CONTACT_CHANGED = "contact_changed", _("contact changed")
        VOUCHER = "voucher", _("voucher with its code")
        VOUCHER_RESTORED = "voucher_restored", _("money back on a voucher")
        WAIT_LIST = "wait_list", _("place on a wait list")
        SEAT_OFFER = "seat_offer", _("seats for who waits")
        DATA_LINK = "data_link", _("link to the personal data")
        DEMO_PAYMENT = "demo_payment", _("notification of the demo gateway")
        WEBHOOK = "webhook", _("event for a partner")

    NO_MAIL: Final = (Kind.DEMO_PAYMENT, Kind.WEBHOOK)
    # Of what each passenger is told who gave a contact, by text message, too
    TOLD: Final = (Kind.TIMES_CHANGED, Kind.DISRUPTION, Kind.DISRUPTION_UNPAID, Kind.TRIP_REMINDER)
    OF_VOUCHER: Final = (Kind.VOUCHER, Kind.VOUCHER_RESTORED)  # which may be of no order
    OF_WAIT_LIST: Final = (Kind.WAIT_LIST, Kind.SEAT_OFFER)  # of no order

    kind = models.CharField(max_length=20, choices=Kind)
    order = models.ForeignKey(
        "bookings.Order", models.PROTECT, null=True, blank=True, related_name="messages"
    )  # null: a test ping
    webhook = models.ForeignKey(
        Webhook, models.PROTECT, null=True, blank=True, related_name="messages", db_index=False
    )
    subject = models.CharField(
        max_length=80
    )  # for the unique constraint: "order:12", "booking:31", "3:booking.cancelled:31"
    event = models.CharField(
        max_length=40, blank=True, default="", db_default=""
    )  # of a webhook: "booking.cancelled"
    about_id = models.BigIntegerField(
        null=True, blank=True
    )  # of the order, booking, payment, refund or attempt that it tells of
    version = models.CharField(max_length=40, default="1")
    # To whom, if not to the order's own address: to the one that it had before
    recipient = models.EmailField(max_length=254, blank=True, default="", db_default="")
    body = models.TextField(
        blank=True
    )  # of a webhook: what was sent at the first try, and is at each further one
    created_at = models.DateTimeField()
    next_try = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)  # given up; a StaffTask says so
    last_error = models.CharField(max_length=200, blank=True)
    message_id = models.CharField(max_length=120)
    # What a mail provider tells, where there is one: its number of the mail, and when it arrived, was opened,
    # or came back
    provider_id = models.CharField(max_length=120, blank=True, default="", db_default="")
    delivered_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    bounced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject", "version"], name="unique_outbox_message"),
            models.CheckConstraint(
                condition=Q(kind="webhook", webhook__isnull=False)
                | Q(
                    kind__in=["voucher", "voucher_restored", "wait_list", "seat_offer"],
                    webhook__isnull=True,
                )
                | (~Q(kind="webhook") & Q(webhook__isnull=True, order__isnull=False)),
                name="outbox_webhook_or_order",
            ),
            models.UniqueConstraint(fields=["message_id"], name="unique_message_id"),
        ]
        indexes = [
            models.Index(
                fields=["next_try"],
                name="outbox_due_idx",
                condition=Q(sent_at__isnull=True, failed_at__isnull=True),
            ),
            models.Index(
                fields=["failed_at"], name="outbox_failed_idx", condition=Q(failed_at__isnull=False)
            ),
            models.Index(fields=["provider_id"], name="outbox_provider_idx", condition=~Q(provider_id="")),
            models.Index(
                F("webhook"), F("id").desc(), name="outbox_webhook_idx", condition=Q(webhook__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    @property
    def row_id(self) -> int:
        """`about_id` of a message that tells of a row, as each does but the test ping of a webhook."""
        if self.about_id is None:
            raise ValueError(f"Message {self.pk} tells of no row.")
        return self.about_id
