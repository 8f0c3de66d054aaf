import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """A rate is found by its unique constraint; no statement looks for the transfers of one partner."""

    dependencies = [("bookings", "0048_version_of_contact")]

    operations = [
        migrations.AlterField(
            model,
            "partner",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name=name,
                to="bookings.partner",
            ),
        )
        for model, name in (("CommissionRate", "rates"), ("PartnerPayment", "transfers"))
    ]
