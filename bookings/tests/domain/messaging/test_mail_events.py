"""What a mail provider tells: noted in any order; what came back before the trip is a task."""

import base64
import json
from typing import Any

import pytest
from django.test import Client

from bookings.models import OutboxMessage, StaffTask
from bookings.tests.domain.messaging.test_outbox import make_message

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def tell(password: str, **event: Any) -> int:
    headers = {"authorization": f"Basic {base64.b64encode(password.encode()).decode()}"}
    body = {"MessageID": "pm-1", **event}
    answer = Client().post("/messages/mail/", json.dumps(body), "application/json", headers=headers)
    return answer.status_code


def test_a_mail_that_came_back_is_a_task(settings: Any) -> None:
    settings.MAIL_PROVIDER, settings.ANYMAIL = "postmark", {"WEBHOOK_SECRET": "falcon:secret"}
    message = make_message()
    OutboxMessage.objects.filter(pk=message.pk).update(provider_id="pm-1")
    at = "2026-12-01T08:00:00Z"
    bounce = {"RecordType": "Bounce", "Type": "HardBounce", "TypeCode": 1, "ID": 7, "BouncedAt": at}
    assert tell("falcon:wrong", **bounce) == 400
    assert not StaffTask.objects.exists()
    for _again in range(2):
        assert tell("falcon:secret", **bounce) == 200
        assert tell("falcon:secret", RecordType="Delivery", DeliveredAt=at) == 200
    message.refresh_from_db()
    assert None not in (message.bounced_at, message.delivered_at)
    assert StaffTask.objects.get().order == message.order


def test_without_a_mail_provider_there_is_no_such_address() -> None:
    assert tell("falcon:secret", RecordType="Delivery") == 404
