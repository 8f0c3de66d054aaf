import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Who saw the money of a transfer, and where customers send it; the release before writes neither."""

    dependencies = [("bookings", "0038_bank_details_of_refunds")]

    operations = [
        migrations.AddField(
            "Payment",
            "approver",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            "Company",
            "bank_details",
            models.TextField(
                "bank account",
                blank=True,
                db_default="",
                default="",
                help_text="Where transfers (EFT) are paid to, one line each; printed on reservations",
                max_length=300,
            ),
        ),
    ]
