import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

_REASONS = [
    ("traffic", "heavy traffic"),
    ("road_closed", "road closed"),
    ("weather", "weather"),
    ("technical", "technical fault"),
    ("accident", "accident"),
    ("border", "border or police check"),
    ("strike", "strike or unrest"),
    ("staff", "driver not available"),
    ("connection", "waiting for another coach"),
    ("other", "other reason"),
]


class Migration(migrations.Migration):
    """What was told of a departure's times; a schedule knows what it comes to."""

    dependencies = [
        ("bookings", "0053_tax_invoices"),
    ]

    operations = [
        migrations.AddField(
            model_name="schedule",
            name="call_changes",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.CreateModel(
            name="ScheduleChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("late", "late"),
                            ("skipped", "stop skipped"),
                            ("served", "stop served again"),
                        ],
                        default="late",
                        max_length=7,
                    ),
                ),
                ("late_min", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("next_word_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, choices=_REASONS, default="", max_length=12)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("manual", "staff"),
                            ("driver", "driver"),
                            ("gps", "position of the coach"),
                        ],
                        default="manual",
                        max_length=6,
                    ),
                ),
                ("at", models.DateTimeField()),
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
                    "schedule",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="bookings.schedule",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["schedule"], name="schedule_change_idx")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("kind", "late"), ("late_min__isnull", False), ("next_word_at__isnull", True)
                            ),
                            models.Q(
                                ("kind", "late"), ("late_min__isnull", True), ("next_word_at__isnull", False)
                            ),
                            models.Q(
                                ("kind__in", ["skipped", "served"]),
                                ("late_min__isnull", True),
                                ("next_word_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="schedule_change_says_one_thing",
                    )
                ],
            },
        ),
    ]
