from __future__ import annotations

import uuid
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .sales import Booking, Order, Ticket


class ContactChannel(models.TextChoices):
    """How a passenger may be told something."""

    WHATSAPP = "whatsapp", _("WhatsApp")
    SMS = "sms", _("SMS")
    EMAIL = "email", _("e-mail")
    CALL = "call", _("call")


class TicketContact(models.Model):
    """Where one passenger may be told of this trip, and how they agreed: for this trip alone."""

    class Source(models.TextChoices):
        WEB = "web", _("checkout")
        COUNTER = "counter", _("counter")
        API = "api", _("API")

    CHANNELS: Final = (ContactChannel.WHATSAPP, ContactChannel.SMS, ContactChannel.EMAIL)

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="contacts")
    channel = models.CharField(max_length=8, choices=ContactChannel)
    value = models.CharField(max_length=254, blank=True)  # E.164, or an e-mail address
    source = models.CharField(max_length=8, choices=Source)
    text_version = models.CharField(max_length=20)  # of the words by which they were asked
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "channel"], name="unique_ticket_contact"),
            models.CheckConstraint(
                condition=Q(channel__in=["whatsapp", "sms", "email"]), name="ticket_contact_channel_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} of ticket {self.ticket_id}"


def new_client_id() -> str:
    return uuid.uuid4().hex


class TextMessage(models.Model):
    """One message of the outbox to one person by WhatsApp, SMS or a call; written in the transaction of the
    fact, sent once.

    `is_unsure`: it was handed to the provider, of whose answer nothing is known yet: it is asked, never sent
    again. What a provider tells comes late, twice and in any order.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        DELIVERED = "delivered", _("delivered")
        READ = "read", _("read")
        CANCELLED = "cancelled", _("not sent")  # newer news, or of no use any more

    ARRIVED: Final = (State.DELIVERED, State.READ)

    kind = models.CharField(max_length=20)  # as the outbox has it
    order = models.ForeignKey(Order, models.PROTECT, related_name="text_messages")
    booking = models.ForeignKey(Booking, models.PROTECT, related_name="text_messages")
    ticket = models.ForeignKey(  # whose contact it is; none: the buyer's
        Ticket, models.PROTECT, null=True, blank=True, related_name="text_messages"
    )
    subject = models.CharField(max_length=80)  # as the outbox has it
    about_id = models.BigIntegerField()
    version = models.CharField(max_length=40)
    channel = models.CharField(max_length=8, choices=ContactChannel)
    to = models.CharField(max_length=20, blank=True)  # E.164
    client_id = models.CharField(max_length=32, default=new_client_id)  # ours, as the provider gets it
    provider_id = models.CharField(max_length=128, blank=True, default="")
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    is_unsure = models.BooleanField(default=False)
    may_fall_back = models.BooleanField(default=False)  # to an SMS, if it does not arrive
    fall_back_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    next_try = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    is_permanent = models.BooleanField(default=False)  # of a failure: the number itself does not do
    error = models.CharField(max_length=200, blank=True, default="")
    actor = models.ForeignKey(  # who called, or sent it once more
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["client_id"], name="unique_text_client_id"),
            models.UniqueConstraint(
                fields=["kind", "subject", "version", "channel", "ticket"],
                condition=Q(ticket__isnull=False),
                name="unique_text_to_passenger",
            ),
            models.UniqueConstraint(
                fields=["kind", "subject", "version", "channel"],
                condition=Q(ticket__isnull=True),
                name="unique_text_to_buyer",
            ),
            models.UniqueConstraint(
                fields=["channel", "provider_id"],
                condition=~Q(provider_id=""),
                name="unique_text_provider_id",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["whatsapp", "sms", "call"]), name="text_channel_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "sent", "failed", "delivered", "read", "cancelled"]),
                name="text_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try"], name="text_due_idx", condition=Q(state="queued")),
            models.Index(
                fields=["fall_back_at"], name="text_fall_back_idx", condition=Q(fall_back_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.kind} {self.subject}"


class ProviderCallback(models.Model):
    """The raw inbox of what providers tell of messages: verified and stored before it is answered, acted upon
    in the queue. It is deleted once it is old.
    """

    provider = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)  # of the body: the same again is kept once
    body = models.TextField()
    headers = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    next_try = models.DateTimeField()
    acted_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "digest"], name="unique_provider_callback")
        ]
        indexes = [
            models.Index(
                fields=["next_try"], name="callback_waiting_idx", condition=Q(acted_at__isnull=True)
            ),
            models.Index(fields=["received_at"], name="callback_received_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.pk}"


class StoppedNumber(models.Model):
    """A number that answered STOP: no message goes to it until it answers START."""

    digest = models.CharField(max_length=64)  # keyed, of the number
    stopped_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest"], name="unique_stopped_number")]

    def __str__(self) -> str:
        return f"stop {self.pk}"
