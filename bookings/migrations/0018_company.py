import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    """One row: who runs the site. None yet means the name of the settings."""

    dependencies = [
        ('bookings', '0017_fewer_indexes_of_place_names'),
    ]

    operations = [
        migrations.CreateModel(
            name='Company',
            fields=[
                ('id', models.SmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ('trading_name', models.CharField(help_text='On pages and papers', max_length=120, verbose_name='trading name')),
                ('legal_name', models.CharField(blank=True, help_text='As registered, with (Pty) Ltd', max_length=160, verbose_name='legal name')),
                ('registration_number', models.CharField(blank=True, help_text='Of the register of companies, such as 2019/123456/07', max_length=40, verbose_name='registration number')),
                ('vat_number', models.CharField(blank=True, help_text='Empty for a company that is not registered for VAT: it issues no tax invoices', max_length=10, validators=[django.core.validators.RegexValidator('^4[0-9]{9}$', 'Ten digits, of which the first is 4.')], verbose_name='VAT number')),
                ('address', models.TextField(blank=True, help_text='Street, town and code, one line each', max_length=300, verbose_name='address')),
                ('postal_address', models.TextField(blank=True, help_text='If post goes elsewhere', max_length=300, verbose_name='postal address')),
                ('phone', models.CharField(blank=True, max_length=40, validators=[django.core.validators.RegexValidator('^\\+?[0-9][0-9 ()-]{1,38}$', 'A telephone number as it is dialled, such as 010 123 4567 or 112.')], verbose_name='telephone')),
                ('whatsapp', models.CharField(blank=True, max_length=40, validators=[django.core.validators.RegexValidator('^\\+?[0-9][0-9 ()-]{1,38}$', 'A telephone number as it is dialled, such as 010 123 4567 or 112.')], verbose_name='WhatsApp')),
                ('emergency_phone', models.CharField(blank=True, help_text='For passengers who are under way, answered day and night', max_length=40, validators=[django.core.validators.RegexValidator('^\\+?[0-9][0-9 ()-]{1,38}$', 'A telephone number as it is dialled, such as 010 123 4567 or 112.')], verbose_name='emergency number')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail')),
                ('website', models.URLField(blank=True, verbose_name='website')),
                ('opening_hours', models.TextField(blank=True, help_text='Of the telephone, one line each', max_length=300, verbose_name='opening hours')),
                ('information_officer', models.CharField(blank=True, help_text='Who answers for personal information (POPIA)', max_length=120, verbose_name='information officer')),
                ('about', models.TextField(blank=True, help_text='A few sentences for its own page', max_length=2000, verbose_name='about the company')),
                ('terms_in_short', models.TextField(blank=True, help_text='One sentence a line; printed on receipts', max_length=600, verbose_name='terms in short')),
                ('is_invented', models.BooleanField(default=False, help_text="A demonstration's: pages and papers say so", verbose_name='invented')),
            ],
            options={
                'verbose_name': 'company',
                'verbose_name_plural': 'company',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='company_is_one_row')],
            },
        ),
    ]
