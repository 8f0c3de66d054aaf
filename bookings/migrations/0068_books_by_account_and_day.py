from django.db import migrations, models

from bookings.database.operations import AddIndexBesideSales


class Migration(migrations.Migration):
    """What lies on an account is known without its entries, what came and went on a day without the rest."""

    atomic = False

    dependencies = [("bookings", "0067_swaps_and_reinstatements")]

    operations = [
        AddIndexBesideSales(
            "LedgerEntry",
            models.Index(fields=["account", "gateway"], include=["amount"], name="ledger_account_idx"),
        ),
        AddIndexBesideSales("Payment", models.Index(fields=["paid_at"], name="payment_paid_idx")),
        AddIndexBesideSales("Refund", models.Index(fields=["paid_at"], name="refund_paid_idx")),
    ]
