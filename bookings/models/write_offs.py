from django.conf import settings
from django.db import models
from django.db.models import F, Q


class WriteOff(models.Model):
    """A difference to a statement that somebody has written off, or taken back; append-only.

    `amount` in rand goes on the account of the gateway or tender, so that our books have what theirs say:
    negative is a loss. `subject` is that of the difference's task.
    """

    gateway = models.CharField(max_length=20)
    day = models.DateField()  # the business day
    subject = models.CharField(max_length=80)
    turn = models.PositiveSmallIntegerField(default=0)  # how often it was written off before
    amount = models.DecimalField(max_digits=11, decimal_places=2)
    reason = models.CharField(max_length=200)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    approver = models.ForeignKey(  # the second person
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    reverses = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="reversed_by")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "turn"], condition=Q(reverses=None), name="unique_write_off"
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="write_off_not_zero"),
            models.CheckConstraint(condition=~Q(reason=""), name="write_off_has_reason"),
            models.CheckConstraint(
                condition=Q(approver=None) | ~Q(approver=F("actor")), name="write_off_signed_by_another"
            ),
        ]
        indexes = [models.Index(fields=["gateway", "day"], name="write_off_day_idx")]

    def __str__(self) -> str:
        return f"write-off {self.amount}"
