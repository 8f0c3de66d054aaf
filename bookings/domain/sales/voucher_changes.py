"""Vouchers that are stopped, get more time, or run out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.dates import full_day_text
from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.sales.breakage import revive
from bookings.domain.sales.idempotency import run_once
from bookings.domain.sales.voucher_blocks import is_charged_back
from bookings.domain.sales.vouchers import (
    IssuedVoucher,
    NewVoucher,
    add_movement,
    post_goodwill,
    write_voucher,
)
from bookings.models import (
    OutboxMessage,
    User,
    Voucher,
    VoucherMovement,
)

Kind = VoucherMovement.Kind


@dataclass(frozen=True)
class VoucherStop:
    """A voucher whose code opens nothing any more, and why. With `replaces` what is left goes on a new one,
    whose code goes to this e-mail address.
    """

    voucher_id: int
    reason: str
    replaces: bool = True
    email: str = ""


def stop_voucher(
    stop: VoucherStop, *, actor: User, submission: str, content: str, now: datetime | None = None
) -> IssuedVoucher | None:
    """Stop a voucher, once per `submission`; what is left goes on a new one of the same kind and last day,
    which is returned, or is taken back.

    A stopped one is stopped again where a refund has come back on it. Raises Refusal without a reason, or
    where what was paid for would be taken; Conflict if it is stopped already.
    """
    made: list[IssuedVoucher | None] = []

    def end() -> str:
        made[:] = [_stop(stop, actor, now or database_now())]
        return str(stop.voucher_id)

    run_once("stop-voucher", submission, content, action=end, now=now or database_now())
    return made[0] if made else None


def _stop(stop: VoucherStop, actor: User, now: datetime) -> IssuedVoucher | None:
    if not stop.reason.strip():
        raise Refusal(_("Enter why the voucher is stopped."))
    voucher = _locked(stop.voucher_id)
    left = voucher.balance
    if is_charged_back(voucher):
        raise Conflict(_("The customer’s bank took the payment of this voucher back, so it stays blocked."))
    if voucher.stopped_at and not left:
        raise Conflict(_("This voucher is stopped already."))
    if left and not stop.replaces and voucher.kind in Voucher.PAID_FOR:
        raise Refusal(_("This voucher was paid for, so its balance has to go to a new one."))
    Voucher.objects.filter(pk=voucher.pk).update(stopped_at=voucher.stopped_at or now)
    reason = stop.reason.strip()[:200]
    end = VoucherMovement(kind=Kind.STOPPED, amount=-left, reason=reason, actor=actor, at=now)
    add_movement(voucher, end)
    if not left:
        return None
    if not stop.replaces:
        post_goodwill(end)
        return None
    new = NewVoucher(voucher.kind, left, voucher.valid_until, stop.email, voucher.order, replaces=voucher)
    issued = write_voucher(new, now=now)
    movement = VoucherMovement(kind=Kind.ISSUED, amount=left, reason=reason, actor=actor, at=now)
    add_movement(issued.voucher, movement)
    return issued


def _locked(voucher_id: int) -> Voucher:
    voucher = Voucher.objects.select_for_update(no_key=True).filter(pk=voucher_id).first()
    if voucher is None:
        raise NotFound(_("We could not find this voucher."))
    return voucher


def extend_voucher(
    voucher_id: int, valid_until: date, *, reason: str, actor: User, now: datetime | None = None
) -> Voucher:
    """Give a voucher more time. Raises Refusal without a reason or for a day that is no later, Conflict if it
    is stopped.
    """
    with short_transaction():
        voucher, now = _locked(voucher_id), now or database_now()
        if not reason.strip():
            raise Refusal(_("Enter why the voucher is extended."))
        if voucher.stopped_at:
            raise Conflict(_("This voucher is stopped already."))
        if valid_until <= voucher.valid_until or valid_until < timezone.localdate(now):
            raise Refusal(_("Choose a later day than %(day)s.") % {"day": full_day_text(voucher.valid_until)})
        reason = reason.strip()[:200]
        movement = VoucherMovement(kind=Kind.EXTENDED, amount=0, reason=reason, actor=actor, at=now)
        movement.valid_until = valid_until
        add_movement(voucher, movement)
        revive(voucher, actor=actor, now=now)
        return voucher


def expire_goodwill(*, now: datetime | None = None) -> int:
    """Take what is left on vouchers that were given and whose last day is over. Returns how many."""
    now = now or database_now()
    over = Voucher.objects.filter(
        kind=Voucher.Kind.GOODWILL, balance__gt=0, valid_until__lt=timezone.localdate(now)
    )
    ids = list(over.order_by("pk").values_list("pk", flat=True)[:500])
    for voucher_id in ids:
        with short_transaction():
            _expire(_locked(voucher_id), now)
    return len(ids)


def _expire(voucher: Voucher, now: datetime) -> None:
    left = voucher.balance
    if not left or voucher.valid_until >= timezone.localdate(now):  # used or restored meanwhile
        return
    movement = VoucherMovement(kind=Kind.EXPIRED, amount=-left, at=now)
    add_movement(voucher, movement)
    post_goodwill(movement)


def forget_sent_codes() -> int:
    """Delete the sealed codes that their mails have delivered. Returns how many."""
    sealed = Voucher.objects.exclude(sealed_code="").values_list("pk", flat=True)
    subjects = {f"voucher:{pk}": pk for pk in sealed[:500]}
    if not subjects:
        return 0
    mails = OutboxMessage.objects.filter(
        kind=OutboxMessage.Kind.VOUCHER, subject__in=subjects, sent_at__isnull=False
    )
    ids = [subjects[subject] for subject in mails.values_list("subject", flat=True)]
    return Voucher.objects.filter(pk__in=ids).update(sealed_code="")
