from django.db import migrations, models
from django.db.models import Q

from bookings.database.operations import AddCheckBesideSales


class Migration(migrations.Migration):
    """A name is of a city or of a stop, and is not empty: checks with names, as distributed schemas want them."""

    atomic = False

    dependencies = [("bookings", "0015_place_names")]

    operations = [
        AddCheckBesideSales(
            "placename",
            models.CheckConstraint(
                condition=Q(city__isnull=False, stop__isnull=True) | Q(city__isnull=True, stop__isnull=False),
                name="name_of_city_or_stop",
                violation_error_message="Choose either a city or a stop.",
            ),
        ),
        AddCheckBesideSales(
            "placename",
            models.CheckConstraint(
                condition=~Q(plain_name=""),
                name="place_name_has_letters",
                violation_error_message="The name has neither letters nor digits.",
            ),
        ),
    ]
