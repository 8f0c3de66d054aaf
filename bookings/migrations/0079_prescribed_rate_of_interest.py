from datetime import date
from decimal import Decimal
from typing import Any

from django.db import migrations, models

# The newest that was looked up; whoever runs the company enters those that followed
RATE = {
    "valid_from": date(2018, 5, 1),
    "percent": Decimal("10.00"),
    "source": "GN 435 in Government Gazette 41581 of 20 April 2018",
}


def write_rate(apps: Any, schema_editor: Any) -> None:
    apps.get_model("bookings", "InterestRate").objects.get_or_create(
        valid_from=RATE["valid_from"], defaults=RATE
    )


class Migration(migrations.Migration):
    """The prescribed rate of interest by the day from which it holds."""

    dependencies = [("bookings", "0078_wait_list")]

    operations = [
        migrations.CreateModel(
            name="InterestRate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("valid_from", models.DateField(unique=True, verbose_name="from")),
                ("percent", models.DecimalField(decimal_places=2, max_digits=5, verbose_name="percent a year")),
                ("source", models.CharField(blank=True, max_length=120, verbose_name="source")),
            ],
            options={
                "verbose_name": "prescribed rate of interest",
                "verbose_name_plural": "prescribed rates of interest",
                "ordering": ["-valid_from"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(percent__gte=0), name="interest_rate_not_negative"
                    )
                ],
            },
        ),
        migrations.RunPython(write_rate, migrations.RunPython.noop),
    ]
