from django.db import migrations, models


def fill(apps, schema_editor):
    """What a message tells of was read from its subject before: of webhooks, whose history is shown, and of what is still to be sent."""
    message_model = apps.get_model("bookings", "OutboxMessage")
    attempts = apps.get_model("bookings", "PaymentAttempt").objects
    rows = message_model.objects.filter(models.Q(kind="webhook") | models.Q(sent_at=None), about_id=None, event="")
    for message in rows.order_by("pk").iterator(chunk_size=1000):
        first, *rest = message.subject.split(":")
        if message.kind == "webhook":
            message.event = rest[0]
            message.about_id = int(rest[1]) if len(rest) > 1 else None
        elif first == "attempt":
            message.about_id = attempts.filter(token=rest[0]).values_list("pk", flat=True).first()
        else:
            message.about_id = int(rest[0])
        message.save(update_fields=["event", "about_id"])


class Migration(migrations.Migration):
    """The outbox has columns for what a message tells of, which was read from its subject."""

    dependencies = [("bookings", "0002_reference_data_version")]

    operations = [
        migrations.AddField("OutboxMessage", "about_id", models.BigIntegerField(blank=True, null=True)),
        migrations.AddField("OutboxMessage", "event", models.CharField(blank=True, db_default="", default="", max_length=40)),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
