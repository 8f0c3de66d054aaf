import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """What gateways, the card terminal and the bank tell of money, line by line, and what each line is of ours."""

    dependencies = [
        ("bookings", "0035_ledger_knows_its_gateway"),
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
                    ("departure_retimed", "sold departure at another time"),
                ],
                max_length=24,
            ),
        ),
        migrations.CreateModel(
            name="StatementDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("gateway", models.CharField(max_length=20)),
                ("day", models.DateField()),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("problem", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "ordering": ["-day", "gateway"],
                "constraints": [
                    models.UniqueConstraint(fields=("gateway", "day"), name="unique_statement_day")
                ],
            },
        ),
        migrations.CreateModel(
            name="StatementLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("gateway", models.CharField(max_length=20)),
                ("line_id", models.CharField(max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("payment", "payment"),
                            ("refund", "refund"),
                            ("fee", "fee"),
                            ("payout", "payout to the bank"),
                            ("chargeback", "chargeback"),
                            ("other", "other"),
                        ],
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("day", models.DateField()),
                ("external_id", models.CharField(blank=True, max_length=80)),
                ("our_id", models.CharField(blank=True, max_length=40)),
                ("text", models.CharField(blank=True, max_length=200)),
                ("gross", models.DecimalField(decimal_places=2, max_digits=11)),
                ("fee", models.DecimalField(decimal_places=2, max_digits=11)),
                ("noted_at", models.DateTimeField()),
                (
                    "noted_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="StatementMatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "line",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="match",
                        to="bookings.statementline",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="matches",
                        to="bookings.payment",
                    ),
                ),
                (
                    "refund",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="matches",
                        to="bookings.refund",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "statement matches",
            },
        ),
        migrations.AddIndex(
            model_name="statementline",
            index=models.Index(fields=["gateway", "day"], name="statement_day_idx"),
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.UniqueConstraint(fields=("gateway", "line_id"), name="unique_statement_line"),
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["payment", "refund", "fee", "payout", "chargeback", "other"])
                ),
                name="statement_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="statementmatch",
            constraint=models.UniqueConstraint(
                condition=models.Q(("payment__isnull", False)),
                fields=("payment",),
                name="unique_match_of_payment",
            ),
        ),
        migrations.AddConstraint(
            model_name="statementmatch",
            constraint=models.UniqueConstraint(
                condition=models.Q(("refund__isnull", False)),
                fields=("refund",),
                name="unique_match_of_refund",
            ),
        ),
        migrations.AddConstraint(
            model_name="statementmatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("payment__isnull", False), ("refund__isnull", True)),
                    models.Q(("payment__isnull", True), ("refund__isnull", False)),
                    _connector="OR",
                ),
                name="match_of_one_thing",
            ),
        ),
    ]
