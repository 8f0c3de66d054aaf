from django.db import migrations, models

from bookings.database.operations import ReplaceUniqueBesideSales


class Migration(migrations.Migration):
    """One name is enough; a spoken code is found without its departure."""

    atomic = False

    dependencies = [("bookings", "0011_indexes_of_partners_orders")]

    operations = [
        migrations.AlterField("Ticket", "first_name", models.CharField(blank=True, max_length=80)),
        migrations.AlterField("Ticket", "surname", models.CharField(blank=True, max_length=80)),
        ReplaceUniqueBesideSales(
            "Ticket",
            models.UniqueConstraint(
                models.F("spoken_code"), models.F("schedule"), name="unique_spoken_code"
            ),
        ),
    ]
