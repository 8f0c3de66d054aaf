from django.db import migrations, models


class Migration(migrations.Migration):
    """What a program was answered first is its answer to every repeat."""

    dependencies = [("bookings", "0008_country_is_a_code")]

    operations = [
        migrations.AddField("Submission", "answer", models.TextField(blank=True, db_default="", default="")),
    ]
