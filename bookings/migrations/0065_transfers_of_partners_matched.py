import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from bookings.database.operations import AddCheckBesideSales, AddUniqueBesideSales


class Migration(migrations.Migration):
    """A line of the bank may be what a partner transferred."""

    atomic = False

    dependencies = [("bookings", "0064_uploads_are_signed")]

    operations = [
        migrations.AddField(
            model_name="statementmatch",
            name="partner_payment",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="matches",
                to="bookings.partnerpayment",
            ),
        ),
        AddUniqueBesideSales(
            "StatementMatch",
            models.UniqueConstraint(
                condition=Q(("partner_payment__isnull", False)),
                fields=("partner_payment",),
                name="unique_match_of_transfer",
            ),
        ),
        migrations.RemoveConstraint("StatementMatch", "match_of_one_thing"),
        AddCheckBesideSales(
            "StatementMatch",
            models.CheckConstraint(
                condition=Q(
                    Q(
                        ("partner_payment__isnull", True),
                        ("payment__isnull", False),
                        ("refund__isnull", True),
                    ),
                    Q(
                        ("partner_payment__isnull", True),
                        ("payment__isnull", True),
                        ("refund__isnull", False),
                    ),
                    Q(
                        ("partner_payment__isnull", False),
                        ("payment__isnull", True),
                        ("refund__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="match_is_of_one_thing",
            ),
        ),
    ]
