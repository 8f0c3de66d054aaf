"""Interest on a refund of a coach that did not run: CPA s47(3), an amount of its own."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core import mail

from bookings.domain.disruptions.choices import PartyChoice, answer_by_link
from bookings.domain.disruptions.interest import interest_on
from bookings.domain.messaging.outbox import send_due
from bookings.domain.tickets.choice_links import choice_token
from bookings.models import Account, ChoiceLink, InterestRate, LedgerEntry, Refund
from bookings.tests.domain.disruptions.cancelled_coach import confirmed, two_departures, wrong
from bookings.tests.make import NOW, make_booking

pytestmark = [pytest.mark.django_db, pytest.mark.database]
AGO = NOW - timedelta(days=73)  # a fifth of a year


def test_the_rate_that_held_at_the_payment_is_owed_once_and_the_customer_is_told() -> None:
    first, _later = two_departures()
    booking = make_booking(schedule=first, names=("Ann Lee", "Ben Lee"), now=AGO)
    InterestRate.objects.create(valid_from=date(2026, 11, 1), percent=50)  # after it was paid
    confirmed(first)
    link = ChoiceLink.objects.select_related("order").get(order=booking.order, ticket=None)
    answer = PartyChoice(booking.booking_reference, "refund")
    for _press in range(2):
        answer_by_link(choice_token(link), answer, submission="r", now=NOW)
    fare, interest = Refund.objects.order_by("pk")
    assert (fare.amount, interest.amount) == (1200, 24)  # 10 % of 1200 for a fifth of a year
    assert interest.payment is None
    assert LedgerEntry.objects.balance(Account.INTEREST) == 24
    send_due(now=NOW)
    assert any("24" in sent.body and "interest" in sent.body.lower() for sent in mail.outbox)
    assert wrong() == []


def test_nothing_is_owed_on_what_was_paid_today_or_before_any_rate() -> None:
    assert interest_on(Decimal(600), NOW, NOW) == 0
    InterestRate.objects.all().delete()
    assert interest_on(Decimal(600), AGO, NOW) == 0
