from django.db import migrations, models


class Migration(migrations.Migration):
    """A type of passengers may travel on an adult's lap, without a seat."""

    dependencies = [("bookings", "0027_wheelchairs_and_help")]

    operations = [
        migrations.AddField(
            "PassengerType",
            "travels_on_lap",
            models.BooleanField(
                db_default=False,
                default=False,
                help_text="Without a seat, one beside each adult",
                verbose_name="on a lap",
            ),
        ),
    ]
