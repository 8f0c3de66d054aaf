from decimal import Decimal
from uuid import uuid4

from django.db import migrations, models
from django.db.models import Max, Sum

from bookings.database.operations import AddCheckBesideSales, AddUniqueBesideSales

_ACCOUNTS = (
    "receivable",
    "revenue",
    "fee",
    "gateway",
    "cash",
    "card",
    "eft",
    "refunds_owed",
    "cash_over_short",
    "cash_rounding",
    "safe",
    "petty_cash",
    "partner",
    "gateway_fees",
    "bank",
    "chargebacks",
)
_OWN_ACCOUNTS = ("cash", "card", "eft", "partner")
_CAUSE = "opening:gateway:"  # and the gateway, so that the rows satisfy the constraint of before too


def open_gateways(apps, schema_editor):
    """What lies with each gateway moves from the account without a name to the gateway's own, by one posting:
    entries are never changed."""
    entries, payments, refunds = (
        apps.get_model("bookings", name).objects for name in ("LedgerEntry", "Payment", "Refund")
    )
    came = payments.exclude(method__in=_OWN_ACCOUNTS).order_by().values_list("method")
    back = refunds.filter(status="paid").exclude(method__in=_OWN_ACCOUNTS).order_by().values_list("method")
    returned = dict(back.annotate(total=Sum("amount")))
    lies = {
        method: (total - returned.get(method, Decimal(0))).quantize(Decimal("0.01"))
        for method, total in came.annotate(total=Sum("amount"))
    }
    lies = {method: amount for method, amount in lies.items() if amount}
    if not lies or entries.filter(cause__startswith=_CAUSE).exists():
        return
    at, group = entries.aggregate(last=Max("at"))["last"], uuid4()
    amounts = {**lies, "": -sum(lies.values())}
    for gateway, amount in amounts.items():
        if amount:
            facts = {"posting": group, "at": at, "cause": f"{_CAUSE}{gateway}", "account": "gateway"}
            entries.create(gateway=gateway, amount=amount, **facts)


class Migration(migrations.Migration):
    """Each gateway has an account of its own, and what it takes for its work and pays to the bank is booked."""

    atomic = False

    dependencies = [("bookings", "0034_cash_is_rounded_on_an_account")]

    operations = [
        migrations.AddField(
            "LedgerEntry",
            "gateway",
            models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.AlterField(
            "LedgerEntry",
            "account",
            models.CharField(
                choices=[
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
                    ("gateway_fees", "fees of payment gateways"),
                    ("bank", "bank"),
                    ("chargebacks", "chargebacks"),
                ],
                max_length=20,
            ),
        ),
        AddUniqueBesideSales(
            "LedgerEntry",
            models.UniqueConstraint(
                fields=["cause", "account", "gateway"], name="one_entry_per_cause_account_gateway"
            ),
        ),
        migrations.RemoveConstraint("LedgerEntry", "one_entry_per_cause_and_account"),
        migrations.RemoveConstraint("LedgerEntry", "ledger_account_known"),
        AddCheckBesideSales(
            "LedgerEntry",
            models.CheckConstraint(condition=models.Q(account__in=_ACCOUNTS), name="ledger_account_known"),
        ),
        migrations.RunPython(open_gateways, migrations.RunPython.noop),
    ]
