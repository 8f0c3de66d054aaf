from django.db import migrations, models


class Migration(migrations.Migration):
    """The model has a plainer name; its table and column stay as they are."""

    dependencies = [("bookings", "0001_foundation")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("CatalogueMark", "ReferenceDataVersion"),
                migrations.AlterModelTable("ReferenceDataVersion", "bookings_cataloguemark"),
                migrations.RenameField("ReferenceDataVersion", "mark", "value"),
                migrations.AlterField(
                    "ReferenceDataVersion", "value", models.CharField(db_column="mark", max_length=36)
                ),
            ]
        )
    ]
