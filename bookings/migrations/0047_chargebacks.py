import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """What the customer's bank takes back of a payment is a row of its own."""

    dependencies = [
        ("bookings", "0046_commission_in_the_ledger"),
    ]

    operations = [
        migrations.AlterField(
            model_name="outboxmessage",
            name="kind",
            field=models.CharField(
                choices=[
                    ("confirmation", "confirmation with tickets"),
                    ("pay_by", "payment instructions"),
                    ("pay_reminder", "payment reminder"),
                    ("cancellation", "cancellation"),
                    ("refund", "money on its way back"),
                    ("bank_details", "request for bank details"),
                    ("bank_details_given", "bank details received"),
                    ("chargeback", "payment taken back by the bank"),
                    ("seats_gone", "payment too late"),
                    ("link", "link to the booking"),
                    ("contact_changed", "contact changed"),
                    ("demo_payment", "notification of the demo gateway"),
                    ("webhook", "event for a partner"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="Chargeback",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=11)),
                ("at", models.DateTimeField()),
                ("noted_at", models.DateTimeField()),
                ("returned_at", models.DateTimeField(blank=True, null=True)),
                (
                    "line",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="chargeback",
                        to="bookings.statementline",
                    ),
                ),
                (
                    "payment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="chargeback",
                        to="bookings.payment",
                    ),
                ),
                (
                    "returned_line",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="returned_chargeback",
                        to="bookings.statementline",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="chargeback_positive"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("returned_at__isnull", True), ("returned_line__isnull", True)),
                            models.Q(("returned_at__isnull", False), ("returned_line__isnull", False)),
                            _connector="OR",
                        ),
                        name="chargeback_returned_by_line",
                    ),
                ],
            },
        ),
    ]
