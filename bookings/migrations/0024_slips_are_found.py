from django.db import migrations, models
from django.db.models.functions import Upper

from bookings.database.operations import AddIndexBesideSales


class Migration(migrations.Migration):
    """Bookings are found by the reference on the slip of a card terminal, or of a transfer."""

    atomic = False

    dependencies = [("bookings", "0023_any_part_of_a_name")]

    operations = [
        AddIndexBesideSales(model, models.Index(Upper("reference"), name=name))
        for model, name in (("Payment", "payment_slip_idx"), ("Refund", "refund_slip_idx"))
    ]
