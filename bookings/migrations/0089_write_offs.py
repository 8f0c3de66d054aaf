import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

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
    ("write_off", "differences written off"),
    ("interest", "interest paid to passengers"),
]


class Migration(migrations.Migration):
    """A difference to a statement can be written off, on an account of its own."""

    atomic = False

    dependencies = [
        ("bookings", "0088_vouchers_sold"),
    ]

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
        migrations.CreateModel(
            name="WriteOff",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("gateway", models.CharField(max_length=20)),
                ("day", models.DateField()),
                ("subject", models.CharField(max_length=80)),
                ("turn", models.PositiveSmallIntegerField(default=0)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=11)),
                ("reason", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "approver",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reverses",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversed_by",
                        to="bookings.writeoff",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["gateway", "day"], name="write_off_day_idx")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(reverses=None), fields=("subject", "turn"), name="unique_write_off"
                    ),
                    models.CheckConstraint(condition=~Q(amount=0), name="write_off_not_zero"),
                    models.CheckConstraint(condition=~Q(reason=""), name="write_off_has_reason"),
                    models.CheckConstraint(
                        condition=Q(approver=None) | ~Q(approver=F("actor")),
                        name="write_off_signed_by_another",
                    ),
                ],
            },
        ),
    ]
