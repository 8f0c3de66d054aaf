from datetime import timedelta

import pytest

from bookings.domain.messaging.mail.state import MailState, mail_state
from bookings.domain.sales.messages import queue_message
from bookings.models import OutboxMessage
from bookings.tests.make import NOW, make_order

pytestmark = pytest.mark.django_db


def test_mail_state_of_an_empty_outbox_is_well() -> None:
    assert mail_state(NOW) == MailState(0, 0, timedelta(0))


def test_mail_state_counts_what_waits_and_what_was_given_up() -> None:
    sent, failed, *_waiting = [
        queue_message("link", (order := make_order()), order, now=NOW + timedelta(minutes=n))
        for n in range(4)
    ]
    OutboxMessage.objects.filter(pk=sent.pk).update(sent_at=NOW)
    OutboxMessage.objects.filter(pk=failed.pk).update(failed_at=NOW)

    state = mail_state(NOW + timedelta(minutes=7))
    late = mail_state(NOW + timedelta(minutes=8))

    assert state == MailState(waiting=2, failed=1, oldest=timedelta(minutes=5))
    assert (state.is_late, late.is_late) == (False, True)
