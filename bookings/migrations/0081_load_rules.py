import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0080_interest_in_the_ledger"),
    ]

    operations = [
        migrations.AlterField(
            model_name="stafftask",
            name="kind",
            field=models.CharField(
                choices=[
                    ("money_without_seats", "paid, but the seats are no longer free"),
                    ("wrong_amount", "wrong amount paid"),
                    ("unconfirmed_payment", "payment that the gateway does not confirm"),
                    ("double_payment", "paid more than once"),
                    ("mail_failed", "e-mail cannot be delivered"),
                    ("webhook_failed", "webhook cannot be delivered"),
                    ("refund_due", "refund to be paid"),
                    ("bank_details_missing", "refund without bank details"),
                    ("cash_difference", "till did not match"),
                    ("second_factor_reset", "second factor reset"),
                    ("hoarding", "many unpaid seats held from one network"),
                    ("departure_withdrawn", "sold departure no longer in the timetable"),
                    ("many_cancellations", "many cancellations by one person"),
                    ("other_tender", "refund by another way than it was paid"),
                    ("limit_refused", "tried without the approval of a second person"),
                    ("void_after_boarding", "void of a sale tried after boarding"),
                    ("statement_difference", "statement and books differ"),
                    ("chargeback", "bank took a payment back"),
                    ("disruption_review", "disruption confirmed by one person"),
                    ("disruption_unanswered", "passengers of a disruption have not answered"),
                    ("departure_retimed", "sold departure at another time"),
                    ("departure_differs", "sold departure differs from the timetable"),
                    ("stop_skipped", "sold stop is skipped"),
                    ("load_high", "departure fills early"),
                    ("load_low", "departure stays empty"),
                ],
                max_length=24,
            ),
        ),
        migrations.CreateModel(
            name="LoadRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("is_above", models.BooleanField(default=True, verbose_name="alert")),
                ("percent", models.PositiveSmallIntegerField(verbose_name="per cent of the seats")),
                ("days", models.PositiveSmallIntegerField(verbose_name="days before the departure")),
                ("weekdays", models.PositiveSmallIntegerField(default=127, verbose_name="days of the week")),
                ("created_at", models.DateTimeField()),
                ("stopped_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "route",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="bookings.route",
                        verbose_name="route",
                    ),
                ),
            ],
            options={
                "verbose_name": "load rule",
                "verbose_name_plural": "load rules",
                "ordering": ["id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("percent__gte", 0), ("percent__lte", 100)),
                        name="load_rule_percent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("days__gte", 0), ("days__lte", 90)), name="load_rule_days"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("weekdays__gte", 1), ("weekdays__lte", 127)),
                        name="load_rule_weekdays",
                    ),
                ],
            },
        ),
    ]
