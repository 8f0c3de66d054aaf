from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .network import Route
from .timetable import EVERY_DAY


class DailySum(models.Model):
    """What the order lines, or the entries of the ledger, of a business day come to, by one thing.

    `domain.reports.day_sums` writes it from rows that are settled; what came later is summed when it is
    asked for.
    """

    class By(models.TextChoices):
        # Of order lines
        KIND = "kind", _("kind")
        ROUTE = "route", _("route")
        CLERK = "clerk", _("clerk")
        CHANNEL = "channel", _("channel")
        PARTNER = "partner", _("partner")
        PASSENGER_TYPE = "passenger_type", _("passenger type")
        FARE_CLASS = "fare_class", _("fare class")
        PROMO_CODE = "promo_code", _("promo code")
        # Of the ledger
        ACCOUNT = "account", _("account")
        EARNED_ROUTE = "earned_route", _("revenue by route")

    by = models.CharField(max_length=14, choices=By)
    day = models.DateField()  # in South Africa
    branch = models.IntegerField(default=0)  # id of the branch that sold or was paid; 0: none
    key = models.CharField(max_length=40, blank=True)  # of the thing: an id or a value; "": none
    positive = models.BigIntegerField(default=0)  # cents, Σ of the amounts above 0
    negative = models.BigIntegerField(default=0)  # cents, Σ of those below 0
    quantity = models.IntegerField(default=0)  # tickets, or pieces; of the ledger: entries

    class Meta:
        verbose_name = _("sum of a day")
        verbose_name_plural = _("sums of days")
        constraints = [
            models.UniqueConstraint(fields=["by", "day", "branch", "key"], name="unique_daily_sum"),
            models.CheckConstraint(condition=Q(positive__gte=0, negative__lte=0), name="daily_sum_signs"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.by} {self.key}"


class SumCursor(models.Model):
    """How far the rows of a table are in the daily sums.

    Up to `summed_to` they are. Up to `seen_to` they are due as soon as the transactions `waits_for` have
    ended, which wrote to the table when that was its last row: no other can add one below it.
    """

    table = models.CharField(max_length=10, primary_key=True)
    summed_to = models.BigIntegerField(default=0)
    seen_to = models.BigIntegerField(default=0)
    waits_for = models.JSONField(default=list)

    class Meta:
        verbose_name = _("cursor of the daily sums")
        verbose_name_plural = _("cursors of the daily sums")
        constraints = [
            models.CheckConstraint(
                condition=Q(summed_to__gte=0, seen_to__gte=models.F("summed_to")), name="sum_cursor_order"
            )
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.summed_to}"


class LoadRule(models.Model):
    """When staff are told that a departure fills early, or stays empty: once for each departure.

    Above: at least `percent` of its seats are taken `days` days before, or earlier. Below: at most so many
    are, `days` days before or later.
    """

    is_above = models.BooleanField(_("alert"), default=True)
    percent = models.PositiveSmallIntegerField(_("per cent of the seats"))
    days = models.PositiveSmallIntegerField(_("days before the departure"))
    route = models.ForeignKey(
        Route,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("route"),
    )
    weekdays = models.PositiveSmallIntegerField(_("days of the week"), default=EVERY_DAY)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name = _("load rule")
        verbose_name_plural = _("load rules")
        constraints = [
            models.CheckConstraint(condition=Q(percent__gte=0, percent__lte=100), name="load_rule_percent"),
            models.CheckConstraint(condition=Q(days__gte=0, days__lte=90), name="load_rule_days"),
            models.CheckConstraint(
                condition=Q(weekdays__gte=1, weekdays__lte=EVERY_DAY), name="load_rule_weekdays"
            ),
        ]

    def __str__(self) -> str:
        return f"load rule {self.pk}"
