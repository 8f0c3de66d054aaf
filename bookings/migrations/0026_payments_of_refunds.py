from datetime import timedelta
from decimal import Decimal

from django.db import migrations
from django.db.models import Sum

ZERO = Decimal(0)


def note_payments(apps, schema_editor):
    """Which payment each refund was of: what was paid back, by its method; what is owed, the newest with room.

    What cannot be told stays without one; if it is owed, a task says so.
    """
    Refund = apps.get_model("bookings", "Refund")
    Payment = apps.get_model("bookings", "Payment")
    RefundAttempt = apps.get_model("bookings", "RefundAttempt")
    StaffTask = apps.get_model("bookings", "StaffTask")
    orders = Refund.objects.filter(payment=None).order_by("order").values_list("order", flat=True).distinct()
    for order in list(orders):
        payments = list(Payment.objects.filter(order=order).order_by("-pk"))
        back = Refund.objects.filter(order=order, payment__isnull=False).order_by().values_list("payment")
        left = {payment.pk: payment.amount for payment in payments}
        for payment, amount in back.annotate(total=Sum("amount")):
            left[payment] -= round(amount, 2)
        waiting = Refund.objects.filter(order=order, payment=None)
        for refund in [*waiting.filter(status="paid").order_by("pk"), *waiting.exclude(status="paid").order_by("pk")]:
            for payment in payments:
                is_its_way = refund.status == "owed" or payment.method == refund.method
                if refund.status == "paying":
                    is_its_way = payment.attempt_id is not None
                if not is_its_way or left[payment.pk] <= 0:
                    continue
                if refund.status != "owed" and left[payment.pk] < refund.amount:
                    continue
                part = min(refund.amount, left[payment.pk])
                left[payment.pk] -= part
                rest = refund.amount - part
                Refund.objects.filter(pk=refund.pk).update(payment=payment, amount=part)
                if refund.status == "paying":
                    RefundAttempt.objects.create(
                        refund_id=refund.pk,
                        payment=payment,
                        key=f"refund-{refund.pk}",
                        amount=part,
                        status="unknown",
                        asked_at=refund.asked_at,
                        next_try=refund.asked_at + timedelta(minutes=5),
                    )
                if rest == ZERO:
                    break
                # The rest goes back to the payment before
                refund = Refund.objects.create(
                    order_id=order,
                    booking_id=refund.booking_id,
                    cause=refund.cause,
                    amount=rest,
                    status="owed",
                    created_at=refund.created_at,
                )
            else:
                if refund.status != "paid":
                    StaffTask.objects.bulk_create(
                        [
                            StaffTask(
                                kind="refund_due",
                                order_id=order,
                                subject=f"refund:{refund.pk}",
                                detail=f"R{refund.amount} to pay back: which payment it is of cannot be told",
                                created_at=refund.created_at,
                            )
                        ],
                        ignore_conflicts=True,
                    )


class Migration(migrations.Migration):
    dependencies = [("bookings", "0025_refunds_know_their_payment")]

    operations = [migrations.RunPython(note_payments, migrations.RunPython.noop)]
