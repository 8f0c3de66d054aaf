from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .sales import Booking, Order, Ticket


class OrderLine(models.Model):
    """Something that was sold, or taken back: the total of an order is the sum of its lines.

    Append-only, by a trigger on either database: a change adds lines that take back and new ones.
    `domain.sales.order_lines` writes them.
    """

    class Kind(models.TextChoices):
        FARE = "fare", _("fare")
        SEAT_UPGRADE = "seat_upgrade", _("seat upgrade")
        LUGGAGE = "luggage", _("luggage")
        CHANGE_FEE = "change_fee", _("change fee")
        CANCELLATION_FEE = "cancellation_fee", _("cancellation fee")
        PROMO = "promo", _("promo code")
        VOUCHER_SALE = "voucher_sale", _("voucher")

    class TaxCode(models.TextChoices):
        EXEMPT = "exempt", _("exempt")
        ZERO = "zero", _("zero-rated")
        STANDARD = "standard", _("standard-rated")

    order = models.ForeignKey(Order, models.PROTECT, related_name="lines")
    booking = models.ForeignKey(Booking, models.PROTECT, null=True, blank=True, related_name="lines")
    ticket = models.ForeignKey(
        Ticket, models.PROTECT, null=True, blank=True, related_name="lines", db_index=False
    )
    kind = models.CharField(max_length=20, choices=Kind)
    quantity = models.IntegerField(default=1)
    amount = models.DecimalField(max_digits=11, decimal_places=2)  # of all of them; negative: taken back
    tax_code = models.CharField(max_length=8, choices=TaxCode)
    rule = models.JSONField(default=dict, blank=True)  # what it was priced by, frozen
    cause = models.CharField(max_length=120)  # of the posting that it came with
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "fare",
                        "seat_upgrade",
                        "luggage",
                        "change_fee",
                        "cancellation_fee",
                        "promo",
                        "voucher_sale",
                    ]
                ),
                name="order_line_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(tax_code__in=["exempt", "zero", "standard"]), name="order_line_tax_code_known"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="order_line_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"
