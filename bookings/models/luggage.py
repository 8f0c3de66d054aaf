from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from .fares import FareClass
from .fleet import SeatLayout
from .network import Line
from .order_lines import OrderLine


class LuggageRule(models.Model):
    """What an extra piece of luggage costs, by line and fare class; no line or class: on all of them.

    The closest rule holds: `domain.fares.luggage`. Without any there are no extra pieces.
    """

    class Refund(models.TextChoices):
        AS_FARE = "fare", _("by the terms of its fare")
        FULL = "full", _("in full")
        NONE = "none", _("nothing")

    line = models.ForeignKey(
        Line, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("line")
    )
    fare_class = models.ForeignKey(
        FareClass, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("fare class")
    )
    price = models.DecimalField(_("price of a piece (rand)"), max_digits=7, decimal_places=2)
    most = models.SmallIntegerField(
        _("most pieces of a passenger"), default=2, help_text=_("0: none are sold here")
    )
    tax_code = models.CharField(
        _("tax code"), max_length=8, choices=OrderLine.TaxCode, blank=True, help_text=_("Empty: as its fare")
    )
    refund = models.CharField(
        _("given back when cancelled"), max_length=4, choices=Refund, default=Refund.AS_FARE
    )

    class Meta:
        ordering = ["line__code", "fare_class__position", "id"]
        verbose_name = _("luggage rule")
        verbose_name_plural = _("luggage rules")
        constraints = [
            models.UniqueConstraint(
                Coalesce("line", 0, output_field=models.BigIntegerField()),
                Coalesce("fare_class", 0, output_field=models.BigIntegerField()),
                name="unique_luggage_rule",
                violation_error_message=_("There is a rule for this line and class already."),
            ),
            models.CheckConstraint(condition=Q(price__gte=0), name="luggage_price_not_negative"),
            models.CheckConstraint(condition=Q(most__gte=0, most__lte=9), name="luggage_most_in_range"),
            models.CheckConstraint(
                condition=Q(tax_code__in=["", "exempt", "zero", "standard"]), name="luggage_tax_code_known"
            ),
            models.CheckConstraint(
                condition=Q(refund__in=["fare", "full", "none"]), name="luggage_refund_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line or _('all lines')}, {self.fare_class or _('all classes')}: R{self.price}"


class LuggageSpace(models.Model):
    """How many extra pieces a coach of a layout takes on each leg; without a row EXTRA_LUGGAGE_PIECES."""

    layout = models.OneToOneField(SeatLayout, models.CASCADE, related_name="+", verbose_name=_("seat layout"))
    pieces = models.SmallIntegerField(_("extra pieces of luggage"))

    class Meta:
        ordering = ["layout__name"]
        verbose_name = _("luggage space")
        verbose_name_plural = _("luggage space")
        constraints = [models.CheckConstraint(condition=Q(pieces__gte=0), name="luggage_space_not_negative")]

    def __str__(self) -> str:
        return f"{self.layout}: {self.pieces}"
