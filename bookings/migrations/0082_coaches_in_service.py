import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0081_load_rules"),
    ]

    operations = [
        migrations.CreateModel(
            name="OutOfService",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_on", models.DateField(verbose_name="from")),
                ("ends_on", models.DateField(blank=True, null=True, verbose_name="until")),
                ("reason", models.CharField(max_length=120, verbose_name="reason")),
            ],
            options={
                "verbose_name": "days out of service",
                "verbose_name_plural": "days out of service",
                "ordering": ["starts_on", "id"],
            },
        ),
        migrations.AddField(
            model_name="bus",
            name="in_service_from",
            field=models.DateField(blank=True, null=True, verbose_name="in service from"),
        ),
        migrations.AddField(
            model_name="bus",
            name="in_service_to",
            field=models.DateField(blank=True, null=True, verbose_name="in service until"),
        ),
        migrations.AddField(
            model_name="bus",
            name="operator",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=120, verbose_name="hired from"
            ),
        ),
        migrations.AddField(
            model_name="seatlayout",
            name="is_free_seating",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Seats are counted, not chosen.",
                verbose_name="free seating",
            ),
        ),
        migrations.AddField(
            model_name="seatlayout",
            name="plan",
            field=models.TextField(blank=True, db_default="", default="", editable=False),
        ),
        migrations.AddField(
            model_name="outofservice",
            name="bus",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="out_of_service",
                to="bookings.bus",
                verbose_name="bus",
            ),
        ),
        migrations.AddIndex(
            model_name="outofservice",
            index=models.Index(fields=["bus", "starts_on"], name="out_of_service_idx"),
        ),
        migrations.AddConstraint(
            model_name="outofservice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_on__isnull", True), ("ends_on__gte", models.F("starts_on")), _connector="OR"
                ),
                name="out_of_service_in_order",
            ),
        ),
    ]
