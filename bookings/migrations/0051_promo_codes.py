import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Promo codes; an order knows its own, a ticket what it saves, a hold what was typed."""

    dependencies = [
        ("bookings", "0050_refunds_found_by_their_number"),
    ]

    operations = [
        migrations.AddField(
            model_name="hold",
            name="promo_code",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.AddField(
            model_name="ticket",
            name="discount",
            field=models.DecimalField(db_default=0, decimal_places=2, default=0, max_digits=9),
        ),
        migrations.CreateModel(
            name="PromoCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=20, verbose_name="code")),
                ("plain_code", models.CharField(max_length=20)),
                (
                    "kind",
                    models.CharField(
                        choices=[("percent", "percent"), ("rand", "rand")],
                        default="percent",
                        max_length=7,
                        verbose_name="discount in",
                    ),
                ),
                ("value", models.DecimalField(decimal_places=2, max_digits=8, verbose_name="discount")),
                (
                    "minimum",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=8, verbose_name="minimum order in rand"
                    ),
                ),
                ("sale_from", models.DateField(blank=True, null=True, verbose_name="sold from")),
                ("sale_to", models.DateField(blank=True, null=True, verbose_name="sold until")),
                ("travel_from", models.DateField(blank=True, null=True, verbose_name="travel from")),
                ("travel_to", models.DateField(blank=True, null=True, verbose_name="travel until")),
                ("max_uses", models.IntegerField(blank=True, null=True, verbose_name="orders in total")),
                (
                    "max_uses_of_contact",
                    models.IntegerField(blank=True, null=True, verbose_name="orders of one e-mail address"),
                ),
                ("uses", models.IntegerField(default=0)),
                (
                    "funder",
                    models.CharField(
                        choices=[("company", "the company"), ("partner", "a partner")],
                        default="company",
                        max_length=7,
                        verbose_name="paid for by",
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("stopped_at", models.DateTimeField(blank=True, null=True)),
                (
                    "classes",
                    models.ManyToManyField(
                        blank=True, related_name="+", to="bookings.fareclass", verbose_name="classes"
                    ),
                ),
                (
                    "created_by",
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
                    "lines",
                    models.ManyToManyField(
                        blank=True, related_name="+", to="bookings.line", verbose_name="lines"
                    ),
                ),
                (
                    "stopped_by",
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
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="order",
            name="promo_code",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="orders",
                to="bookings.promocode",
            ),
        ),
        migrations.AddConstraint(
            model_name="promocode",
            constraint=models.UniqueConstraint(fields=("plain_code",), name="unique_promo_code"),
        ),
        migrations.AddConstraint(
            model_name="promocode",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "rand"), ("value__gt", 0)),
                    models.Q(("kind", "percent"), ("value__gt", 0), ("value__lte", 100)),
                    _connector="OR",
                ),
                name="promo_code_value",
                violation_error_message="Enter a discount above 0, and of at most 100 percent.",
            ),
        ),
        migrations.AddConstraint(
            model_name="promocode",
            constraint=models.CheckConstraint(
                condition=models.Q(("funder__in", ["company", "partner"])), name="promo_code_funder"
            ),
        ),
        migrations.AddConstraint(
            model_name="promocode",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("uses__gte", 0),
                    models.Q(("max_uses", None), ("max_uses__gte", models.F("uses")), _connector="OR"),
                ),
                name="promo_code_uses",
            ),
        ),
    ]
