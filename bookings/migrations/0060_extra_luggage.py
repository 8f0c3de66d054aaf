import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    """What an extra piece of luggage costs and how many a coach takes; a ticket and a hold know theirs."""

    dependencies = [
        ("bookings", "0059_tickets_that_wait"),
    ]

    operations = [
        migrations.CreateModel(
            name="LuggageRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "price",
                    models.DecimalField(
                        decimal_places=2, max_digits=7, verbose_name="price of a piece (rand)"
                    ),
                ),
                (
                    "most",
                    models.SmallIntegerField(
                        default=2,
                        help_text="0: none are sold here",
                        verbose_name="most pieces of a passenger",
                    ),
                ),
                (
                    "tax_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("exempt", "exempt"),
                            ("zero", "zero-rated"),
                            ("standard", "standard-rated"),
                        ],
                        help_text="Empty: as its fare",
                        max_length=8,
                        verbose_name="tax code",
                    ),
                ),
                (
                    "refund",
                    models.CharField(
                        choices=[
                            ("fare", "by the terms of its fare"),
                            ("full", "in full"),
                            ("none", "nothing"),
                        ],
                        default="fare",
                        max_length=4,
                        verbose_name="given back when cancelled",
                    ),
                ),
            ],
            options={
                "verbose_name": "luggage rule",
                "verbose_name_plural": "luggage rules",
                "ordering": ["line__code", "fare_class__position", "id"],
            },
        ),
        migrations.CreateModel(
            name="LuggageSpace",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("pieces", models.SmallIntegerField(verbose_name="extra pieces of luggage")),
            ],
            options={
                "verbose_name": "luggage space",
                "verbose_name_plural": "luggage space",
                "ordering": ["layout__name"],
            },
        ),
        migrations.AddField(
            model_name="holdtrip",
            name="extra_luggage",
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="ticket",
            name="extra_luggage",
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="ticket",
            name="luggage_price",
            field=models.DecimalField(db_default=0, decimal_places=2, default=0, max_digits=9),
        ),
        migrations.AddField(
            model_name="luggagerule",
            name="fare_class",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="bookings.fareclass",
                verbose_name="fare class",
            ),
        ),
        migrations.AddField(
            model_name="luggagerule",
            name="line",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="bookings.line",
                verbose_name="line",
            ),
        ),
        migrations.AddField(
            model_name="luggagespace",
            name="layout",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="bookings.seatlayout",
                verbose_name="seat layout",
            ),
        ),
        migrations.AddConstraint(
            model_name="luggagerule",
            constraint=models.UniqueConstraint(
                django.db.models.functions.comparison.Coalesce(
                    "line", 0, output_field=models.BigIntegerField()
                ),
                django.db.models.functions.comparison.Coalesce(
                    "fare_class", 0, output_field=models.BigIntegerField()
                ),
                name="unique_luggage_rule",
                violation_error_message="There is a rule for this line and class already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="luggagerule",
            constraint=models.CheckConstraint(
                condition=models.Q(("price__gte", 0)), name="luggage_price_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="luggagerule",
            constraint=models.CheckConstraint(
                condition=models.Q(("most__gte", 0), ("most__lte", 9)), name="luggage_most_in_range"
            ),
        ),
        migrations.AddConstraint(
            model_name="luggagerule",
            constraint=models.CheckConstraint(
                condition=models.Q(("tax_code__in", ["", "exempt", "zero", "standard"])),
                name="luggage_tax_code_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="luggagerule",
            constraint=models.CheckConstraint(
                condition=models.Q(("refund__in", ["fare", "full", "none"])), name="luggage_refund_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="luggagespace",
            constraint=models.CheckConstraint(
                condition=models.Q(("pieces__gte", 0)), name="luggage_space_not_negative"
            ),
        ),
    ]
