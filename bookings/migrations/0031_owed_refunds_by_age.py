from django.db import migrations, models

from bookings.database.operations import AddIndexBesideSales


class Migration(migrations.Migration):
    """What is owed is listed by age, and is a small part of all refunds."""

    atomic = False

    dependencies = [("bookings", "0030_branches_have_addresses")]

    operations = [
        AddIndexBesideSales(
            "Refund",
            models.Index(
                fields=["created_at"],
                name="refund_open_idx",
                condition=models.Q(status__in=["owed", "paying"]),
            ),
        ),
    ]
