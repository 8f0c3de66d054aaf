from django.db import migrations, models


def carry_over(apps, schema_editor):
    """Nobody who pays later already is asked to confirm what was promised."""
    orders = apps.get_model("bookings", "Order").objects
    waiting = orders.filter(status="pending", pays_later=True, channel="web")
    waiting.update(mailbox_confirmed_at=models.F("placed_at"))


class Migration(migrations.Migration):
    """When who pays later pressed the mailed button. Orders of before keep the time that they were given."""

    dependencies = [("bookings", "0042_lines_of_orders")]

    operations = [
        migrations.AddField("Order", "mailbox_confirmed_at", models.DateTimeField(blank=True, null=True)),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
    ]
