import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Cities and stops have other names, too, by which people find them; the checks come next."""

    dependencies = [("bookings", "0014_ticket_codes_for_any_keyboard")]

    operations = [
        migrations.CreateModel(
            name="PlaceName",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("plain_name", models.CharField(db_index=True, editable=False, max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("official", "official name, or that of the municipality"),
                            ("former", "former name"),
                            ("language", "name in another language"),
                            ("nickname", "nickname or abbreviation"),
                            ("airport", "airport code (IATA)"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "attested_by",
                    models.CharField(
                        blank=True,
                        help_text="Who uses this name or lists it",
                        max_length=120,
                        verbose_name="source",
                    ),
                ),
                (
                    "city",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="other_names",
                        to="bookings.city",
                        verbose_name="city",
                    ),
                ),
                (
                    "stop",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="other_names",
                        to="bookings.stop",
                        verbose_name="stop",
                    ),
                ),
            ],
            options={
                "verbose_name": "other name of a place",
                "verbose_name_plural": "other names of places",
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("plain_name", "city"),
                        name="unique_name_of_city",
                        violation_error_message="This city has this name already.",
                    ),
                    models.UniqueConstraint(
                        fields=("plain_name", "stop"),
                        name="unique_name_of_stop",
                        violation_error_message="This stop has this name already.",
                    ),
                ],
            },
        )
    ]
