from django.db import migrations, models

from bookings.database.operations import AddUniqueBesideSales


class Migration(migrations.Migration):
    """A gateway may make a page for each attempt, and sign by headers."""

    atomic = False

    dependencies = [("bookings", "0036_statements_of_gateways")]

    operations = [
        migrations.AddField(
            "PaymentAttempt", "external_id", models.CharField(blank=True, db_default="", default="", max_length=80)
        ),
        migrations.AddField(
            "PaymentAttempt", "address", models.CharField(blank=True, db_default="", default="", max_length=500)
        ),
        migrations.AddField("GatewayNotification", "headers", models.JSONField(db_default={}, default=dict)),
        AddUniqueBesideSales(
            "PaymentAttempt",
            models.UniqueConstraint(
                fields=["gateway", "external_id"],
                condition=models.Q(("external_id", ""), _negated=True),
                name="unique_gateway_attempt",
            ),
        ),
    ]
