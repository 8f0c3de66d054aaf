from django.db import migrations, models


class Migration(migrations.Migration):
    """An event of a departure says which stop was left, and what was undone; earlier events keep their meaning."""

    dependencies = [("bookings", "0018_company")]

    operations = [
        migrations.AddField(
            "ScheduleEvent",
            "kind",
            models.CharField(
                blank=True,
                choices=[
                    ("", "step or closing"),
                    ("left", "left a stop"),
                    ("withdrawn", "withdrawn from the timetable"),
                    ("undone", "undone"),
                ],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField("ScheduleEvent", "undone_at", models.DateTimeField(blank=True, null=True)),
    ]
