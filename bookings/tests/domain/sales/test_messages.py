from typing import Any

import pytest
from django.db import transaction

from bookings.domain.sales.messages import queue_message
from bookings.models import OutboxMessage
from bookings.tests.make import NOW, make_order

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_message_is_written_once_and_a_repeat_leaves_the_transaction_whole(settings: Any) -> None:
    settings.SITE_URL = "https://falconbus.example"
    order = make_order()

    with transaction.atomic():
        first = queue_message("confirmation", order, order, now=NOW)
        again = queue_message("confirmation", order, order, now=NOW)
        other = queue_message("confirmation", order, order, version="2", now=NOW)

    assert again is None
    assert list(OutboxMessage.objects.order_by("pk")) == [first, other]
    assert first.message_id.endswith("@falconbus.example>")
    assert first.message_id != other.message_id


def test_message_of_a_transaction_that_fails_is_not_written() -> None:
    order = make_order()

    with transaction.atomic():
        queue_message("confirmation", order, order, now=NOW)
        transaction.set_rollback(True)

    assert not OutboxMessage.objects.exists()
