from django.db import migrations, models


class Migration(migrations.Migration):
    """An order knows when its contact was changed, bank details from when on they can be used."""

    dependencies = [("bookings", "0065_transfers_of_partners_matched")]

    operations = [
        migrations.AddField(
            model_name="order", name="contact_changed_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="bankdetails", name="usable_at", field=models.DateTimeField(blank=True, null=True)
        ),
    ]
