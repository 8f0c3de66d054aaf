from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .network import Route, RouteStop


class RefundPolicy(models.Model):
    """Within `grace_minutes` of the sale nothing is charged, if departure is `grace_hours` away or more."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    grace_minutes = models.PositiveIntegerField(_("grace (minutes after sale)"), default=60)
    grace_hours = models.PositiveIntegerField(
        _("grace only if departure is this many hours away"), default=24
    )
    # What passengers may change by themselves; what another departure costs is the tiers' fee
    change_hours = models.SmallIntegerField(
        _("passengers change until this many hours before departure"),
        default=0,
        db_default=0,
        validators=[MinValueValidator(0)],
    )
    name_fee = models.DecimalField(
        _("fee for another passenger's name (rand); empty: not allowed"),
        max_digits=9,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )

    class Meta:
        verbose_name = _("refund policy")
        verbose_name_plural = _("refund policies")
        constraints = [
            models.CheckConstraint(
                condition=Q(change_hours__gte=0) & (Q(name_fee__isnull=True) | Q(name_fee__gte=0)),
                name="refund_policy_changes",
            )
        ]

    def __str__(self) -> str:
        return self.name


class RefundTier(models.Model):
    """From `hours_before` departure at the boarding stop, and earlier, this fee is kept.

    Later than the last tier: nothing comes back.
    """

    policy = models.ForeignKey(RefundPolicy, models.CASCADE, related_name="tiers", db_index=False)
    hours_before = models.PositiveIntegerField(_("hours before departure"))
    fee_percent = models.PositiveSmallIntegerField(
        _("fee (percent)"), default=0, validators=[MaxValueValidator(100)]
    )
    fee_zar = models.DecimalField(_("fee (rand)"), max_digits=9, decimal_places=2, default=0)

    class Meta:
        ordering = ["policy", "-hours_before"]
        verbose_name = _("refund tier")
        verbose_name_plural = _("refund tiers")
        constraints = [
            models.UniqueConstraint(fields=["policy", "hours_before"], name="unique_refund_tier"),
            models.CheckConstraint(
                condition=Q(fee_percent__lte=100, fee_zar__gte=0), name="refund_fee_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hours_before} h: {self.fee_percent} % + R{self.fee_zar}"


class PassengerType(models.Model):
    slug = models.SlugField(_("slug"), max_length=30, unique=True)
    name = models.CharField(_("name"), max_length=60)
    name_plural = models.CharField(_("plural"), max_length=60)
    discount_percent = models.PositiveSmallIntegerField(
        _("discount (percent)"), default=0, validators=[MaxValueValidator(100)]
    )
    ages = models.CharField(_("ages"), max_length=60, blank=True)
    proof = models.CharField(_("proof shown at boarding"), max_length=120, blank=True)
    is_default = models.BooleanField(_("default"), default=False)  # who a passenger is unless said otherwise
    is_adult = models.BooleanField(
        _("adult"),
        default=True,
        db_default=True,
        help_text=_("May look after children in the same booking"),
    )
    travels_on_lap = models.BooleanField(
        _("on a lap"),
        default=False,
        db_default=False,
        help_text=_("Without a seat, one beside each adult"),
    )
    youngest_age = models.SmallIntegerField(_("age of the youngest"), default=0, db_default=0)
    alone_from_age = models.SmallIntegerField(
        _("travels alone from this age"),
        null=True,
        blank=True,
        help_text=_("Empty: who is no adult never travels alone"),
    )
    alone_abroad_from_age = models.SmallIntegerField(
        _("crosses a border alone from this age"),
        null=True,
        blank=True,
        help_text=_("Empty: who is no adult never crosses a border alone"),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("passenger type")
        verbose_name_plural = _("passenger types")
        constraints = [
            models.CheckConstraint(
                condition=Q(discount_percent__lte=100), name="passenger_discount_in_range"
            ),
            models.CheckConstraint(
                condition=(Q(alone_from_age__isnull=True) | Q(alone_from_age__gte=0))
                & (Q(alone_abroad_from_age__isnull=True) | Q(alone_abroad_from_age__gte=0))
                & Q(youngest_age__gte=0),
                name="passenger_ages_not_negative",
            ),
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="one_default_passenger_type"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class FareClass(models.Model):
    """`seat_kinds` says which seats it sells (of SeatKind).

    A seat belongs to the first class by position that lists its kind.
    """

    code = models.SlugField(_("code"), max_length=30, unique=True)
    name = models.CharField(_("name"), max_length=60)
    seat_kinds = models.JSONField(_("seat kinds"), default=list)
    price_factor = models.DecimalField(_("price factor"), max_digits=5, decimal_places=3, default=1)
    refund_policy = models.ForeignKey(RefundPolicy, models.PROTECT, verbose_name=_("refund policy"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("fare class")
        verbose_name_plural = _("fare classes")
        constraints = [
            models.CheckConstraint(condition=Q(price_factor__gt=0), name="fare_class_factor_positive")
        ]

    def __str__(self) -> str:
        return self.name


class Fare(models.Model):
    """The price of a pair of calls in a class for departures on days from `valid_from` to `valid_to`.

    No amount: the pair is not sold.
    """

    route = models.ForeignKey(Route, models.CASCADE, related_name="fares", db_index=False)
    from_stop = models.ForeignKey(RouteStop, models.CASCADE, related_name="+")
    to_stop = models.ForeignKey(RouteStop, models.CASCADE, related_name="+")
    fare_class = models.ForeignKey(FareClass, models.PROTECT)
    amount = models.DecimalField(max_digits=9, decimal_places=2, null=True, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["route", "from_stop", "to_stop", "fare_class", "valid_from"], name="unique_fare"
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gte=0), name="fare_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="fare_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.from_stop_id}-{self.to_stop_id} {self.amount if self.amount is not None else 'not sold'}"
        )
