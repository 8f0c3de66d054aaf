from django.db import migrations, models


class Migration(migrations.Migration):
    """What a clerk did or tried that a supervisor should hear of is a task."""

    dependencies = [("bookings", "0032_second_factor_reset_is_a_task")]

    operations = [
        migrations.AlterField(
            "StaffTask",
            "kind",
            models.CharField(
                max_length=24,
                choices=[
                    ("money_without_seats", "paid, but the seats are no longer free"),
                    ("wrong_amount", "wrong amount paid"),
                    ("unconfirmed_payment", "payment that the gateway does not confirm"),
                    ("double_payment", "paid more than once"),
                    ("mail_failed", "e-mail cannot be delivered"),
                    ("webhook_failed", "webhook cannot be delivered"),
                    ("refund_due", "refund to be paid"),
                    ("cash_difference", "till did not match"),
                    ("second_factor_reset", "second factor reset"),
                    ("hoarding", "many unpaid seats held from one network"),
                    ("departure_withdrawn", "sold departure no longer in the timetable"),
                    ("many_cancellations", "many cancellations by one person"),
                    ("other_tender", "refund by another way than it was paid"),
                    ("limit_refused", "tried without the approval of a second person"),
                    ("void_after_boarding", "void of a sale tried after boarding"),
                    ("departure_retimed", "sold departure at another time"),
                ],
            ),
        ),
    ]
