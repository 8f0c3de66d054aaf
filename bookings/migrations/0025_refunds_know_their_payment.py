import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from bookings.database.operations import AddUniqueBesideSales

_SECOND_PERSON = {
    "blank": True,
    "db_index": False,
    "null": True,
    "on_delete": django.db.models.deletion.PROTECT,
    "related_name": "+",
    "to": settings.AUTH_USER_MODEL,
}


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("bookings", "0024_slips_are_found")]

    operations = [
        migrations.AddField(
            "Refund",
            "payment",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="refunds",
                to="bookings.payment",
            ),
        ),
        migrations.AddField("Refund", "approver", models.ForeignKey(**_SECOND_PERSON)),
        migrations.AddField(
            "Refund", "reason", models.CharField(blank=True, db_default="", default="", max_length=200)
        ),
        migrations.AddField("TillMovement", "approver", models.ForeignKey(**_SECOND_PERSON)),
        AddUniqueBesideSales(
            "Refund",
            models.UniqueConstraint(
                fields=["cause", "payment"],
                condition=models.Q(payment__isnull=False),
                name="unique_refund_of_payment",
            ),
        ),
        AddUniqueBesideSales(
            "Refund",
            models.UniqueConstraint(
                fields=["cause"],
                condition=models.Q(payment__isnull=True),
                name="unique_refund_without_payment",
            ),
        ),
        migrations.RemoveConstraint("Refund", "unique_refund_cause"),
        migrations.AlterField(
            "OutboxMessage",
            "kind",
            models.CharField(
                choices=[
                    ("confirmation", "confirmation with tickets"),
                    ("pay_by", "payment instructions"),
                    ("pay_reminder", "payment reminder"),
                    ("cancellation", "cancellation"),
                    ("refund", "money on its way back"),
                    ("seats_gone", "payment too late"),
                    ("link", "link to the booking"),
                    ("demo_payment", "notification of the demo gateway"),
                    ("webhook", "event for a partner"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="RefundAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "refund",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attempts",
                        to="bookings.refund",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refund_attempts",
                        to="bookings.payment",
                    ),
                ),
                ("key", models.CharField(max_length=40)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=11)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("asked", "asked"),
                            ("accepted", "accepted"),
                            ("settled", "settled"),
                            ("refused", "refused"),
                            ("unknown", "no answer yet"),
                        ],
                        default="asked",
                        max_length=10,
                    ),
                ),
                ("external_id", models.CharField(blank=True, max_length=80)),
                ("asked_at", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(default=1)),
                ("next_try", models.DateTimeField()),
                ("last_error", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(fields=["key"], name="unique_refund_attempt_key"),
                    models.UniqueConstraint(
                        fields=["payment"],
                        condition=models.Q(status__in=["asked", "accepted", "unknown"]),
                        name="one_open_refund_attempt",
                    ),
                    models.CheckConstraint(condition=models.Q(amount__gt=0), name="refund_attempt_positive"),
                    models.CheckConstraint(
                        condition=models.Q(status__in=["asked", "accepted", "settled", "refused", "unknown"]),
                        name="refund_attempt_status_known",
                    ),
                ],
            },
        ),
    ]
