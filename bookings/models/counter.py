from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.base.money import format_zar

from .staff import Branch, User


class ShiftQuerySet(models.QuerySet["Shift"]):
    def open_of(self, clerk: User) -> Shift | None:
        """The clerk's open shift, with its branch; a clerk has one at most."""
        return self.select_related("branch", "clerk").filter(clerk=clerk, closed_at=None).first()


class Shift(models.Model):
    """A clerk's session at a till, from the counted float to the cash-up. Closed, it never changes.

    `counted` and `expected` are rand by tender, as text: {"cash": "1250.00", "card": …}. `denominations` says
    how many of each note and coin were counted at the close; `count_tries` keeps each count that was more
    than the limit away from what was expected.
    """

    clerk = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="shifts", verbose_name=_("clerk")
    )
    branch = models.ForeignKey(
        Branch, models.PROTECT, related_name="shifts", db_index=False, verbose_name=_("branch")
    )
    opened_at = models.DateTimeField(_("opened"))
    opening_float = models.DecimalField(_("float"), max_digits=9, decimal_places=2)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    counted = models.JSONField(null=True, blank=True)
    expected = models.JSONField(null=True, blank=True)
    difference = models.DecimalField(_("difference"), max_digits=9, decimal_places=2, null=True, blank=True)
    reason = models.CharField(_("reason of the difference"), max_length=200, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    denominations = models.JSONField(default=dict, blank=True)
    count_tries = models.JSONField(default=list, blank=True)

    objects = ShiftQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["clerk"], condition=Q(closed_at__isnull=True), name="one_open_shift_per_clerk"
            ),
            models.CheckConstraint(condition=Q(opening_float__gte=0), name="shift_float_not_negative"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, counted__isnull=True, difference__isnull=True)
                | Q(
                    closed_at__isnull=False,
                    counted__isnull=False,
                    expected__isnull=False,
                    difference__isnull=False,
                ),
                name="closed_shift_is_counted",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=models.F("clerk")),
                name="shift_approved_by_another",
            ),
        ]
        indexes = [models.Index(fields=["branch", "opened_at"], name="shift_branch_idx")]

    def __str__(self) -> str:
        return f"shift {self.pk}"

    @property
    def difference_text(self) -> str:
        return "" if self.difference is None else format_zar(self.difference)


class TillMovement(models.Model):
    """Cash put into or taken out of a till for something that is no sale.

    Change, a taxi, a banking bag. Signed: in is positive.
    """

    shift = models.ForeignKey(Shift, models.PROTECT, related_name="movements")
    amount = models.DecimalField(max_digits=9, decimal_places=2)
    reason = models.CharField(max_length=200)
    approver = models.ForeignKey(  # the second person, over the limit
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["at"], name="till_movement_at_idx")]
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="till_movement_not_zero"),
            models.CheckConstraint(condition=~Q(reason=""), name="till_movement_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.shift_id}: {self.amount}"


class Note(models.Model):
    """What staff write down about an order."""

    order = models.ForeignKey("bookings.Order", models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    text = models.CharField(max_length=1000)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"note {self.pk}"
