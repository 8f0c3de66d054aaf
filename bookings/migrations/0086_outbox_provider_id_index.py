from django.db import migrations, models

from bookings.database.operations import AddIndexBesideSales


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("bookings", "0085_text_messages"),
    ]

    operations = [
        AddIndexBesideSales(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("provider_id", ""), _negated=True),
                fields=["provider_id"],
                name="outbox_provider_idx",
            ),
        ),
    ]
