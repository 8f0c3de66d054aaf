from typing import Any

import django.db.models.deletion
from django.db import migrations, models


POLICIES = [
    {
        "code": "eu-181-2011-art-21",
        "name": "Regulation (EU) 181/2011, article 21: assistance (our benchmark)",
        "kinds": ["cancel"],
        "min_minutes": 181,
        "entitlements": ["food", "hotel"],
        "not_in_weather": ["hotel"],
    },
    {
        "code": "za-cpa-s47",
        "name": "Consumer Protection Act 68 of 2008, section 47: over-booking (law at home)",
        "kinds": ["cancel", "swap_coach"],
        "entitlements": ["interest", "costs"],
        "not_beyond_control": ["costs"],
    },
]


def write_policies(apps: Any, schema_editor: Any) -> None:
    policies = apps.get_model("bookings", "DisruptionPolicy")
    policies.objects.bulk_create(policies(**policy) for policy in POLICIES)


class Migration(migrations.Migration):
    """What laws give to the passengers of a case, as data; a case may have a relief coach."""

    dependencies = [
        ("bookings", "0068_books_by_account_and_day"),
    ]

    operations = [
        migrations.CreateModel(
            name='DisruptionPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=40, unique=True, verbose_name='code')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('kinds', models.JSONField(default=list, verbose_name='kinds of case')),
                ('min_km', models.IntegerField(default=0, verbose_name='from so many kilometres')),
                ('min_minutes', models.IntegerField(default=0, verbose_name='from so many minutes of planned ride')),
                ('entitlements', models.JSONField(default=list, verbose_name='gives')),
                ('not_beyond_control', models.JSONField(blank=True, default=list, verbose_name='not if beyond our control')),
                ('not_in_weather', models.JSONField(blank=True, default=list, verbose_name='not in severe weather')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
            ],
            options={
                'verbose_name': 'disruption policy',
                'verbose_name_plural': 'disruption policies',
                'ordering': ['code'],
            },
        ),
        migrations.AddField(
            model_name='disruption',
            name='target',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.schedule'),
        ),
        migrations.RunPython(write_policies, migrations.RunPython.noop),
    ]
