"""Labels of mails and staff tasks only; nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0004_lenient_keys'),
    ]

    operations = [
        migrations.AlterField(
            model_name='outboxmessage',
            name='kind',
            field=models.CharField(choices=[('confirmation', 'confirmation with tickets'), ('pay_by', 'payment instructions'), ('pay_reminder', 'payment reminder'), ('cancellation', 'cancellation'), ('seats_gone', 'payment too late'), ('link', 'link to the booking'), ('demo_payment', 'notification of the demo gateway'), ('webhook', 'event for a partner')], max_length=20),
        ),
        migrations.AlterField(
            model_name='stafftask',
            name='kind',
            field=models.CharField(choices=[('money_without_seats', 'paid, but the seats are no longer free'), ('wrong_amount', 'wrong amount paid'), ('double_payment', 'paid more than once'), ('mail_failed', 'e-mail cannot be delivered'), ('webhook_failed', 'webhook cannot be delivered'), ('refund_due', 'refund to be paid'), ('cash_difference', 'till did not match'), ('hoarding', 'many unpaid seats held from one network')], max_length=24),
        ),
    ]
