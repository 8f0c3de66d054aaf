from django.db import migrations, models

from bookings.database.operations import AddCheckBesideSales


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("bookings", "0082_coaches_in_service"),
    ]

    operations = [
        AddCheckBesideSales(
            model_name="bus",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("in_service_to__isnull", True),
                    ("in_service_from__isnull", True),
                    ("in_service_to__gte", models.F("in_service_from")),
                    _connector="OR",
                ),
                name="bus_in_service_in_order",
                violation_error_message="It cannot go out of service before it comes into service.",
            ),
        ),
    ]
