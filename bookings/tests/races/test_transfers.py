"""A transfer in the bank's list, seen by a second person, and a reservation that runs out, at one moment."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookings.domain.counter.tender import Tender, take_payment
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.expiry import expire_unpaid
from bookings.domain.sales.transfers import SeenTransfer, confirm_transfer
from bookings.models import Booking, Payment, Refund, SeatClaim
from bookings.tests.domain.sales.buy import ordered
from bookings.tests.make import NOW, make_approval, make_schedule, make_shift, make_user
from bookings.tests.races.crowd import crowd, kinds, many

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
LATE = NOW + timedelta(days=1)


def test_one_transfer_gives_one_set_of_tickets_whoever_sees_it_first() -> None:
    order = ordered(make_schedule(departs=NOW + timedelta(days=6)))
    total, shift, approval = order.total, make_shift(make_user()), make_approval()

    def act(number: int) -> Any:
        if number % 3 == 0:
            return confirm_transfer(order.pk, SeenTransfer("line 1", total), now=LATE)
        if number % 3 == 1:
            return expire_unpaid(now=LATE)
        tender = Tender("eft", reference="FBX", approval=approval)
        form = {"submission": f"form {number}", "content": "", "now": LATE}
        return take_payment(order, tender, shift=shift, **form)  # type: ignore[arg-type]

    answers = crowd(many(9, 48), act)

    assert set(kinds(answers)) <= {"ok", "Conflict"}, [str(answer) for answer in answers]
    assert Booking.objects.get().status == "confirmed"
    assert SeatClaim.objects.filter(kind="sold").count() == SeatClaim.objects.count() > 0
    paid = sum(Payment.objects.values_list("amount", flat=True), Decimal(0))
    assert Payment.objects.filter(external_id="bank:line 1").count() == 1
    assert paid - sum(Refund.objects.values_list("amount", flat=True), Decimal(0)) == total
    assert violations(now=LATE) == []
