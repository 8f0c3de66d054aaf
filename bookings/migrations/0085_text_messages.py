import bookings.models.text_messages
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0084_unearned_by_booking"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProviderCallback",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=20)),
                ("digest", models.CharField(max_length=64)),
                ("body", models.TextField()),
                ("headers", models.JSONField(default=dict)),
                ("received_at", models.DateTimeField()),
                ("next_try", models.DateTimeField()),
                ("acted_at", models.DateTimeField(blank=True, null=True)),
                ("outcome", models.CharField(blank=True, default="", max_length=80)),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="StoppedNumber",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("stopped_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="TextMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("subject", models.CharField(max_length=80)),
                ("about_id", models.BigIntegerField()),
                ("version", models.CharField(max_length=40)),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("whatsapp", "WhatsApp"),
                            ("sms", "SMS"),
                            ("email", "e-mail"),
                            ("call", "call"),
                        ],
                        max_length=8,
                    ),
                ),
                ("to", models.CharField(blank=True, max_length=20)),
                ("client_id", models.CharField(default=bookings.models.text_messages.new_client_id, max_length=32)),
                ("provider_id", models.CharField(blank=True, default="", max_length=128)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "queued"),
                            ("sent", "sent"),
                            ("failed", "failed"),
                            ("delivered", "delivered"),
                            ("read", "read"),
                            ("cancelled", "not sent"),
                        ],
                        default="queued",
                        max_length=9,
                    ),
                ),
                ("is_unsure", models.BooleanField(default=False)),
                ("may_fall_back", models.BooleanField(default=False)),
                ("fall_back_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("next_try", models.DateTimeField()),
                ("attempts", models.SmallIntegerField(default=0)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("failed_at", models.DateTimeField(blank=True, null=True)),
                ("is_permanent", models.BooleanField(default=False)),
                ("error", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="TicketContact",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("whatsapp", "WhatsApp"),
                            ("sms", "SMS"),
                            ("email", "e-mail"),
                            ("call", "call"),
                        ],
                        max_length=8,
                    ),
                ),
                ("value", models.CharField(blank=True, max_length=254)),
                (
                    "source",
                    models.CharField(
                        choices=[("web", "checkout"), ("counter", "counter"), ("api", "API")], max_length=8
                    ),
                ),
                ("text_version", models.CharField(max_length=20)),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.AddField(
            model_name="outboxmessage",
            name="bounced_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="outboxmessage",
            name="delivered_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="outboxmessage",
            name="opened_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="outboxmessage",
            name="provider_id",
            field=models.CharField(blank=True, db_default="", default="", max_length=120),
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
                    ("trip_reminder", "reminder of the trip"),
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
        migrations.AddIndex(
            model_name="providercallback",
            index=models.Index(
                condition=models.Q(("acted_at__isnull", True)),
                fields=["next_try"],
                name="callback_waiting_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="providercallback",
            index=models.Index(fields=["received_at"], name="callback_received_idx"),
        ),
        migrations.AddConstraint(
            model_name="providercallback",
            constraint=models.UniqueConstraint(
                fields=("provider", "digest"), name="unique_provider_callback"
            ),
        ),
        migrations.AddConstraint(
            model_name="stoppednumber",
            constraint=models.UniqueConstraint(fields=("digest",), name="unique_stopped_number"),
        ),
        migrations.AddField(
            model_name="textmessage",
            name="actor",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="textmessage",
            name="booking",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="text_messages",
                to="bookings.booking",
            ),
        ),
        migrations.AddField(
            model_name="textmessage",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="text_messages", to="bookings.order"
            ),
        ),
        migrations.AddField(
            model_name="textmessage",
            name="ticket",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="text_messages",
                to="bookings.ticket",
            ),
        ),
        migrations.AddField(
            model_name="ticketcontact",
            name="ticket",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="contacts", to="bookings.ticket"
            ),
        ),
        migrations.AddIndex(
            model_name="textmessage",
            index=models.Index(
                condition=models.Q(("state", "queued")), fields=["next_try"], name="text_due_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="textmessage",
            index=models.Index(
                condition=models.Q(("fall_back_at__isnull", False)),
                fields=["fall_back_at"],
                name="text_fall_back_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="textmessage",
            constraint=models.UniqueConstraint(fields=("client_id",), name="unique_text_client_id"),
        ),
        migrations.AddConstraint(
            model_name="textmessage",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ticket__isnull", False)),
                fields=("kind", "subject", "version", "channel", "ticket"),
                name="unique_text_to_passenger",
            ),
        ),
        migrations.AddConstraint(
            model_name="textmessage",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ticket__isnull", True)),
                fields=("kind", "subject", "version", "channel"),
                name="unique_text_to_buyer",
            ),
        ),
        migrations.AddConstraint(
            model_name="textmessage",
            constraint=models.UniqueConstraint(
                condition=models.Q(("provider_id", ""), _negated=True),
                fields=("channel", "provider_id"),
                name="unique_text_provider_id",
            ),
        ),
        migrations.AddConstraint(
            model_name="textmessage",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel__in", ["whatsapp", "sms", "call"])), name="text_channel_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="textmessage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["queued", "sent", "failed", "delivered", "read", "cancelled"])
                ),
                name="text_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="ticketcontact",
            constraint=models.UniqueConstraint(fields=("ticket", "channel"), name="unique_ticket_contact"),
        ),
        migrations.AddConstraint(
            model_name="ticketcontact",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel__in", ["whatsapp", "sms", "email"])),
                name="ticket_contact_channel_known",
            ),
        ),
    ]
