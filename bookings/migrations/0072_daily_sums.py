from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0071_tickets_replaced_on_the_road"),
    ]

    operations = [
        migrations.CreateModel(
            name="DailySum",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "by",
                    models.CharField(
                        choices=[
                            ("kind", "kind"),
                            ("route", "route"),
                            ("clerk", "clerk"),
                            ("channel", "channel"),
                            ("partner", "partner"),
                            ("passenger_type", "passenger type"),
                            ("fare_class", "fare class"),
                            ("promo_code", "promo code"),
                            ("account", "account"),
                            ("earned_route", "revenue by route"),
                        ],
                        max_length=14,
                    ),
                ),
                ("day", models.DateField()),
                ("branch", models.IntegerField(default=0)),
                ("key", models.CharField(blank=True, max_length=40)),
                ("positive", models.BigIntegerField(default=0)),
                ("negative", models.BigIntegerField(default=0)),
                ("quantity", models.IntegerField(default=0)),
            ],
            options={
                "verbose_name": "sum of a day",
                "verbose_name_plural": "sums of days",
                "constraints": [
                    models.UniqueConstraint(fields=("by", "day", "branch", "key"), name="unique_daily_sum"),
                    models.CheckConstraint(
                        condition=models.Q(("negative__lte", 0), ("positive__gte", 0)), name="daily_sum_signs"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SumCursor",
            fields=[
                ("table", models.CharField(max_length=10, primary_key=True, serialize=False)),
                ("summed_to", models.BigIntegerField(default=0)),
                ("seen_to", models.BigIntegerField(default=0)),
                ("waits_for", models.JSONField(default=list)),
            ],
            options={
                "verbose_name": "cursor of the daily sums",
                "verbose_name_plural": "cursors of the daily sums",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("seen_to__gte", models.F("summed_to")), ("summed_to__gte", 0)),
                        name="sum_cursor_order",
                    )
                ],
            },
        ),
    ]
