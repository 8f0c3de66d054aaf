"""What must always be true of write-offs. Queries that should find nothing."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db.models import F, Q

from bookings.domain.reconciliation.postings import TENDERS, WRITE_OFF_CAUSE
from bookings.models import Account, LedgerEntry, WriteOff


def write_offs_are_posted(now: datetime) -> Iterator[object]:
    """Each is in the ledger with its amount, on the account of its gateway or tender, and nothing else is."""
    entries = LedgerEntry.objects.filter(cause__startswith=WRITE_OFF_CAUSE).order_by()
    posted = {
        (cause, account, gateway): amount
        for cause, account, gateway, amount in entries.values_list("cause", "account", "gateway", "amount")
    }
    for row in WriteOff.objects.order_by("pk"):
        cause, is_tender = f"{WRITE_OFF_CAUSE}{row.pk}", row.gateway in TENDERS
        own = row.gateway if is_tender else Account.GATEWAY.value
        lies = posted.pop((cause, own, "" if is_tender else row.gateway), None)
        if (lies, posted.pop((cause, Account.WRITE_OFF.value, ""), None)) != (row.amount, -row.amount):
            yield f"write-off {row.pk}"
    yield from (cause for cause, _account, _gateway in posted)
    other = LedgerEntry.objects.filter(account=Account.WRITE_OFF).exclude(cause__startswith=WRITE_OFF_CAUSE)
    yield from other.values_list("cause", flat=True)


def write_offs_are_signed(now: datetime) -> Iterator[object]:
    """One over the limit has its second person, and one that was taken back is taken back whole."""
    limit = settings.WRITE_OFF_APPROVAL_OVER
    large = Q(amount__gt=limit) | Q(amount__lt=-limit)
    alone = WriteOff.objects.filter(large, approver=None, reverses=None)
    yield from (f"write-off {pk}" for pk in alone.values_list("pk", flat=True))
    other = WriteOff.objects.filter(reverses__isnull=False).exclude(
        amount=-F("reverses__amount"), subject=F("reverses__subject"), gateway=F("reverses__gateway")
    )
    yield from (f"write-off {pk}" for pk in other.values_list("pk", flat=True))
