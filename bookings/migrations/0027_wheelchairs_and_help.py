from django.db import migrations, models


class Migration(migrations.Migration):
    """Tickets say who travels in a wheelchair and which help was asked for; held seats, which are for one."""

    dependencies = [("bookings", "0026_payments_of_refunds")]

    operations = [
        migrations.AddField(
            "HoldSeat", "for_wheelchair", models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddField(
            "Ticket", "needs_wheelchair", models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddField(
            "Ticket",
            "help_request",
            models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
    ]
