from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0005_drop_unused_indexes'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='refund',
            name='paid_refund_has_time',
        ),
        migrations.AddField(
            model_name='refund',
            name='asked_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='refund',
            name='status',
            field=models.CharField(choices=[('owed', 'to be paid'), ('paying', 'being paid'), ('paid', 'paid')], default='owed', max_length=6),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('paid_at__isnull', True), ('status__in', ['owed', 'paying'])), models.Q(('paid_at__isnull', False), ('status', 'paid')), _connector='OR'), name='paid_refund_has_time'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('asked_at__isnull', True), ('status', 'paying'), _negated=True), name='paying_refund_was_asked'),
        ),
    ]
