"""Whatever is sent to any address of the office, the answer is never an error of ours."""

from datetime import timedelta
from typing import Any, Final

import pytest
from django.http import QueryDict
from django.utils import timezone

from bookings.domain.inventory.blocks import block_seats
from bookings.domain.partners.keys import make_key
from bookings.domain.partners.webhooks import add_webhook, ping
from bookings.domain.sales.refunds import cancel_booking
from bookings.models import OutboxMessage, Refund, StaffTask, User
from bookings.office.policy import POLICY
from bookings.tests.domain.boarding.door import make_coach, sell, stand_by
from bookings.tests.make import make_partner, make_shift, make_user
from bookings.tests.office.conftest import StaffClient
from bookings.tests.office.test_access import address, patterns

FIELDS: Final = [
    "action",
    "after",
    "amount",
    "approver_code",
    "approver_name",
    "approver_password",
    "before",
    "booked_from",
    "booked_to",
    "branch",
    "card",
    "credit_limit",
    "channel",
    "code",
    "cols",
    "contact",
    "counted",
    "date",
    "day",
    "departure",
    "direction",
    "eft",
    "events",
    "email",
    "first_name",
    "from",
    "given",
    "how",
    "hold",
    "last_name",
    "late",
    "limit",
    "line",
    "mark",
    "name",
    "name-0",
    "new_password",
    "note",
    "of_100",
    "of_10",
    "of_20000",
    "order",
    "page",
    "page_size",
    "paper",
    "password",
    "pick",
    "q",
    "quoted",
    "reason",
    "reference",
    "release",
    "release_at",
    "return",
    "ride",
    "role",
    "row-1",
    "scanned_at",
    "scopes",
    "seat",
    "seats",
    "seen",
    "shift",
    "slip",
    "sort",
    "standby",
    "state",
    "status",
    "step",
    "stop",
    "submission",
    "surname",
    "tender",
    "text",
    "ticket",
    "tickets",
    "to",
    "travels_from",
    "type-0",
    "url",
    "username",
    "version",
    "waive",
    "waiver",
    "wanted",
    "nonce",
]
ODD: Final = ["\x00", "9" * 4400, "é\u202e🚍" * 90, "-1|jhb@0|cpt@-9"]
LEFT: Final = {"logout"}  # it ends the session that the others need


@pytest.fixture
def addresses(manager: StaffClient) -> dict[str, str]:
    """Every address, of things that are there."""
    now = timezone.now()
    coach = make_coach(departs=now + timedelta(minutes=20), seats=8)
    shift = make_shift(manager.user)
    booking, gone = sell(coach, now=now), sell(coach, "Ann Abel", now=now - timedelta(hours=1))
    stand_by(coach, now=now)
    cancel_booking(gone.booking_reference, submission="gone", content="", now=now - timedelta(hours=1))
    refund = Refund.objects.create(order=gone.order, booking=gone, cause="cancel:again", amount=10, created_at=now)
    task = StaffTask.objects.create(kind="refund_due", order=gone.order, subject=f"refund:{refund.pk}", detail="R10", created_at=now)
    (block,) = block_seats(coach.pk, ["2D"], reason="broken")
    partner = make_partner()
    key = make_key(partner, name="tried", scopes=["read"]).key
    hook = add_webhook(partner, url="https://hooks.partner.example/", events=["booking.confirmed"])
    ping(hook)
    names = {
        "slug": partner.slug,
        "key_id": key.pk,
        "hook_id": hook.pk,
        "message_id": OutboxMessage.objects.filter(webhook=hook).latest("pk").pk,
        "schedule_id": coach.pk,
        "reference": booking.booking_reference,
        "ticket_id": booking.tickets.get().pk,
        "refund_id": refund.pk,
        "block_id": block.pk,
        "task_id": task.pk,
        "number": shift.pk,
        "token": booking.order.token,
        "user_id": make_user(role=User.Role.CLERK).pk,
    }
    found = {}
    for pattern in patterns():
        wanted = {name: names[name] for name in pattern.pattern.regex.groupindex}
        found[pattern.name] = address(pattern, wanted)
    return {name: found[name] for name in POLICY if name not in LEFT}


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_whatever_is_sent_is_never_an_error_of_ours(manager: StaffClient, addresses: dict[str, str], odd: str) -> None:
    manager.raise_request_exception = False
    form: dict[str, Any] = dict.fromkeys(FIELDS, odd)
    query = QueryDict(mutable=True)
    query.update(form)

    wrong = []
    for name, path in addresses.items():
        for answer in (manager.post(path, form), manager.get(f"{path}?{query.urlencode()}")):
            if answer.status_code >= 500 or answer.status_code == 403:
                wrong.append((name, answer.request["REQUEST_METHOD"], answer.status_code))

    assert wrong == []
