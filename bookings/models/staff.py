from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Branch(models.Model):
    """A station where clerks work."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=120)
    city = models.ForeignKey("bookings.City", models.PROTECT, related_name="branches", verbose_name=_("city"))
    address = models.TextField(
        _("address"),
        max_length=300,
        blank=True,
        default="",
        db_default="",
        help_text=_("Where passengers find the counter, one line each"),
    )
    opening_hours = models.TextField(
        _("opening hours"),
        max_length=300,
        blank=True,
        default="",
        db_default="",
        help_text=_("One line each"),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("branch")
        verbose_name_plural = _("branches")

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A member of staff. Passengers book as guests and have no user."""

    class Role(models.TextChoices):
        CLERK = "clerk", _("clerk")
        SUPERVISOR = "supervisor", _("supervisor")
        DISPATCHER = "dispatcher", _("dispatcher")
        MANAGER = "manager", _("manager")
        AUDITOR = "auditor", _("auditor")

    role = models.CharField(_("role"), max_length=12, choices=Role, default=Role.CLERK)
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="staff", verbose_name=_("branch")
    )
    has_initial_password = models.BooleanField(
        _("initial password"), default=False
    )  # given by somebody else: good for choosing one's own

    APPROVERS: ClassVar = frozenset({Role.SUPERVISOR, Role.MANAGER})

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username

    @property
    def may_approve(self) -> bool:
        """Whether this user may allow what a clerk may not do alone.

        To waive a fee, to close a till that is far off.
        """
        return self.role in self.APPROVERS

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=["clerk", "supervisor", "dispatcher", "manager", "auditor"]),
                name="user_role_known",
            )
        ]


class StaffEventManager(models.Manager["StaffEvent"]):
    def record(
        self, user: User, what: str, *, actor: User | None, reason: str = "", at: datetime
    ) -> StaffEvent:
        return self.create(user=user, actor=actor, what=what[:300], reason=reason[:200], at=at)


class StaffEvent(models.Model):
    """What happened to a user's account: made, changed, closed; by whom (nobody: a command) and why."""

    user = models.ForeignKey(User, models.PROTECT, related_name="history")
    actor = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    what = models.CharField(max_length=300)
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    objects = StaffEventManager()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["at"], name="staff_event_at_idx")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.what}"


class StaffSession(models.Model):
    """Where a user is signed in: Django's session of this key, which says when it was last used."""

    user = models.ForeignKey(User, models.CASCADE, related_name="sessions")
    session_key = models.CharField(max_length=40, unique=True)
    agent = models.CharField(max_length=300, blank=True)  # as the browser calls itself
    address = models.CharField(max_length=45, blank=True)  # where it signed in from
    signed_in_at = models.DateTimeField()

    class Meta:
        ordering = ["-signed_in_at", "-id"]

    def __str__(self) -> str:
        return f"session of {self.user_id}"


class StaffTask(models.Model):
    """Something that a person must look at."""

    class Kind(models.TextChoices):
        MONEY_WITHOUT_SEATS = "money_without_seats", _("paid, but the seats are no longer free")
        WRONG_AMOUNT = "wrong_amount", _("wrong amount paid")
        UNCONFIRMED_PAYMENT = "unconfirmed_payment", _("payment that the gateway does not confirm")
        DOUBLE_PAYMENT = "double_payment", _("paid more than once")
        MAIL_FAILED = "mail_failed", _("e-mail cannot be delivered")
        WEBHOOK_FAILED = "webhook_failed", _("webhook cannot be delivered")
        REFUND_DUE = "refund_due", _("refund to be paid")
        BANK_DETAILS_MISSING = "bank_details_missing", _("refund without bank details")
        CASH_DIFFERENCE = "cash_difference", _("till did not match")
        SECOND_FACTOR_RESET = "second_factor_reset", _("second factor reset")
        HOLD_LIMIT = "hoarding", _("many unpaid seats held from one network")
        DEPARTURE_WITHDRAWN = "departure_withdrawn", _("sold departure no longer in the timetable")
        MANY_CANCELLATIONS = "many_cancellations", _("many cancellations by one person")
        OTHER_TENDER = "other_tender", _("refund by another way than it was paid")
        LIMIT_REFUSED = "limit_refused", _("tried without the approval of a second person")
        VOID_AFTER_BOARDING = "void_after_boarding", _("void of a sale tried after boarding")
        STATEMENT_DIFFERENCE = "statement_difference", _("statement and books differ")
        CHARGEBACK = "chargeback", _("bank took a payment back")
        DISRUPTION_REVIEW = "disruption_review", _("disruption confirmed by one person")
        DISRUPTION_UNANSWERED = "disruption_unanswered", _("passengers of a disruption have not answered")
        DEPARTURE_RETIMED = "departure_retimed", _("sold departure at another time")
        DEPARTURE_DIFFERS = "departure_differs", _("sold departure differs from the timetable")
        STOP_SKIPPED = "stop_skipped", _("sold stop is skipped")
        LOAD_HIGH = "load_high", _("departure fills early")
        LOAD_LOW = "load_low", _("departure stays empty")

    kind = models.CharField(max_length=24, choices=Kind)
    order = models.ForeignKey("bookings.Order", models.PROTECT, null=True, blank=True, related_name="tasks")
    subject = models.CharField(max_length=120)  # one open task per kind and subject
    detail = models.TextField(blank=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    done_note = models.CharField(max_length=300, blank=True)  # what was done about it

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["done_at", "created_at"], name="task_done_idx")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=Q(done_at__isnull=True),
                name="one_open_task_per_subject",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject}"
