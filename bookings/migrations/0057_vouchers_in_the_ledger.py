from django.db import migrations, models

from bookings.database.operations import AddCheckBesideSales

_ACCOUNTS = [
    ("receivable", "owed by customers"),
    ("revenue", "revenue"),
    ("unearned_fares", "fares not yet travelled"),
    ("fee", "fees"),
    ("gateway", "payment gateway"),
    ("cash", "cash"),
    ("card", "card"),
    ("eft", "EFT"),
    ("refunds_owed", "refunds owed"),
    ("cash_over_short", "cash over or short"),
    ("cash_rounding", "cash rounding"),
    ("safe", "safe of the branch"),
    ("petty_cash", "paid in or out of the till"),
    ("partner", "owed by partners"),
    ("gateway_fees", "fees of payment gateways"),
    ("bank", "bank"),
    ("chargebacks", "chargebacks"),
    ("voucher_liability", "vouchers not yet used"),
    ("commission", "commission of partners"),
    ("goodwill", "vouchers given in goodwill"),
    ("breakage", "vouchers that nobody used"),
]
_MAILS = [
    ("confirmation", "confirmation with tickets"),
    ("pay_by", "payment instructions"),
    ("pay_reminder", "payment reminder"),
    ("cancellation", "cancellation"),
    ("refund", "money on its way back"),
    ("bank_details", "request for bank details"),
    ("bank_details_given", "bank details received"),
    ("chargeback", "payment taken back by the bank"),
    ("seats_gone", "payment too late"),
    ("link", "link to the booking"),
    ("invoice", "tax invoice or credit note"),
    ("contact_changed", "contact changed"),
    ("voucher", "voucher with its code"),
    ("voucher_restored", "money back on a voucher"),
    ("demo_payment", "notification of the demo gateway"),
    ("webhook", "event for a partner"),
]


class Migration(migrations.Migration):
    """The ledger has accounts for what vouchers cost and leave, the outbox mails about them, of no order."""

    atomic = False

    dependencies = [
        ("bookings", "0056_vouchers"),
    ]

    operations = [
        migrations.AlterField("LedgerEntry", "account", models.CharField(choices=_ACCOUNTS, max_length=20)),
        migrations.AlterField("OutboxMessage", "kind", models.CharField(choices=_MAILS, max_length=20)),
        migrations.RemoveConstraint("LedgerEntry", "ledger_account_known"),
        AddCheckBesideSales(
            "LedgerEntry",
            models.CheckConstraint(
                condition=models.Q(account__in=[account for account, _label in _ACCOUNTS]),
                name="ledger_account_known",
            ),
        ),
        migrations.RemoveConstraint("OutboxMessage", "outbox_webhook_or_order"),
        AddCheckBesideSales(
            "OutboxMessage",
            models.CheckConstraint(
                condition=models.Q(kind="webhook", webhook__isnull=False)
                | models.Q(kind__in=["voucher", "voucher_restored"], webhook__isnull=True)
                | (~models.Q(kind="webhook") & models.Q(webhook__isnull=True, order__isnull=False)),
                name="outbox_webhook_or_order",
            ),
        ),
    ]
