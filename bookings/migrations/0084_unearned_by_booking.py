from django.db import migrations, models

from bookings.database.operations import AddIndexBesideSales


class Migration(migrations.Migration):
    """What is paid for trips to come is summed without the entries themselves."""

    atomic = False

    dependencies = [("bookings", "0083_service_of_coaches_in_order")]

    operations = [
        AddIndexBesideSales(
            "LedgerEntry",
            models.Index(
                fields=["booking"],
                include=["amount"],
                name="ledger_unearned_idx",
                condition=models.Q(account="unearned_fares"),
            ),
        ),
    ]
