from django.db import migrations, models

from bookings.database.operations import AddIndexBesideSales


class Migration(migrations.Migration):
    """A line of a statement names a refund by the number that the gateway gave it."""

    atomic = False
    dependencies = [("bookings", "0049_partners_found_without_an_index")]

    operations = [
        AddIndexBesideSales(
            "RefundAttempt",
            models.Index(fields=["external_id"], name="refund_attempt_external_idx"),
        ),
    ]
