from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .order_lines import OrderLine
from .sales import Order


class InvoiceSeries(models.Model):
    """Numbers of documents without gaps: each is given with its document's row, while this row is locked.

    Locked last of all: credit notes before invoices.
    """

    CREDIT_NOTES: Final = "CN"
    INVOICES: Final = "INV"

    code = models.CharField(max_length=8, unique=True)
    last_number = models.IntegerField(default=0)

    class Meta:
        verbose_name_plural = "invoice series"

    def __str__(self) -> str:
        return self.code


class Invoice(models.Model):
    """A tax invoice of an order, or the credit note that takes one back whole, with negative amounts.

    Append-only, by a trigger on either database. `domain.tickets.invoices` writes them. Supplier, recipient
    and lines are as they were at that moment; `through_line` is the newest order line that it counts.
    """

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("tax invoice")
        CREDIT_NOTE = "credit_note", _("credit note")

    series = models.ForeignKey(InvoiceSeries, models.PROTECT, related_name="invoices", db_index=False)
    number = models.IntegerField()
    kind = models.CharField(max_length=12, choices=Kind)
    order = models.ForeignKey(Order, models.PROTECT, related_name="invoices")
    corrects = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="credit_note")
    through_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+", db_index=False)
    issued_at = models.DateTimeField()
    supplier_name = models.CharField(max_length=160)
    supplier_address = models.TextField(blank=True)
    supplier_vat_number = models.CharField(max_length=10)
    recipient_name = models.CharField(max_length=160, blank=True)
    recipient_address = models.TextField(blank=True)
    recipient_vat_number = models.CharField(max_length=10, blank=True)
    tax = models.DecimalField(max_digits=11, decimal_places=2)  # that is in the total
    total = models.DecimalField(max_digits=11, decimal_places=2)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["series", "number"], name="unique_invoice_number"),
            models.CheckConstraint(
                condition=Q(kind="invoice", corrects__isnull=True, total__gt=0)
                | Q(kind="credit_note", corrects__isnull=False, total__lt=0),
                name="invoice_or_credit_note",
            ),
        ]

    def __str__(self) -> str:
        return self.full_number

    @property
    def full_number(self) -> str:
        """As papers show it. One query unless the series is loaded."""
        return f"{self.series.code}{self.number:06}"

    @property
    def is_credit_note(self) -> bool:
        return self.kind == self.Kind.CREDIT_NOTE


class InvoiceLine(models.Model):
    """What a document says was sold, with the tax that is in its total. Append-only."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines")
    description = models.TextField()
    quantity = models.IntegerField(default=1)
    tax_code = models.CharField(max_length=8, choices=OrderLine.TaxCode)
    tax_rate = models.DecimalField(max_digits=5, decimal_places=2)  # percent
    value = models.DecimalField(max_digits=11, decimal_places=2)
    tax = models.DecimalField(max_digits=11, decimal_places=2)
    total = models.DecimalField(max_digits=11, decimal_places=2)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="invoice_line_quantity_positive")
        ]

    def __str__(self) -> str:
        return f"{self.description} {self.total}"
