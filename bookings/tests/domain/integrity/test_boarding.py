"""Each rule of boarding sees its break."""

from collections.abc import Callable

import pytest

from bookings.domain.integrity.invariants import violations
from bookings.models import BookingEvent, BookingStep, Schedule, SeatClaim, Ticket, User
from bookings.tests.domain.boarding.door import make_coach, scan, sell, ticket_of
from bookings.tests.make import NOW, make_user
from bookings.tests.tampering import no_triggers

pytestmark = [pytest.mark.django_db, pytest.mark.database]
TOLD = "who boarded and who did not come is written down"


@pytest.fixture
def nomsa() -> User:
    return make_user()


def _set(ticket: Ticket, **values: object) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(**values)


def _no_show_with_seat(ticket: Ticket) -> None:
    _set(ticket, status="no_show")


def _standby_with_seat(ticket: Ticket) -> None:
    _set(ticket, place="standby", seat=None)


def _aboard_without_place(ticket: Ticket) -> None:
    SeatClaim.objects.filter(ticket=ticket).delete()
    _set(ticket, place="standby", seat=None)


def _aboard_without_claims(ticket: Ticket) -> None:
    SeatClaim.objects.filter(ticket=ticket, leg=1).delete()


def _nobody_boarded_it(ticket: Ticket) -> None:
    with no_triggers():
        BookingEvent.objects.filter(ticket=ticket).delete()


def _last_event_says_otherwise(ticket: Ticket) -> None:
    BookingEvent.objects.record(BookingStep(ticket.booking, "boarded", "valid", at=NOW, ticket=ticket))


def _times_nobody_told(ticket: Ticket) -> None:
    Schedule.objects.update(call_changes="[[1,30,30,30,0,0]]")


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (_times_nobody_told, "a departure has the times that were told of it"),
        (_no_show_with_seat, "a no-show holds no seat"),
        (_standby_with_seat, "standby holds no seat"),
        (_aboard_without_place, "nobody travels standing"),
        (_aboard_without_claims, "a sold ticket holds its seat on all its legs"),
        (_nobody_boarded_it, TOLD),
        (_last_event_says_otherwise, TOLD),
    ],
)
def test_a_broken_rule_is_seen(nomsa: User, spoil: Callable[[Ticket], None], rule: str) -> None:
    coach = make_coach()
    ticket = ticket_of(sell(coach))
    scan(ticket, by=nomsa, schedule=coach)
    assert violations(now=NOW) == []

    spoil(ticket)

    assert rule in {found.rule for found in violations(now=NOW)}
