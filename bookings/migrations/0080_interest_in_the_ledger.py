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
    ("interest", "interest paid to passengers"),
]


class Migration(migrations.Migration):
    """The ledger has an account for the interest that is paid to passengers."""

    atomic = False

    dependencies = [("bookings", "0079_prescribed_rate_of_interest")]

    operations = [
        migrations.AlterField("LedgerEntry", "account", models.CharField(choices=_ACCOUNTS, max_length=20)),
        migrations.RemoveConstraint("LedgerEntry", "ledger_account_known"),
        AddCheckBesideSales(
            "LedgerEntry",
            models.CheckConstraint(
                condition=models.Q(account__in=[account for account, _label in _ACCOUNTS]),
                name="ledger_account_known",
            ),
        ),
    ]
