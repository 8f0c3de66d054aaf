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
]


class Migration(migrations.Migration):
    """The ledger has an account for what partners earn; their rate is a percentage, their settlement one we know."""

    atomic = False

    dependencies = [("bookings", "0045_commissions_of_partners")]

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
        AddCheckBesideSales(
            "Partner",
            models.CheckConstraint(
                condition=models.Q(commission_percent__gte=0, commission_percent__lte=100),
                name="partner_commission_percent",
            ),
        ),
        AddCheckBesideSales(
            "Partner",
            models.CheckConstraint(
                condition=models.Q(settlement__in=["gross", "net"]), name="partner_settlement_known"
            ),
        ),
    ]
