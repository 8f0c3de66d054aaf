from django.db import migrations, models


class Migration(migrations.Migration):
    """A mail about changed times, and a task about a stop that is skipped."""

    dependencies = [
        ('bookings', '0062_drafts_of_the_timetable'),
    ]

    operations = [
        migrations.AlterField(
            model_name='outboxmessage',
            name='kind',
            field=models.CharField(choices=[('confirmation', 'confirmation with tickets'), ('pay_by', 'payment instructions'), ('pay_reminder', 'payment reminder'), ('cancellation', 'cancellation'), ('refund', 'money on its way back'), ('bank_details', 'request for bank details'), ('bank_details_given', 'bank details received'), ('chargeback', 'payment taken back by the bank'), ('times_changed', 'late coach or skipped stop'), ('seats_gone', 'payment too late'), ('link', 'link to the booking'), ('invoice', 'tax invoice or credit note'), ('disruption', 'disruption'), ('disruption_unpaid', 'disruption of an unpaid booking'), ('contact_changed', 'contact changed'), ('voucher', 'voucher with its code'), ('voucher_restored', 'money back on a voucher'), ('demo_payment', 'notification of the demo gateway'), ('webhook', 'event for a partner')], max_length=20),
        ),
        migrations.AlterField(
            model_name='stafftask',
            name='kind',
            field=models.CharField(choices=[('money_without_seats', 'paid, but the seats are no longer free'), ('wrong_amount', 'wrong amount paid'), ('unconfirmed_payment', 'payment that the gateway does not confirm'), ('double_payment', 'paid more than once'), ('mail_failed', 'e-mail cannot be delivered'), ('webhook_failed', 'webhook cannot be delivered'), ('refund_due', 'refund to be paid'), ('bank_details_missing', 'refund without bank details'), ('cash_difference', 'till did not match'), ('second_factor_reset', 'second factor reset'), ('hoarding', 'many unpaid seats held from one network'), ('departure_withdrawn', 'sold departure no longer in the timetable'), ('many_cancellations', 'many cancellations by one person'), ('other_tender', 'refund by another way than it was paid'), ('limit_refused', 'tried without the approval of a second person'), ('void_after_boarding', 'void of a sale tried after boarding'), ('statement_difference', 'statement and books differ'), ('chargeback', 'bank took a payment back'), ('disruption_review', 'disruption confirmed by one person'), ('disruption_unanswered', 'passengers of a disruption have not answered'), ('departure_retimed', 'sold departure at another time'), ('departure_differs', 'sold departure differs from the timetable'), ('stop_skipped', 'sold stop is skipped')], max_length=24),
        ),
    ]
