from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from .counter import Shift
from .exchanges import ExchangeRequest
from .sales import Order


class PaymentAttempt(models.Model):
    """One try to pay an order through a gateway. `token` is what the gateway gets to know of us.

    `pending`: the bank has not decided. `abandoned`: the customer left the gateway's page without paying,
    or was never sent to it. `superseded`: its amount is no longer what is owed. Whatever it is, money that
    comes by it is booked.
    """

    class Status(models.TextChoices):
        STARTED = "started", _("started")
        PENDING = "pending", _("waiting for the bank")
        PAID = "paid", _("paid")
        FAILED = "failed", _("failed")
        ABANDONED = "abandoned", _("left without paying")
        SUPERSEDED = "superseded", _("superseded")

    UNPAID: Final = (Status.FAILED, Status.ABANDONED)

    order = models.ForeignKey(Order, models.PROTECT, related_name="attempts")
    gateway = models.CharField(max_length=20)
    token = models.CharField(max_length=32)
    amount = models.DecimalField(max_digits=11, decimal_places=2)
    status = models.CharField(max_length=10, choices=Status, default=Status.STARTED)
    created_at = models.DateTimeField()
    # When the gateway is asked what became of it; None: nothing is to be asked any more
    next_check = models.DateTimeField(null=True, blank=True)
    # Of a gateway that makes a page for each attempt: its own number of it, and the page
    external_id = models.CharField(max_length=80, blank=True, default="", db_default="")
    address = models.CharField(max_length=500, blank=True, default="", db_default="")
    # The change of a paid booking that it pays; None: the order itself
    exchange_request = models.ForeignKey(
        ExchangeRequest, models.PROTECT, null=True, blank=True, related_name="attempts", db_index=False
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["next_check"], name="attempt_check_idx", condition=Q(next_check__isnull=False)
            ),
            models.Index(
                fields=["exchange_request"],
                name="attempt_exchange_idx",
                condition=Q(exchange_request__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["token"], name="unique_attempt_token"),
            models.UniqueConstraint(
                fields=["gateway", "external_id"], condition=~Q(external_id=""), name="unique_gateway_attempt"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="attempt_amount_positive"),
            models.CheckConstraint(
                condition=Q(status__in=["started", "pending", "paid", "failed", "abandoned", "superseded"]),
                name="attempt_status_known",
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.pk}"


class GatewayNotification(models.Model):
    """The raw inbox: verified and stored before it is answered, acted upon in the queue.

    `unconfirmed`: the gateway itself did not say that it is true, so it is asked again. `refused`: it cannot
    be acted upon. What is neither waiting nor acted upon has a StaffTask.
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        ACTED = "acted", _("acted upon")
        REFUSED = "refused", _("refused")
        UNCONFIRMED = "unconfirmed", _("not confirmed by the gateway")

    gateway = models.CharField(max_length=20)
    external_id = models.CharField(max_length=80)
    attempt = models.ForeignKey(PaymentAttempt, models.PROTECT, related_name="notifications")
    body = models.TextField()
    headers = models.JSONField(default=dict, db_default={})  # those by which it is verified
    received_at = models.DateTimeField()
    peer = models.CharField(max_length=45, blank=True, default="", db_default="")  # the address it came from
    state = models.CharField(
        max_length=12, choices=State, default=State.RECEIVED, db_default=State.RECEIVED.value
    )
    next_try = models.DateTimeField(null=True, blank=True)  # of one that is unconfirmed
    acted_at = models.DateTimeField(null=True, blank=True)  # or given up; until then it waits
    outcome = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gateway", "external_id"], name="unique_notification"),
            models.CheckConstraint(
                condition=Q(state__in=["received", "acted", "refused", "unconfirmed"]),
                name="notification_state_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["received_at"], name="notification_waiting_idx", condition=Q(acted_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.external_id}"


class Payment(models.Model):
    """Money that came."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="payments")
    attempt = models.ForeignKey(
        PaymentAttempt, models.PROTECT, null=True, blank=True, related_name="payments", db_index=False
    )
    method = models.CharField(max_length=20)  # a gateway's name, later cash, card, eft
    external_id = models.CharField(max_length=80)
    amount = models.DecimalField(max_digits=11, decimal_places=2)
    paid_at = models.DateTimeField()
    shift = models.ForeignKey(Shift, models.PROTECT, null=True, blank=True, related_name="payments")
    reference = models.CharField(
        max_length=40, blank=True
    )  # of the card terminal or the transfer; never a card number
    given = models.DecimalField(  # cash that was handed over; none if it was not noted
        max_digits=11, decimal_places=2, null=True, blank=True
    )
    approver = models.ForeignKey(  # the second person who saw the money of a transfer
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["method", "external_id"], name="unique_payment"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_positive"),
        ]
        indexes = [
            models.Index(Upper("reference"), name="payment_slip_idx"),
            models.Index(fields=["paid_at"], name="payment_paid_idx"),
        ]

    def __str__(self) -> str:
        return f"payment {self.pk}"
