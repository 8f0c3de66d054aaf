from django.db import migrations, models


class Migration(migrations.Migration):
    """Room for codes of letters alone, which are longer; neither database writes the table anew for readers."""

    dependencies = [("bookings", "0013_plain_names")]

    operations = [migrations.AlterField("Ticket", "code", models.CharField(max_length=40))]
