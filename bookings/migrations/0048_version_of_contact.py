from django.db import migrations, models


class Migration(migrations.Migration):
    """A changed contact closes the order to browsers that know it; the release before writes no version."""

    dependencies = [("bookings", "0047_chargebacks")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="contact_version",
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
    ]
