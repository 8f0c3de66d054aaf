import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Who signed an upload: lines of before have nobody."""

    dependencies = [("bookings", "0063_times_told")]

    operations = [
        migrations.AddField(
            model_name="statementline",
            name="approver",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
