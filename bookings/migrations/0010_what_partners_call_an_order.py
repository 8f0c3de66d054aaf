from django.db import migrations, models
from django.db.models.functions import Coalesce


def fill(apps, schema_editor):
    """A partner's order changed last when something was written down about its bookings, or when it was placed."""
    orders = apps.get_model("bookings", "Order").objects
    newest = (
        apps.get_model("bookings", "BookingEvent")
        .objects.filter(booking__order=models.OuterRef("pk"))
        .order_by("-at")
        .values("at")[:1]
    )
    rows = orders.filter(partner__isnull=False, updated_at=None)
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:1000]):
        orders.filter(pk__in=ids).update(updated_at=Coalesce(models.Subquery(newest), models.F("placed_at")))


class Migration(migrations.Migration):
    """Partners find an order by their own reference, and those that changed since they asked last."""

    atomic = False
    dependencies = [("bookings", "0009_submission_keeps_its_answer")]

    operations = [
        migrations.AddField(
            "Order", "external_reference", models.CharField(blank=True, db_default="", default="", max_length=64)
        ),
        migrations.AddField("Order", "updated_at", models.DateTimeField(blank=True, null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
