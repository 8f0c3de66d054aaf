import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Vouchers, and what came on each of them or went off it."""

    dependencies = [
        ("bookings", "0055_promo_code_channels"),
    ]

    operations = [
        migrations.CreateModel(
            name="Voucher",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("sold", "sold"), ("goodwill", "goodwill"), ("refund", "instead of a refund")],
                        max_length=8,
                    ),
                ),
                ("code_digest", models.CharField(max_length=64)),
                ("code_end", models.CharField(max_length=4)),
                ("sealed_code", models.TextField(blank=True, default="")),
                ("value", models.DecimalField(decimal_places=2, max_digits=9)),
                ("balance", models.DecimalField(decimal_places=2, max_digits=9)),
                ("valid_until", models.DateField()),
                ("email", models.EmailField(blank=True, max_length=254)),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="vouchers",
                        to="bookings.order",
                    ),
                ),
                (
                    "replaces",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="bookings.voucher",
                    ),
                ),
                ("issued_at", models.DateTimeField()),
                ("stopped_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(fields=["code_digest"], name="unique_voucher_code"),
                    models.CheckConstraint(
                        condition=models.Q(kind__in=["sold", "goodwill", "refund"]), name="voucher_kind_known"
                    ),
                    models.CheckConstraint(condition=models.Q(value__gt=0), name="voucher_value_positive"),
                    models.CheckConstraint(
                        condition=models.Q(balance__gte=0), name="voucher_balance_not_negative"
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=~models.Q(sealed_code=""), fields=["id"], name="voucher_sealed_idx"
                    ),
                    models.Index(
                        condition=models.Q(balance__gt=0), fields=["valid_until"], name="voucher_open_idx"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VoucherMovement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "voucher",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="movements",
                        to="bookings.voucher",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("issued", "issued"),
                            ("redeemed", "redeemed"),
                            ("restored", "restored"),
                            ("extended", "valid for longer"),
                            ("expired", "expired"),
                            ("stopped", "stopped"),
                        ],
                        max_length=8,
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=9)),
                (
                    "payment",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="voucher_movement",
                        to="bookings.payment",
                    ),
                ),
                (
                    "refund",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="voucher_movement",
                        to="bookings.refund",
                    ),
                ),
                ("valid_until", models.DateField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, max_length=200)),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "approver",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(kind__in=["issued", "restored"], amount__gt=0)
                        | models.Q(kind="redeemed", amount__lt=0, payment__isnull=False)
                        | models.Q(kind__in=["expired", "stopped"], amount__lte=0)
                        | models.Q(kind="extended", amount=0),
                        name="voucher_movement_amount",
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(kind="restored") | models.Q(refund__isnull=False),
                        name="restored_by_a_refund",
                    ),
                ],
            },
        ),
    ]
