from django.db import migrations

from bookings.base.emails import plain_email
from bookings.base.names import plain_name, plain_surname

_BATCH = 2_000


def compare_anew(apps, schema_editor):
    """By primary key, a batch at a time and each in its own transaction: no row is locked for long.

    Only rows that are compared differently now are written, so it may be run again, too.
    """
    for model, names, column, plain in (
        ("Ticket", ("first_name", "surname"), "plain_surname", plain_surname),
        ("Booking", ("passenger_email",), "passenger_email", plain_email),
        ("City", ("name",), "plain_name", lambda name: plain_name(name)[:120]),
        ("Stop", ("name",), "plain_name", lambda name: plain_name(name)[:160]),
    ):
        _recompute(apps.get_model("bookings", model), names, column, plain)


def _recompute(model, names, column, plain):
    rows, last = model.objects.order_by("pk").values_list("pk", column, *names), 0
    while batch := list(rows.filter(pk__gt=last)[:_BATCH]):
        last = batch[-1][0]
        anew = ((pk, was, plain(*texts)) for pk, was, *texts in batch)
        changed = [model(pk=pk, **{column: now}) for pk, was, now in anew if now != was]
        model.objects.bulk_update(changed, [column], batch_size=500)


class Migration(migrations.Migration):
    """Letters such as ł, ø, đ and æ are folded, apostrophes, dashes and blanks of a surname left out, addresses
    are in small letters.
    """

    atomic = False

    dependencies = [("bookings", "0012_find_people")]

    operations = [migrations.RunPython(compare_anew, migrations.RunPython.noop)]
