import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """A case may swap the coach or let a departure run again; a line says what it does."""

    dependencies = [
        ("bookings", "0066_bank_details_that_wait"),
    ]

    operations = [
        migrations.AddField(
            model_name='disruption',
            name='layout',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.seatlayout'),
        ),
        migrations.AddField(
            model_name='disruptionline',
            name='action',
            field=models.CharField(choices=[('move', 'gets the new seat'), ('wait', 'waits'), ('stay', 'keeps what they have')], db_default='wait', default='wait', max_length=4),
        ),
        migrations.AlterField(
            model_name='disruption',
            name='kind',
            field=models.CharField(choices=[('cancel', 'cancellation'), ('reinstate', 'runs again'), ('swap_coach', 'another coach'), ('relief', 'relief coach')], max_length=12),
        ),
        migrations.RunSQL(
            "UPDATE bookings_disruptionline SET action = 'move' WHERE new_schedule_id IS NOT NULL",
            migrations.RunSQL.noop,
        ),
    ]
