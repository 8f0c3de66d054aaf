import django.db.models.deletion
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """What partners earn by selling, and what they have paid, each as rows of its own."""

    dependencies = [
        ("bookings", "0044_contact_is_changed"),
    ]

    operations = [
        migrations.CreateModel(
            name="Commission",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("percent", models.DecimalField(decimal_places=2, max_digits=5)),
                ("base", models.DecimalField(decimal_places=2, max_digits=11)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=11)),
                (
                    "settlement",
                    models.CharField(
                        choices=[
                            ("gross", "gross: commission is credited at the end of the month"),
                            ("net", "net: commission is deducted from each sale"),
                        ],
                        max_length=5,
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="CommissionRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("percent", models.DecimalField(decimal_places=2, max_digits=5, verbose_name="percent")),
            ],
            options={
                "ordering": ["partner", "line"],
            },
        ),
        migrations.CreateModel(
            name="PartnerPayment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=11)),
                ("reference", models.CharField(max_length=60)),
                ("at", models.DateTimeField()),
                ("reason", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "ordering": ["-at", "-id"],
            },
        ),
        migrations.AddField(
            model_name="partner",
            name="commission_percent",
            field=models.DecimalField(
                db_default=Decimal("0.00"),
                decimal_places=2,
                default=Decimal("0.00"),
                max_digits=5,
                verbose_name="commission in percent",
            ),
        ),
        migrations.AddField(
            model_name="partner",
            name="settlement",
            field=models.CharField(
                choices=[
                    ("gross", "gross: commission is credited at the end of the month"),
                    ("net", "net: commission is deducted from each sale"),
                ],
                db_default="gross",
                default="gross",
                max_length=5,
                verbose_name="settlement",
            ),
        ),
        migrations.AddField(
            model_name="commission",
            name="booking",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="bookings.booking",
            ),
        ),
        migrations.AddField(
            model_name="commission",
            name="payment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="commissions", to="bookings.payment"
            ),
        ),
        migrations.AddField(
            model_name="commission",
            name="refund",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="commission",
                to="bookings.refund",
            ),
        ),
        migrations.AddField(
            model_name="commissionrate",
            name="line",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="bookings.line",
                verbose_name="line",
            ),
        ),
        migrations.AddField(
            model_name="commissionrate",
            name="partner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="rates", to="bookings.partner"
            ),
        ),
        migrations.AddField(
            model_name="partnerpayment",
            name="actor",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="partnerpayment",
            name="approver",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="partnerpayment",
            name="partner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="transfers", to="bookings.partner"
            ),
        ),
        migrations.AddIndex(
            model_name="commission",
            index=models.Index(fields=["at"], name="commission_at_idx"),
        ),
        migrations.AddConstraint(
            model_name="commission",
            constraint=models.UniqueConstraint(
                condition=models.Q(("refund__isnull", True)),
                fields=("payment", "booking"),
                name="unique_commission_of_sale",
            ),
        ),
        migrations.AddConstraint(
            model_name="commission",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount__gte", 0), ("refund__isnull", True)),
                    models.Q(("amount__lte", 0), ("refund__isnull", False)),
                    _connector="OR",
                ),
                name="commission_is_taken_back_by_refunds",
            ),
        ),
        migrations.AddConstraint(
            model_name="commission",
            constraint=models.CheckConstraint(
                condition=models.Q(("settlement__in", ["gross", "net"])), name="commission_settlement_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="commissionrate",
            constraint=models.UniqueConstraint(fields=("partner", "line"), name="unique_commission_rate"),
        ),
        migrations.AddConstraint(
            model_name="commissionrate",
            constraint=models.CheckConstraint(
                condition=models.Q(("percent__gte", 0), ("percent__lte", 100)), name="commission_rate_percent"
            ),
        ),
        migrations.AddConstraint(
            model_name="partnerpayment",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="partner_payment_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="partnerpayment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approver__isnull", True),
                    models.Q(("approver", models.F("actor")), _negated=True),
                    _connector="OR",
                ),
                name="partner_payment_approved_by_another",
            ),
        ),
    ]
