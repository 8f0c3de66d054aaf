import django.db.models.deletion
from django.db import migrations, models

from bookings.database.operations import AddCheckBesideSales


class Migration(migrations.Migration):
    """Parties wait for seats on full coaches; their mails are of no order."""

    atomic = False

    dependencies = [
        ("bookings", "0077_acts_of_staff_by_day"),
    ]

    operations = [
        migrations.CreateModel(
            name="WaitListEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                ("language", models.CharField(default="en-za", max_length=10)),
                ("party", models.JSONField()),
                ("wheelchairs", models.SmallIntegerField(default=0)),
                ("token_hash", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("offered_at", models.DateTimeField(blank=True, null=True)),
                ("offers", models.SmallIntegerField(default=0)),
                (
                    "end",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "waiting"),
                            ("booked", "booked"),
                            ("left", "left the list"),
                            ("silent", "did not answer"),
                            ("over", "all departures have left"),
                        ],
                        default="",
                        max_length=6,
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "wait list entries",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="WaitListTrip",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
            ],
            options={
                "ordering": ["entry", "id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="outboxmessage",
            name="outbox_webhook_or_order",
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
                    ("chargeback", "payment taken back by the bank"),
                    ("times_changed", "late coach or skipped stop"),
                    ("seats_gone", "payment too late"),
                    ("exchange_refused", "change not possible any more"),
                    ("link", "link to the booking"),
                    ("invoice", "tax invoice or credit note"),
                    ("disruption", "disruption"),
                    ("disruption_unpaid", "disruption of an unpaid booking"),
                    ("contact_changed", "contact changed"),
                    ("voucher", "voucher with its code"),
                    ("voucher_restored", "money back on a voucher"),
                    ("wait_list", "place on a wait list"),
                    ("seat_offer", "seats for who waits"),
                    ("data_link", "link to the personal data"),
                    ("demo_payment", "notification of the demo gateway"),
                    ("webhook", "event for a partner"),
                ],
                max_length=20,
            ),
        ),
        AddCheckBesideSales(
            "OutboxMessage",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "webhook"), ("webhook__isnull", False)),
                    models.Q(
                        ("kind__in", ["voucher", "voucher_restored", "wait_list", "seat_offer"]),
                        ("webhook__isnull", True),
                    ),
                    models.Q(
                        models.Q(("kind", "webhook"), _negated=True),
                        ("order__isnull", False),
                        ("webhook__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="outbox_webhook_or_order",
            ),
        ),
        migrations.AddField(
            model_name="waitlistentry",
            name="offer",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="wait_list_entry",
                to="bookings.hold",
            ),
        ),
        migrations.AddField(
            model_name="waitlisttrip",
            name="entry",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="trips",
                to="bookings.waitlistentry",
            ),
        ),
        migrations.AddField(
            model_name="waitlisttrip",
            name="from_stop",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="bookings.routestop",
            ),
        ),
        migrations.AddField(
            model_name="waitlisttrip",
            name="schedule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="wait_list", to="bookings.schedule"
            ),
        ),
        migrations.AddField(
            model_name="waitlisttrip",
            name="to_stop",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="bookings.routestop",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.UniqueConstraint(fields=("token_hash",), name="unique_wait_list_token"),
        ),
        migrations.AddConstraint(
            model_name="waitlistentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("end", ""), ("ended_at__isnull", True)),
                    models.Q(models.Q(("end", ""), _negated=True), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="wait_list_end_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitlisttrip",
            constraint=models.UniqueConstraint(fields=("entry", "schedule"), name="unique_wait_list_trip"),
        ),
    ]
