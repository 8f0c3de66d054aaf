from datetime import timedelta

import pytest

from bookings.domain.tickets.links import (
    mail_link,
    mail_tickets_again,
    make_link,
    order_of_link,
    revoke_links,
)
from bookings.models import AccessLink, OutboxMessage
from bookings.tests.make import NOW, make_booking, make_order

pytestmark = pytest.mark.django_db


def test_link_opens_its_order_until_a_month_after_arrival() -> None:
    booking = make_booking()
    token = make_link(booking.order, now=NOW)
    ends = booking.alights_at + timedelta(days=30)

    assert order_of_link(token, now=ends - timedelta(seconds=1)) == booking.order
    assert order_of_link(token, now=ends) is None
    assert order_of_link(token[:-1], now=NOW) is None


def test_link_is_kept_only_as_a_hash_and_is_never_the_same() -> None:
    order = make_order()

    tokens = {make_link(order, now=NOW) for _ in range(3)}

    assert len(tokens) == 3
    assert {len(token) for token in tokens} == {22}
    assert not tokens & set(AccessLink.objects.values_list("token_hash", flat=True))


def test_revoked_link_opens_nothing() -> None:
    order = make_order()
    token = make_link(order, now=NOW)

    assert revoke_links(order) == 1
    assert order_of_link(token, now=NOW) is None


@pytest.mark.parametrize("send", [mail_link, mail_tickets_again])
def test_mail_that_is_asked_for_goes_out_once_a_minute(send: object) -> None:
    order = make_order()

    asked = [send(order, now=NOW + timedelta(seconds=seconds)) for seconds in (0, 30, 61)]

    assert asked == [True, False, True]
    assert OutboxMessage.objects.count() == 2
    assert send(make_order(email=""), now=NOW) is False
