from django.db import migrations, models


class Migration(migrations.Migration):
    """Where passengers find a counter, and when it is open; the release before writes neither."""

    dependencies = [("bookings", "0029_states_of_paying")]

    operations = [
        migrations.AddField(
            "Branch",
            "address",
            models.TextField(
                "address",
                blank=True,
                db_default="",
                default="",
                help_text="Where passengers find the counter, one line each",
                max_length=300,
            ),
        ),
        migrations.AddField(
            "Branch",
            "opening_hours",
            models.TextField(
                "opening hours",
                blank=True,
                db_default="",
                default="",
                help_text="One line each",
                max_length=300,
            ),
        ),
    ]
