"""What must always be true of chargebacks. Queries that should find nothing."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from bookings.models import Account, Chargeback, LedgerEntry, Refund, Total

_CAUSES = ("chargeback:", "chargeback-returned:", "refund:")


def chargebacks_are_posted(now: datetime) -> Iterator[object]:
    """Each is in the ledger with its amount, of its order and gateway, as its line has it; so is its return;
    and the account has nothing else but what it gave back of refunds.
    """
    rows = Chargeback.objects.annotate(minus=-F("amount"))
    yield from _without_entries(rows, "chargeback", "amount", "minus")
    returned = rows.filter(returned_at__isnull=False)
    yield from _without_entries(returned, "chargeback-returned", "minus", "amount")
    is_named = Q(line__external_id=F("payment__external_id")) | Q(payment__method=Account.CARD)
    other = rows.exclude(Q(line__gross=F("minus")) & is_named)
    yield from (f"chargeback {pk}" for pk in other.values_list("pk", flat=True))
    known = Q()
    for cause in _CAUSES:
        known |= Q(cause__startswith=cause)
    entries = LedgerEntry.objects.filter(account=Account.CHARGEBACKS)
    yield from entries.exclude(known, order__isnull=False).values_list("cause", flat=True)


def _without_entries(
    rows: QuerySet[Chargeback], prefix: str, chargebacks: str, gateway: str
) -> Iterator[object]:
    cause = Concat(Value(f"{prefix}:"), Cast("pk", CharField()), output_field=CharField())
    own = LedgerEntry.objects.filter(
        cause=OuterRef("cause_of_entry"),
        order=OuterRef("payment__order"),
    )
    lay = Q(account=Account.GATEWAY, gateway=OuterRef("payment__method"))
    lay |= Q(account=Account.CARD, gateway="")
    posted = rows.annotate(cause_of_entry=cause).exclude(
        Exists(
            own.filter(
                account=Account.CHARGEBACKS,
                gateway=OuterRef("payment__method"),
                amount=OuterRef(chargebacks),
            )
        ),
        Exists(own.filter(lay, amount=OuterRef(gateway))),
    )
    yield from (f"{prefix} {pk}" for pk in posted.values_list("pk", flat=True))


def nothing_follows_a_chargeback(now: datetime) -> Iterator[object]:
    """What is refunded of a payment after its bank took it back is at most what was taken, and moves no
    money; what a gateway had been asked for before may still come.
    """
    paid = Refund.objects.filter(status=Refund.Status.PAID, payment__chargeback__isnull=False)
    later = paid.filter(paid_at__gt=F("payment__chargeback__noted_at")).exclude(method=Account.CHARGEBACKS)
    live = Q(payment__chargeback__returned_at=None)
    asked_before = Q(asked_at__lt=F("payment__chargeback__noted_at"))
    later = later.filter(live).exclude(asked_before)
    yield from (f"refund {pk}" for pk in later.values_list("pk", flat=True))
    settled = Refund.objects.filter(method=Account.CHARGEBACKS).order_by()
    foreign = settled.filter(payment__chargeback=None)
    yield from (f"refund {pk}" for pk in foreign.values_list("pk", flat=True))
    sums = settled.values("payment", "payment__chargeback__amount").annotate(total=Total("amount"))
    too_much = sums.filter(total__gt=F("payment__chargeback__amount"))
    yield from (f"payment {pk}" for pk in too_much.values_list("payment", flat=True))
