from typing import Any

import django.db.models.deletion
from django.db import migrations, models

# Of Regulation (EU) 181/2011, our benchmark. "More than 120 minutes late" is at least 121.
ARTICLE_19 = {
    "code": "eu-181-2011-art-19",
    "name": "Regulation (EU) 181/2011, article 19: another coach or the money (our benchmark)",
    "kinds": ["delay"],
    "min_km": 250,
    "trigger_minutes": 121,
    "entitlements": ["choice"],
}
ARTICLE_21 = {"code": "eu-181-2011-art-21"}


def write_policies(apps: Any, schema_editor: Any) -> None:
    policies = apps.get_model("bookings", "DisruptionPolicy")
    policies.objects.get_or_create(code=ARTICLE_19["code"], defaults=ARTICLE_19)
    assistance = policies.objects.filter(kinds=["cancel"], trigger_minutes=0, **ARTICLE_21)
    assistance.update(kinds=["cancel", "delay", "breakdown"], trigger_minutes=91)


class Migration(migrations.Migration):
    """More kinds of case: what each is about, and how late a coach is before a policy gives something."""

    dependencies = [
        ("bookings", "0069_disruption_policies"),
    ]

    operations = [
        migrations.AddField(
            model_name="disruption",
            name="city",
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="bookings.city"),
        ),
        migrations.AddField(
            model_name="disruption",
            name="departs_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="disruption",
            name="position",
            field=models.SmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="disruption",
            name="since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="disruption",
            name="stop",
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="bookings.stop"),
        ),
        migrations.AddField(
            model_name="disruptionpolicy",
            name="trigger_minutes",
            field=models.SmallIntegerField(db_default=0, default=0, help_text="Of a delay, where the passenger gets on.", verbose_name="from so many minutes late"),
        ),
        migrations.AlterField(
            model_name="disruption",
            name="kind",
            field=models.CharField(choices=[("cancel", "cancellation"), ("reinstate", "runs again"), ("swap_coach", "another coach"), ("relief", "relief coach"), ("delay", "delay"), ("retime", "another time"), ("skip_stop", "stop skipped"), ("move_stop", "another stop"), ("short_turn", "ends early"), ("breakdown", "breakdown on the road"), ("closure", "closed border or road"), ("incident", "incident"), ("missed", "missed coach"), ("left_behind", "left behind")], max_length=12),
        ),
        migrations.RunPython(write_policies, migrations.RunPython.noop),
    ]
