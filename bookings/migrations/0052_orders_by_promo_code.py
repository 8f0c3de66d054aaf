from django.db import migrations, models

from bookings.database.operations import AddIndexBesideSales


class Migration(migrations.Migration):
    """The orders that have a promo code are found by it."""

    atomic = False

    dependencies = [("bookings", "0051_promo_codes")]

    operations = [
        AddIndexBesideSales(
            "Order",
            models.Index(
                fields=["promo_code"],
                condition=models.Q(promo_code__isnull=False),
                name="order_promo_code_idx",
            ),
        ),
    ]
