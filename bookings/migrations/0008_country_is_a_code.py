from django.db import migrations, models
from django.db.models.functions import Length, Upper
from django.db.models.lookups import Exact

from bookings.database.operations import AddCheckBesideSales


class Migration(migrations.Migration):
    """Nothing or two capital letters: a check with a name of its own, as distributed schemas want it."""

    atomic = False

    dependencies = [("bookings", "0007_country_of_a_city")]

    operations = [
        AddCheckBesideSales(
            "city",
            models.CheckConstraint(
                condition=models.Q(country="")
                | models.Q(Exact(Length("country"), 2))
                & models.Q(Exact(Upper("country"), models.F("country"))),
                name="city_country_code",
            ),
        )
    ]
