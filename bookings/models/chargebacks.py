from django.db import models
from django.db.models import Q

from .payments import Payment
from .statements import StatementLine


class Chargeback(models.Model):
    """What the customer's bank took back of a payment. Nothing is refunded of that payment any more: what was
    owed of it counts as given back by it. `returned_at`: the bank gave it to us again.
    """

    payment = models.OneToOneField(Payment, models.PROTECT, related_name="chargeback")
    amount = models.DecimalField(max_digits=11, decimal_places=2)
    at = models.DateTimeField()  # when it moved there
    noted_at = models.DateTimeField()
    line = models.OneToOneField(StatementLine, models.PROTECT, related_name="chargeback")
    returned_at = models.DateTimeField(null=True, blank=True)
    returned_line = models.OneToOneField(
        StatementLine, models.PROTECT, null=True, blank=True, related_name="returned_chargeback"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="chargeback_positive"),
            models.CheckConstraint(
                condition=Q(returned_at__isnull=True, returned_line__isnull=True)
                | Q(returned_at__isnull=False, returned_line__isnull=False),
                name="chargeback_returned_by_line",
            ),
        ]

    def __str__(self) -> str:
        return f"chargeback {self.pk}"
