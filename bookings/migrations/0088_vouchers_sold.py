from django.db import migrations, models
from django.db.models import Q

from bookings.database.operations import AddCheckBesideSales


class Migration(migrations.Migration):
    """An order may sell a voucher instead of trips; one may be blocked for a while, and revive once it lapsed."""

    atomic = False

    dependencies = [("bookings", "0087_settings_of_the_company")]

    operations = [
        migrations.CreateModel(
            name="VoucherSale",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("value", models.DecimalField(decimal_places=2, max_digits=9)),
                ("recipient", models.EmailField(blank=True, max_length=254)),
                ("message", models.CharField(blank=True, max_length=300)),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=models.deletion.PROTECT, related_name="voucher_sale", to="bookings.order"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(condition=Q(value__gt=0), name="voucher_sale_value_positive")
                ],
            },
        ),
        migrations.AlterField(
            model_name="vouchermovement",
            name="kind",
            field=models.CharField(
                choices=[
                    ("issued", "issued"),
                    ("redeemed", "redeemed"),
                    ("restored", "restored"),
                    ("extended", "valid for longer"),
                    ("expired", "expired"),
                    ("stopped", "stopped"),
                    ("resumed", "good again"),
                    ("revived", "good again after it expired"),
                ],
                max_length=8,
            ),
        ),
        AddCheckBesideSales(
            "vouchermovement",
            models.CheckConstraint(
                condition=Q(kind__in=["issued", "restored", "revived"], amount__gt=0)
                | Q(kind="redeemed", amount__lt=0, payment__isnull=False)
                | Q(kind__in=["expired", "stopped"], amount__lte=0)
                | Q(kind__in=["extended", "resumed"], amount=0),
                name="voucher_movement_signed",
            ),
        ),
        migrations.RemoveConstraint("vouchermovement", "voucher_movement_amount"),
    ]
