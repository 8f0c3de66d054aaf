from django.db import migrations, models


class Migration(migrations.Migration):
    """Cash that was handed over is noted, and when a receipt was first printed: later prints are copies."""

    dependencies = [("bookings", "0021_who_travels_alone")]

    operations = [
        migrations.AddField("order", "receipt_printed_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "payment",
            "given",
            models.DecimalField(blank=True, decimal_places=2, max_digits=11, null=True),
        ),
        migrations.AddField("refund", "receipt_printed_at", models.DateTimeField(blank=True, null=True)),
    ]
