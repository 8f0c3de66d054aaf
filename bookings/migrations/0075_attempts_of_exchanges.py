from django.db import migrations, models

from bookings.database.operations import AddCheckBesideSales, AddIndexBesideSales


class Migration(migrations.Migration):
    """An exchange request finds its attempts to pay; no fee is below 0."""

    atomic = False

    dependencies = [("bookings", "0074_passengers_exchange_themselves")]

    operations = [
        AddIndexBesideSales(
            "PaymentAttempt",
            models.Index(
                fields=["exchange_request"],
                name="attempt_exchange_idx",
                condition=models.Q(("exchange_request__isnull", False)),
            ),
        ),
        AddCheckBesideSales(
            "RefundPolicy",
            models.CheckConstraint(
                condition=models.Q(
                    ("change_hours__gte", 0),
                    models.Q(("name_fee__isnull", True), ("name_fee__gte", 0), _connector="OR"),
                ),
                name="refund_policy_changes",
            ),
        ),
    ]
