import django.db.models.deletion
from django.db import migrations, models

from bookings.database.operations import AddCheckBesideSales

_ACCOUNTS = {
    "receivable": "owed by customers",
    "revenue": "revenue",
    "unearned_fares": "fares not yet travelled",
    "fee": "fees",
    "gateway": "payment gateway",
    "cash": "cash",
    "card": "card",
    "eft": "EFT",
    "refunds_owed": "refunds owed",
    "cash_over_short": "cash over or short",
    "cash_rounding": "cash rounding",
    "safe": "safe of the branch",
    "petty_cash": "paid in or out of the till",
    "partner": "owed by partners",
    "gateway_fees": "fees of payment gateways",
    "bank": "bank",
    "chargebacks": "chargebacks",
    "voucher_liability": "vouchers not yet used",
}
_KINDS = {
    "fare": "fare",
    "seat_upgrade": "seat upgrade",
    "luggage": "luggage",
    "change_fee": "change fee",
    "cancellation_fee": "cancellation fee",
    "promo": "promo code",
    "voucher_sale": "voucher",
}
_TAX_CODES = {"exempt": "exempt", "zero": "zero-rated", "standard": "standard-rated"}


def _of(model, **options):
    return models.ForeignKey(
        to=f"bookings.{model}", on_delete=django.db.models.deletion.PROTECT, related_name="lines", **options
    )


class Migration(migrations.Migration):
    """What is sold is kept line by line; fares are owed to the passengers until they have travelled."""

    atomic = False

    dependencies = [("bookings", "0040_sessions_of_staff")]

    operations = [
        migrations.CreateModel(
            "OrderLine",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False, auto_created=True, verbose_name="ID")),
                ("order", _of("order")),
                ("booking", _of("booking", blank=True, null=True)),
                ("ticket", _of("ticket", blank=True, null=True, db_index=False)),
                ("kind", models.CharField(choices=list(_KINDS.items()), max_length=20)),
                ("quantity", models.IntegerField(default=1)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=11)),
                ("tax_code", models.CharField(choices=list(_TAX_CODES.items()), max_length=8)),
                ("rule", models.JSONField(blank=True, default=dict)),
                ("cause", models.CharField(max_length=120)),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(kind__in=list(_KINDS)), name="order_line_kind_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(tax_code__in=list(_TAX_CODES)), name="order_line_tax_code_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(quantity__gte=1), name="order_line_quantity_positive"
                    ),
                ],
            },
        ),
        migrations.AlterField(
            "LedgerEntry", "account", models.CharField(choices=list(_ACCOUNTS.items()), max_length=20)
        ),
        migrations.RemoveConstraint("LedgerEntry", "ledger_account_known"),
        AddCheckBesideSales(
            "LedgerEntry",
            models.CheckConstraint(
                condition=models.Q(account__in=list(_ACCOUNTS)), name="ledger_account_known"
            ),
        ),
    ]
