from django.db import migrations, models

from bookings.base.names import plain_first_name, plain_surname_end
from bookings.database.operations import AddIndexBesideSales

_BATCH = 2_000


def fill(apps, schema_editor):
    """By primary key, a batch at a time and each in its own transaction: no row is locked for long.

    Only rows that are not filled are written, so it may be run again, too.
    """
    tickets = apps.get_model("bookings", "Ticket")
    columns = ("pk", "first_name", "surname", "plain_first_name", "plain_surname_end")
    rows, last = tickets.objects.order_by("pk").values_list(*columns), 0
    while batch := list(rows.filter(pk__gt=last)[:_BATCH]):
        last = batch[-1][0]
        anew = ((pk, was, (plain_first_name(*names), plain_surname_end(names[1]))) for pk, *names, was in _split(batch))
        changed = [
            tickets(pk=pk, plain_first_name=now[0], plain_surname_end=now[1]) for pk, was, now in anew if now != was
        ]
        tickets.objects.bulk_update(changed, ["plain_first_name", "plain_surname_end"], batch_size=500)


def _split(batch):
    return ((pk, first_name, surname, tuple(plain)) for pk, first_name, surname, *plain in batch)


class Migration(migrations.Migration):
    """Passengers are found by their first name and the last part of their surname."""

    atomic = False

    dependencies = [("bookings", "0022_receipts")]

    operations = [
        migrations.AddField(
            "Ticket", "plain_surname_end", models.CharField(max_length=80, blank=True, default="", db_default="")
        ),
        migrations.AddField(
            "Ticket", "plain_first_name", models.CharField(max_length=80, blank=True, default="", db_default="")
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        AddIndexBesideSales(
            "Ticket",
            models.Index(
                fields=["plain_surname_end"], opclasses=["varchar_pattern_ops"], name="ticket_surname_end_idx"
            ),
        ),
        AddIndexBesideSales(
            "Ticket",
            models.Index(
                fields=["plain_first_name"], opclasses=["varchar_pattern_ops"], name="ticket_first_name_idx"
            ),
        ),
    ]
