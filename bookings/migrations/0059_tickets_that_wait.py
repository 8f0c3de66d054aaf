from django.db import migrations, models
from django.db.models import Q

from bookings.database.operations import AddCheckBesideSales


class Migration(migrations.Migration):
    """A ticket may have lost its seat by a disruption: it waits, without a seat."""

    atomic = False
    dependencies = [("bookings", "0058_disruptions")]

    operations = [
        migrations.AlterField(
            "Ticket",
            "place",
            models.CharField(
                choices=[
                    ("seat", "seat"),
                    ("lap", "on a lap"),
                    ("standby", "standby"),
                    ("waiting", "waiting"),
                ],
                default="seat",
                max_length=8,
            ),
        ),
        migrations.RemoveConstraint("Ticket", "ticket_place"),
        AddCheckBesideSales(
            "Ticket",
            models.CheckConstraint(
                condition=Q(place="seat", seat__isnull=False)
                | Q(place__in=["lap", "standby", "waiting"], seat__isnull=True),
                name="ticket_place",
            ),
        ),
    ]
