from django.db import migrations, models

from bookings.database.operations import AddCheckBesideSales


def mark_children(apps, schema_editor):
    """Our own first rows named a type of passenger "child", of 3 to 11 years: they travel with an adult."""
    children = apps.get_model("bookings", "PassengerType").objects.filter(slug="child")
    children.update(is_adult=False, youngest_age=3)


class Migration(migrations.Migration):
    """Types of passengers say who looks after others, and from which age one travels alone."""

    atomic = False
    dependencies = [("bookings", "0020_no_shows_expected_again")]

    operations = [
        migrations.AddField(
            "PassengerType",
            "is_adult",
            models.BooleanField(
                db_default=True,
                default=True,
                help_text="May look after children in the same booking",
                verbose_name="adult",
            ),
        ),
        migrations.AddField(
            "PassengerType",
            "youngest_age",
            models.SmallIntegerField(db_default=0, default=0, verbose_name="age of the youngest"),
        ),
        migrations.AddField(
            "PassengerType",
            "alone_from_age",
            models.SmallIntegerField(
                blank=True,
                help_text="Empty: who is no adult never travels alone",
                null=True,
                verbose_name="travels alone from this age",
            ),
        ),
        migrations.AddField(
            "PassengerType",
            "alone_abroad_from_age",
            models.SmallIntegerField(
                blank=True,
                help_text="Empty: who is no adult never crosses a border alone",
                null=True,
                verbose_name="crosses a border alone from this age",
            ),
        ),
        AddCheckBesideSales(
            "passengertype",
            models.CheckConstraint(
                condition=models.Q(("alone_from_age__isnull", True), ("alone_from_age__gte", 0), _connector="OR")
                & models.Q(
                    ("alone_abroad_from_age__isnull", True),
                    ("alone_abroad_from_age__gte", 0),
                    _connector="OR",
                )
                & models.Q(("youngest_age__gte", 0)),
                name="passenger_ages_not_negative",
            ),
        ),
        migrations.RunPython(mark_children, migrations.RunPython.noop),
    ]
