from django.db import migrations, models

from bookings.database.operations import AddIndexBesideSales, AddUniqueBesideSales


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0010_what_partners_call_an_order")]

    operations = [
        AddIndexBesideSales(
            "Order",
            models.Index(
                fields=["partner", "updated_at", "id"],
                name="order_updated_idx",
                condition=models.Q(partner__isnull=False),
            ),
        ),
        AddUniqueBesideSales(
            "Order",
            models.UniqueConstraint(
                fields=["partner", "external_reference"],
                condition=~models.Q(external_reference=""),
                name="unique_external_reference",
            ),
        ),
    ]
