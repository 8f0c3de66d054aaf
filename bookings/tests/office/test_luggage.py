"""Extra luggage at the counter: one field in the flow of a sale, and added later to a paid booking."""

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.models import Order, OutboxMessage, Schedule, Shift, Ticket
from bookings.tests.make import NOW, make_company, make_luggage_rule, make_shift
from bookings.tests.office.conftest import StaffClient
from bookings.tests.office.test_sale import address, held_token, payment
from bookings.tests.passenger.buying import departure_ahead

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule(db: None) -> Schedule:
    return departure_ahead(seats=8)


@pytest.fixture
def till(clerk: StaffClient) -> Shift:
    return make_shift(clerk.user)


def names(client: Client, token: str) -> str:
    return client.get(address(hold=token)).content.decode()


def test_where_none_is_sold_the_screen_is_as_ever(
    clerk: StaffClient, till: Shift, schedule: Schedule
) -> None:
    assert "Extra luggage" not in names(clerk, held_token(clerk, schedule))


def test_one_number_is_shared_out_to_the_passengers_and_paid(
    clerk: StaffClient, till: Shift, schedule: Schedule
) -> None:
    make_company()
    make_luggage_rule()
    token = held_token(clerk, schedule, "2")

    field = names(clerk, token).partition('name="luggage"')[2].partition("</select>")[0]
    answer = clerk.post(
        address(hold=token), payment(**{"name-1": "Sipho Nkosi", "type-1": "adult"}, luggage="3")
    )

    assert re.findall(r"<option[^>]*>([^<]*)", field) == [
        "None",
        "1 · R80",
        "2 · R160",
        "3 · R240",
        "4 · R320",
    ]
    assert 'data-letter="l"' in field
    assert answer.status_code == 302
    order = Order.objects.get()
    assert (order.total, order.status) == (Decimal(1440), "confirmed")
    assert list(Ticket.objects.order_by("pk").values_list("extra_luggage", flat=True)) == [2, 1]
    slips = clerk.get(f"/office/sell/sold/{order.token}/print/").content.decode()
    assert "2 extra pieces of luggage" in slips
    OutboxMessage.objects.update(sent_at=NOW)
    assert violations(now=order.placed_at) == []


@pytest.mark.parametrize(
    ("luggage", "words"), [("2", "Only 1 more extra piece"), ("9", "At most 2 extra pieces")]
)
def test_what_cannot_be_had_is_told_and_what_was_typed_stays(
    clerk: StaffClient, till: Shift, schedule: Schedule, luggage: str, words: str
) -> None:
    make_luggage_rule(schedule=schedule, space=1)
    token = held_token(clerk, schedule)

    answer = clerk.post(address(hold=token), payment(luggage=luggage))

    page = answer.content.decode()
    assert (answer.status_code in (409, 422), words in page) == (True, True)
    assert 'value="Thandi Nkosi"' in page
    assert not Order.objects.exists()


def test_pieces_are_added_to_a_paid_booking_for_money_and_taken_off_again(
    clerk: StaffClient, till: Shift, schedule: Schedule
) -> None:
    make_luggage_rule()
    clerk.post(address(hold=held_token(clerk, schedule)), payment())
    ticket = Ticket.objects.get()
    reference = ticket.booking.booking_reference
    page = f"/office/bookings/{reference}/tickets/{ticket.pk}/luggage/"

    assert page in clerk.get(f"/office/bookings/{reference}/").content.decode()
    quote = clerk.get(page, {"pieces": "2"}).content.decode()
    form = {"pieces": "2", "quoted": "160.00", "version": "1", "submission": "more"}
    unpaid = clerk.post(page, form)
    stale = clerk.post(page, form | {"version": "7", "tender": "cash"})
    done = clerk.post(page, form | {"tender": "cash", "given": "200"}, follow=True).content.decode()

    assert re.search(r"To pay\s*</th>\s*<td>R160</td>", quote)
    assert (unpaid.status_code, "Choose how the balance is paid" in unpaid.content.decode()) == (422, True)
    assert stale.status_code == 409
    assert ("Give R40 change." in done, "2 extra pieces of luggage" in done) == (True, True)
    back = {"pieces": "0", "quoted": "-160.00", "version": "2", "submission": "fewer", "tender": "cash"}
    assert clerk.post(page, back).status_code == 302
    assert (Order.objects.get().total, Ticket.objects.get().extra_luggage) == (Decimal(600), 0)
    OutboxMessage.objects.update(sent_at=NOW)
    assert violations(now=timezone.now()) == []


@pytest.mark.parametrize("pieces", ["", "x", "-1", "10"])
def test_no_number_is_a_question_and_no_error(
    clerk: StaffClient, till: Shift, schedule: Schedule, pieces: str
) -> None:
    clerk.post(address(hold=held_token(clerk, schedule)), payment())
    ticket = Ticket.objects.get()
    page = f"/office/bookings/{ticket.booking.booking_reference}/tickets/{ticket.pk}/luggage/"

    assert "No extra luggage is sold on this trip." in clerk.get(page, {"pieces": pieces}).content.decode()
    assert clerk.post(page, {"pieces": pieces, "submission": "a", "version": "1"}).status_code == 422
