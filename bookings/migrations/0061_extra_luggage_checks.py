from django.db import migrations, models

from bookings.database.operations import AddCheckBesideSales


class Migration(migrations.Migration):
    """A ticket without extra luggage pays nothing for any."""

    atomic = False

    dependencies = [("bookings", "0060_extra_luggage")]

    operations = [
        AddCheckBesideSales(
            "HoldTrip",
            models.CheckConstraint(condition=models.Q(("extra_luggage__gte", 0)), name="hold_trip_luggage"),
        ),
        AddCheckBesideSales(
            "Ticket",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("extra_luggage", 0), ("luggage_price", 0)),
                    models.Q(("extra_luggage__gt", 0), ("luggage_price__gte", 0)),
                    _connector="OR",
                ),
                name="ticket_luggage",
            ),
        ),
    ]
