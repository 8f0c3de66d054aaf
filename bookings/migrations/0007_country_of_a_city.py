import django.core.validators
from django.db import migrations, models

from bookings.base.countries import country_at


def fill(apps, schema_editor):
    """By the place of the city, or of a stop of it. What is on no map stays empty until somebody enters it."""
    city_model, stop_model = apps.get_model("bookings", "City"), apps.get_model("bookings", "Stop")
    places = {
        city_id: (latitude, longitude)
        for city_id, latitude, longitude in stop_model.objects.exclude(latitude=None)
        .exclude(longitude=None)
        .order_by("-pk")
        .values_list("city_id", "latitude", "longitude")
        .iterator(chunk_size=1000)
    }
    found = []
    for city in city_model.objects.filter(country="").only("pk", "latitude", "longitude", "country"):
        if city.latitude is not None and city.longitude is not None:
            place = (city.latitude, city.longitude)
        else:
            place = places.get(city.pk)
        city.country = country_at(float(place[0]), float(place[1])) if place else ""
        if city.country:
            found.append(city)
    city_model.objects.bulk_update(found, ["country"], batch_size=500)


class Migration(migrations.Migration):
    """A city says in which country it lies; its check comes next, by itself."""

    dependencies = [("bookings", "0006_tasks_of_departures")]

    operations = [
        migrations.AddField(
            "city",
            "country",
            models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="ISO 3166 code, such as ZA or MZ; empty if unknown",
                max_length=2,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[A-Z]{2}$", "Two capital letters, such as ZA or MZ."
                    )
                ],
                verbose_name="country",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
