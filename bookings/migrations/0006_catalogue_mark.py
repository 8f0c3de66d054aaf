from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0001_foundation")]

    operations = [
        migrations.CreateModel(
            name="CatalogueMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("mark", models.CharField(max_length=36)),
            ],
        ),
    ]
