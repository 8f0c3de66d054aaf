import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Tax invoices and credit notes, numbered without gaps in their series."""

    dependencies = [
        ("bookings", "0052_orders_by_promo_code"),
    ]

    operations = [
        migrations.CreateModel(
            name='InvoiceSeries',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=8, unique=True)),
                ('last_number', models.IntegerField(default=0)),
            ],
            options={
                'verbose_name_plural': 'invoice series',
            },
        ),
        migrations.AlterField(
            model_name='outboxmessage',
            name='kind',
            field=models.CharField(choices=[('confirmation', 'confirmation with tickets'), ('pay_by', 'payment instructions'), ('pay_reminder', 'payment reminder'), ('cancellation', 'cancellation'), ('refund', 'money on its way back'), ('bank_details', 'request for bank details'), ('bank_details_given', 'bank details received'), ('chargeback', 'payment taken back by the bank'), ('seats_gone', 'payment too late'), ('link', 'link to the booking'), ('invoice', 'tax invoice or credit note'), ('contact_changed', 'contact changed'), ('demo_payment', 'notification of the demo gateway'), ('webhook', 'event for a partner')], max_length=20),
        ),
        migrations.CreateModel(
            name='Invoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.IntegerField()),
                ('kind', models.CharField(choices=[('invoice', 'tax invoice'), ('credit_note', 'credit note')], max_length=12)),
                ('issued_at', models.DateTimeField()),
                ('supplier_name', models.CharField(max_length=160)),
                ('supplier_address', models.TextField(blank=True)),
                ('supplier_vat_number', models.CharField(max_length=10)),
                ('recipient_name', models.CharField(blank=True, max_length=160)),
                ('recipient_address', models.TextField(blank=True)),
                ('recipient_vat_number', models.CharField(blank=True, max_length=10)),
                ('tax', models.DecimalField(decimal_places=2, max_digits=11)),
                ('total', models.DecimalField(decimal_places=2, max_digits=11)),
                ('corrects', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credit_note', to='bookings.invoice')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='bookings.order')),
                ('through_line', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.orderline')),
                ('series', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='bookings.invoiceseries')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [
                    models.UniqueConstraint(fields=['series', 'number'], name='unique_invoice_number'),
                    models.CheckConstraint(
                        condition=models.Q(kind='invoice', corrects__isnull=True, total__gt=0)
                        | models.Q(kind='credit_note', corrects__isnull=False, total__lt=0),
                        name='invoice_or_credit_note',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name='InvoiceLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('description', models.TextField()),
                ('quantity', models.IntegerField(default=1)),
                ('tax_code', models.CharField(choices=[('exempt', 'exempt'), ('zero', 'zero-rated'), ('standard', 'standard-rated')], max_length=8)),
                ('tax_rate', models.DecimalField(decimal_places=2, max_digits=5)),
                ('value', models.DecimalField(decimal_places=2, max_digits=11)),
                ('tax', models.DecimalField(decimal_places=2, max_digits=11)),
                ('total', models.DecimalField(decimal_places=2, max_digits=11)),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='bookings.invoice')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('quantity__gte', 1)), name='invoice_line_quantity_positive')],
            },
        ),
    ]
