from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0086_outbox_provider_id_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="CompanySetting",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, unique=True)),
                ("value", models.CharField(blank=True, max_length=40)),
            ],
            options={
                "verbose_name": "setting",
                "verbose_name_plural": "settings",
                "ordering": ["name"],
            },
        ),
    ]
