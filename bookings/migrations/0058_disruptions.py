import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Cases of what goes wrong: their departures, a line per ticket, and the links that answer."""

    dependencies = [
        ("bookings", "0057_vouchers_in_the_ledger"),
    ]

    operations = [
        migrations.CreateModel(
            name='ChoiceLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='DisruptedSchedule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_target', models.BooleanField(default=False)),
                ('revision', models.PositiveIntegerField()),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Disruption',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('cancel', 'cancellation')], max_length=12)),
                ('status', models.CharField(choices=[('draft', 'draft'), ('proposed', 'waiting for approval'), ('confirmed', 'confirmed'), ('closed', 'closed')], default='draft', max_length=10)),
                ('reason', models.CharField(choices=[('breakdown', 'breakdown of the coach'), ('no_coach', 'no coach available'), ('no_driver', 'no driver available'), ('road_closed', 'road closed'), ('border_closed', 'border closed'), ('weather', 'severe weather'), ('strike', 'strike or unrest'), ('accident', 'accident'), ('other', 'another reason')], max_length=16)),
                ('text', models.CharField(blank=True, max_length=300)),
                ('is_beyond_control', models.BooleanField(default=False)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField()),
                ('proposed_at', models.DateTimeField(blank=True, null=True)),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='DisruptionLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_place', models.CharField(choices=[('seat', 'seat'), ('lap', 'on a lap'), ('standby', 'standby'), ('waiting', 'waiting')], max_length=8)),
                ('boards_at', models.DateTimeField()),
                ('note', models.CharField(blank=True, max_length=200)),
                ('entitlements', models.JSONField(default=list)),
                ('choice', models.CharField(blank=True, choices=[('', 'no answer yet'), ('accepted', 'accepted'), ('other', 'another departure'), ('refund', 'refund')], default='', max_length=8)),
                ('chosen_by', models.CharField(blank=True, choices=[('', 'nobody'), ('link', 'by the link'), ('staff', 'by staff')], default='', max_length=5)),
                ('chosen_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddField(
            model_name='choicelink',
            name='order',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='choice_links', to='bookings.order'),
        ),
        migrations.AddField(
            model_name='choicelink',
            name='ticket',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.ticket'),
        ),
        migrations.AddField(
            model_name='disruptedschedule',
            name='schedule',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disruptions', to='bookings.schedule'),
        ),
        migrations.AddField(
            model_name='disruption',
            name='approver',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='disruption',
            name='confirmed_by',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='disruption',
            name='created_by',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='disruptedschedule',
            name='disruption',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='schedules', to='bookings.disruption'),
        ),
        migrations.AddField(
            model_name='choicelink',
            name='disruption',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='links', to='bookings.disruption'),
        ),
        migrations.AddField(
            model_name='disruptionline',
            name='actor',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='disruptionline',
            name='disruption',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='bookings.disruption'),
        ),
        migrations.AddField(
            model_name='disruptionline',
            name='from_schedule',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.schedule'),
        ),
        migrations.AddField(
            model_name='disruptionline',
            name='from_seat',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.seat'),
        ),
        migrations.AddField(
            model_name='disruptionline',
            name='from_stop',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.routestop'),
        ),
        migrations.AddField(
            model_name='disruptionline',
            name='new_from_stop',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.routestop'),
        ),
        migrations.AddField(
            model_name='disruptionline',
            name='new_schedule',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.schedule'),
        ),
        migrations.AddField(
            model_name='disruptionline',
            name='new_seat',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.seat'),
        ),
        migrations.AddField(
            model_name='disruptionline',
            name='new_to_stop',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.routestop'),
        ),
        migrations.AddField(
            model_name='disruptionline',
            name='ticket',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disruption_lines', to='bookings.ticket'),
        ),
        migrations.AddField(
            model_name='disruptionline',
            name='to_stop',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.routestop'),
        ),
        migrations.AddConstraint(
            model_name='disruption',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at__isnull', True), ('status__in', ['draft', 'proposed'])), models.Q(('closed_at__isnull', True), ('confirmed_at__isnull', False), ('status', 'confirmed')), models.Q(('closed_at__isnull', False), ('status', 'closed')), _connector='OR'), name='disruption_times_fit_status'),
        ),
        migrations.AddConstraint(
            model_name='disruptedschedule',
            constraint=models.UniqueConstraint(fields=('disruption', 'schedule'), name='unique_disrupted_schedule'),
        ),
        migrations.AddConstraint(
            model_name='choicelink',
            constraint=models.UniqueConstraint(fields=('token_hash',), name='unique_choice_link'),
        ),
        migrations.AddConstraint(
            model_name='choicelink',
            constraint=models.UniqueConstraint(condition=models.Q(('ticket__isnull', True)), fields=('disruption', 'order'), name='one_choice_link_per_order'),
        ),
        migrations.AddConstraint(
            model_name='disruptionline',
            constraint=models.UniqueConstraint(fields=('disruption', 'ticket'), name='unique_disruption_line'),
        ),
        migrations.AddConstraint(
            model_name='disruptionline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('choice', ''), ('chosen_at__isnull', True)), models.Q(models.Q(('choice', ''), _negated=True), ('chosen_at__isnull', False)), _connector='OR'), name='disruption_choice_has_time'),
        ),
        migrations.AddConstraint(
            model_name='disruptionline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('new_from_stop__isnull', True), ('new_schedule__isnull', True), ('new_to_stop__isnull', True)), models.Q(('new_from_stop__isnull', False), ('new_schedule__isnull', False), ('new_to_stop__isnull', False)), _connector='OR'), name='disruption_line_proposal_whole'),
        ),
        migrations.AlterField(
            model_name='outboxmessage',
            name='kind',
            field=models.CharField(choices=[('confirmation', 'confirmation with tickets'), ('pay_by', 'payment instructions'), ('pay_reminder', 'payment reminder'), ('cancellation', 'cancellation'), ('refund', 'money on its way back'), ('bank_details', 'request for bank details'), ('bank_details_given', 'bank details received'), ('chargeback', 'payment taken back by the bank'), ('seats_gone', 'payment too late'), ('link', 'link to the booking'), ('invoice', 'tax invoice or credit note'), ('disruption', 'disruption'), ('disruption_unpaid', 'disruption of an unpaid booking'), ('contact_changed', 'contact changed'), ('voucher', 'voucher with its code'), ('voucher_restored', 'money back on a voucher'), ('demo_payment', 'notification of the demo gateway'), ('webhook', 'event for a partner')], max_length=20),
        ),
        migrations.AlterField(
            model_name='stafftask',
            name='kind',
            field=models.CharField(choices=[('money_without_seats', 'paid, but the seats are no longer free'), ('wrong_amount', 'wrong amount paid'), ('unconfirmed_payment', 'payment that the gateway does not confirm'), ('double_payment', 'paid more than once'), ('mail_failed', 'e-mail cannot be delivered'), ('webhook_failed', 'webhook cannot be delivered'), ('refund_due', 'refund to be paid'), ('bank_details_missing', 'refund without bank details'), ('cash_difference', 'till did not match'), ('second_factor_reset', 'second factor reset'), ('hoarding', 'many unpaid seats held from one network'), ('departure_withdrawn', 'sold departure no longer in the timetable'), ('many_cancellations', 'many cancellations by one person'), ('other_tender', 'refund by another way than it was paid'), ('limit_refused', 'tried without the approval of a second person'), ('void_after_boarding', 'void of a sale tried after boarding'), ('statement_difference', 'statement and books differ'), ('chargeback', 'bank took a payment back'), ('disruption_review', 'disruption confirmed by one person'), ('disruption_unanswered', 'passengers of a disruption have not answered'), ('departure_retimed', 'sold departure at another time')], max_length=24),
        ),
    ]
