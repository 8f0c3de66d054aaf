from datetime import timedelta

from django.db import migrations, models
from django.utils import timezone


def be_lenient(apps, schema_editor):
    """What is unknown in their requests is ignored with a warning for 90 days, then refused."""
    apps.get_model("bookings", "ApiKey").objects.update(lenient_until=timezone.now() + timedelta(days=90))


class Migration(migrations.Migration):
    """Programs whose keys are older than the refusal of unknown parameters and fields have time to follow."""

    dependencies = [("bookings", "0003_outbox_names_its_subject")]

    operations = [
        migrations.AddField("ApiKey", "lenient_until", models.DateTimeField(blank=True, null=True)),
        migrations.RunPython(be_lenient, migrations.RunPython.noop),
    ]
