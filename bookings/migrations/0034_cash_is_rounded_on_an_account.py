from django.db import migrations, models

from bookings.database.operations import AddCheckBesideSales

_ACCOUNTS = [
    ("receivable", "owed by customers"),
    ("revenue", "revenue"),
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
]


class Migration(migrations.Migration):
    """Rounding to coins has an account of its own; what was posted to cash over or short before stays there."""

    atomic = False

    dependencies = [("bookings", "0033_alarms_about_the_till")]

    operations = [
        migrations.AlterField(
            "LedgerEntry", "account", models.CharField(choices=_ACCOUNTS, max_length=20)
        ),
        migrations.RemoveConstraint("LedgerEntry", "ledger_account_known"),
        AddCheckBesideSales(
            "LedgerEntry",
            models.CheckConstraint(
                condition=models.Q(account__in=[account for account, _label in _ACCOUNTS]),
                name="ledger_account_known",
            ),
        ),
    ]
