from django.conf import settings
from django.db import migrations, models

from bookings.database.operations import AddCheckBesideSales


class Migration(migrations.Migration):
    """Who asks for their data proves their address; an order whose personal data were erased has no contact."""

    atomic = False

    dependencies = [("bookings", "0072_daily_sums")]

    operations = [
        migrations.CreateModel(
            name="DataRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                ("token_hash", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
 on_delete=models.deletion.PROTECT, related_name="+", to="bookings.order"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [models.UniqueConstraint(fields=("token_hash",), name="unique_data_request")],
            },
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject_digest", models.CharField(max_length=64)),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("asked", "asked for by the customer"),
                            ("staff", "asked for in person"),
                            ("retention", "kept long enough"),
                        ],
                        max_length=9,
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=models.deletion.PROTECT, related_name="erasure", to="bookings.order"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("cause__in", ["asked", "staff", "retention"])),
                        name="erasure_cause_known",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="order", name="erased_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.RemoveConstraint(model_name="order", name="web_order_has_contact"),
        AddCheckBesideSales(
            "Order",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("email", ""), _negated=True),
                    models.Q(("phone", ""), _negated=True),
                    models.Q(("channel", "web"), _negated=True),
                    ("erased_at__isnull", False),
                    _connector="OR",
                ),
                name="web_order_has_contact",
            ),
        ),
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
                    ("times_changed", "late coach or skipped stop"),
                    ("seats_gone", "payment too late"),
                    ("link", "link to the booking"),
                    ("invoice", "tax invoice or credit note"),
                    ("disruption", "disruption"),
                    ("disruption_unpaid", "disruption of an unpaid booking"),
                    ("contact_changed", "contact changed"),
                    ("voucher", "voucher with its code"),
                    ("voucher_restored", "money back on a voucher"),
                    ("data_link", "link to the personal data"),
                    ("demo_payment", "notification of the demo gateway"),
                    ("webhook", "event for a partner"),
                ],
                max_length=20,
            ),
        ),
    ]
