import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """A table of some hundred names is found by the indexes of its constraints; no plan uses these."""

    dependencies = [("bookings", "0016_place_name_checks")]

    operations = [
        migrations.AlterField("PlaceName", "plain_name", models.CharField(editable=False, max_length=120)),
        *(
            migrations.AlterField(
                "PlaceName",
                owner,
                models.ForeignKey(
                    blank=True,
                    db_index=False,
                    null=True,
                    on_delete=django.db.models.deletion.CASCADE,
                    related_name="other_names",
                    to=f"bookings.{owner}",
                    verbose_name=owner,
                ),
            )
            for owner in ("city", "stop")
        ),
    ]
