from django.db import migrations, models

from bookings.database.operations import AddCheckBesideSales, AddIndexBesideSales


def carry_over(apps, schema_editor):
    """What was declined has failed. A release before this one that notes another so meanwhile is refused by
    the check: its notification waits, and this release acts upon it."""
    apps.get_model("bookings", "PaymentAttempt").objects.filter(status="declined").update(status="failed")
    notifications = apps.get_model("bookings", "GatewayNotification").objects
    notifications.filter(acted_at__isnull=False, outcome="not confirmed by the gateway").update(state="unconfirmed")
    notifications.filter(acted_at__isnull=False, state="received").update(state="acted")


def take_back(apps, schema_editor):
    attempts = apps.get_model("bookings", "PaymentAttempt").objects
    attempts.filter(status__in=["failed", "abandoned"]).update(status="declined")
    attempts.filter(status__in=["pending", "superseded"]).update(status="started")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("bookings", "0028_infants_on_laps")]

    operations = [
        migrations.AddField("PaymentAttempt", "next_check", models.DateTimeField(blank=True, null=True)),
        migrations.AlterField(
            "PaymentAttempt",
            "status",
            models.CharField(
                choices=[
                    ("started", "started"),
                    ("pending", "waiting for the bank"),
                    ("paid", "paid"),
                    ("failed", "failed"),
                    ("abandoned", "left without paying"),
                    ("superseded", "superseded"),
                ],
                default="started",
                max_length=10,
            ),
        ),
        migrations.AddField(
            "GatewayNotification",
            "peer",
            models.CharField(blank=True, db_default="", default="", max_length=45),
        ),
        migrations.AddField(
            "GatewayNotification",
            "state",
            models.CharField(
                choices=[
                    ("received", "received"),
                    ("acted", "acted upon"),
                    ("refused", "refused"),
                    ("unconfirmed", "not confirmed by the gateway"),
                ],
                db_default="received",
                default="received",
                max_length=12,
            ),
        ),
        migrations.AddField("GatewayNotification", "next_try", models.DateTimeField(blank=True, null=True)),
        migrations.RemoveConstraint("PaymentAttempt", "attempt_status_known"),
        migrations.RunPython(carry_over, take_back),
        AddCheckBesideSales(
            "PaymentAttempt",
            models.CheckConstraint(
                condition=models.Q(
                    status__in=["started", "pending", "paid", "failed", "abandoned", "superseded"]
                ),
                name="attempt_status_known",
            ),
        ),
        AddCheckBesideSales(
            "GatewayNotification",
            models.CheckConstraint(
                condition=models.Q(state__in=["received", "acted", "refused", "unconfirmed"]),
                name="notification_state_known",
            ),
        ),
        AddIndexBesideSales(
            "PaymentAttempt",
            models.Index(
                condition=models.Q(next_check__isnull=False), fields=["next_check"], name="attempt_check_idx"
            ),
        ),
        migrations.AlterField(
            "StaffTask",
            "kind",
            models.CharField(
                choices=[
                    ("money_without_seats", "paid, but the seats are no longer free"),
                    ("wrong_amount", "wrong amount paid"),
                    ("unconfirmed_payment", "payment that the gateway does not confirm"),
                    ("double_payment", "paid more than once"),
                    ("mail_failed", "e-mail cannot be delivered"),
                    ("webhook_failed", "webhook cannot be delivered"),
                    ("refund_due", "refund to be paid"),
                    ("cash_difference", "till did not match"),
                    ("hoarding", "many unpaid seats held from one network"),
                    ("departure_withdrawn", "sold departure no longer in the timetable"),
                    ("departure_retimed", "sold departure at another time"),
                ],
                max_length=24,
            ),
        ),
    ]
