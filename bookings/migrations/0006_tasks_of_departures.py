
from django.db import migrations, models


class Migration(migrations.Migration):
    """Departures that a timetable drops or moves are tasks: the column stays as it is."""

    dependencies = [
        ('bookings', '0005_plain_labels'),
    ]

    operations = [
        migrations.AlterField(
            model_name='stafftask',
            name='kind',
            field=models.CharField(choices=[('money_without_seats', 'paid, but the seats are no longer free'), ('wrong_amount', 'wrong amount paid'), ('double_payment', 'paid more than once'), ('mail_failed', 'e-mail cannot be delivered'), ('webhook_failed', 'webhook cannot be delivered'), ('refund_due', 'refund to be paid'), ('cash_difference', 'till did not match'), ('hoarding', 'many unpaid seats held from one network'), ('departure_withdrawn', 'sold departure no longer in the timetable'), ('departure_retimed', 'sold departure at another time')], max_length=24),
        ),
    ]
