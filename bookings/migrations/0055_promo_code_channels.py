from django.db import migrations, models


class Migration(migrations.Migration):
    """The channels that a promo code is for: those of before were typed on the website only."""

    dependencies = [("bookings", "0054_schedule_changes")]

    operations = [
        migrations.AddField(
            model_name="promocode",
            name="for_web",
            field=models.BooleanField(db_default=True, default=True, verbose_name="on the website"),
        ),
        migrations.AddField(
            model_name="promocode",
            name="for_counter",
            field=models.BooleanField(db_default=False, default=False, verbose_name="at the counter"),
        ),
        migrations.AddField(
            model_name="promocode",
            name="for_api",
            field=models.BooleanField(db_default=False, default=False, verbose_name="through the API"),
        ),
    ]
