import django.core.serializers.json
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("bookings", "0061_extra_luggage_checks"),
    ]

    operations = [
        migrations.AlterField(
            model_name='stafftask',
            name='kind',
            field=models.CharField(choices=[('money_without_seats', 'paid, but the seats are no longer free'), ('wrong_amount', 'wrong amount paid'), ('unconfirmed_payment', 'payment that the gateway does not confirm'), ('double_payment', 'paid more than once'), ('mail_failed', 'e-mail cannot be delivered'), ('webhook_failed', 'webhook cannot be delivered'), ('refund_due', 'refund to be paid'), ('bank_details_missing', 'refund without bank details'), ('cash_difference', 'till did not match'), ('second_factor_reset', 'second factor reset'), ('hoarding', 'many unpaid seats held from one network'), ('departure_withdrawn', 'sold departure no longer in the timetable'), ('many_cancellations', 'many cancellations by one person'), ('other_tender', 'refund by another way than it was paid'), ('limit_refused', 'tried without the approval of a second person'), ('void_after_boarding', 'void of a sale tried after boarding'), ('statement_difference', 'statement and books differ'), ('chargeback', 'bank took a payment back'), ('disruption_review', 'disruption confirmed by one person'), ('disruption_unanswered', 'passengers of a disruption have not answered'), ('departure_retimed', 'sold departure at another time'), ('departure_differs', 'sold departure differs from the timetable')], max_length=24),
        ),
        migrations.CreateModel(
            name='TimetableDraft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.IntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('dropped_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('published_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'draft of the timetable',
                'verbose_name_plural': 'drafts of the timetable',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='DraftChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.IntegerField()),
                ('kind', models.CharField(choices=[('route', 'route'), ('service', 'service'), ('fares', 'fares'), ('departure', 'extra departure')], max_length=10)),
                ('subject', models.CharField(max_length=40)),
                ('data', models.JSONField(blank=True, encoder=django.core.serializers.json.DjangoJSONEncoder, null=True)),
                ('base', models.JSONField(blank=True, encoder=django.core.serializers.json.DjangoJSONEncoder, null=True)),
                ('made_at', models.DateTimeField()),
                ('made_by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('draft', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='bookings.timetabledraft')),
            ],
            options={
                'verbose_name': 'step of a draft',
                'verbose_name_plural': 'steps of drafts',
                'ordering': ['draft', 'number'],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('subject', models.CharField(max_length=40)),
                ('title', models.CharField(max_length=250)),
                ('before', models.JSONField(blank=True, encoder=django.core.serializers.json.DjangoJSONEncoder, null=True)),
                ('after', models.JSONField(blank=True, encoder=django.core.serializers.json.DjangoJSONEncoder, null=True)),
                ('actor', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('draft', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='audit', to='bookings.timetabledraft')),
            ],
            options={
                'verbose_name': 'change of reference data',
                'verbose_name_plural': 'changes of reference data',
                'ordering': ['-id'],
            },
        ),
        migrations.AddConstraint(
            model_name='timetabledraft',
            constraint=models.CheckConstraint(condition=models.Q(('published_at', None), ('dropped_at', None), _connector='OR'), name='draft_published_or_dropped'),
        ),
        migrations.AddConstraint(
            model_name='timetabledraft',
            constraint=models.CheckConstraint(condition=models.Q(('version__gte', 0)), name='draft_version_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='draftchange',
            constraint=models.UniqueConstraint(fields=('draft', 'number'), name='unique_draft_step'),
        ),
        migrations.AddConstraint(
            model_name='draftchange',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['route', 'service', 'fares', 'departure'])), name='draft_step_kind'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['subject'], name='audit_subject_idx'),
        ),
    ]
