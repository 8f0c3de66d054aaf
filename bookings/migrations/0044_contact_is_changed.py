from django.db import migrations, models


class Migration(migrations.Migration):
    """A changed contact is told to the address of before too; the release before writes no recipient."""

    dependencies = [("bookings", "0043_mailbox_of_who_pays_later")]

    operations = [
        migrations.AddField(
            model_name="outboxmessage",
            name="recipient",
            field=models.EmailField(blank=True, db_default="", default="", max_length=254),
        ),
        migrations.AlterField(
            model_name="outboxmessage",
            name="kind",
            field=models.CharField(
                choices=[
                    ("confirmation", "confirmation with tickets"),
                    ("pay_by", "payment instructions"),
                    ("pay_reminder", "payment reminder"),
                    ("cancellation", "cancellation"),
                    ("refund", "money on its way back"),
                    ("bank_details", "request for bank details"),
                    ("bank_details_given", "bank details received"),
                    ("seats_gone", "payment too late"),
                    ("link", "link to the booking"),
                    ("contact_changed", "contact changed"),
                    ("demo_payment", "notification of the demo gateway"),
                    ("webhook", "event for a partner"),
                ],
                max_length=20,
            ),
        ),
    ]
