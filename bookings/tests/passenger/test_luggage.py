"""Extra luggage at the checkout, without JavaScript: chosen, shown in the total, refused in words."""

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import HoldTrip, Order, PaymentAttempt, Schedule, Ticket
from bookings.tests.make import make_luggage_rule
from bookings.tests.passenger.buying import departure_ahead, details, hold_by, review_form

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule() -> Schedule:
    return departure_ahead()


def post(client: Client, token: str, **changes: str) -> tuple[int, str]:
    answer = client.post(f"/checkout/{token}/", details(**changes), follow=True)
    return answer.status_code, answer.content.decode()


def test_where_none_is_sold_nobody_is_asked(client: Client, schedule: Schedule) -> None:
    page = client.get(f"/checkout/{hold_by(client, schedule)}/").content.decode()

    assert "Extra luggage" not in page


def test_who_takes_none_along_asks_the_database_nothing_more(client: Client) -> None:
    coach = departure_ahead(seats=20)

    def statements(*labels: str) -> int:
        token = hold_by(client, coach, *labels)
        client.get(f"/checkout/{token}/")  # what is cached by version is read
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/checkout/{token}/")
            client.post(f"/checkout/{token}/", details())
            client.post(f"/checkout/{token}/", review_form(client, token))
        return len(asked)

    statements("1A", "1B")
    without = statements("1C", "1D")
    make_luggage_rule()
    statements("2A", "2B")
    assert statements("2C", "2D") == without
    assert "from R80 each" in client.get("/help/luggage/").content.decode()
    assert Order.objects.count() == 4


def test_what_is_chosen_is_kept_shown_and_paid(client: Client, schedule: Schedule) -> None:
    make_luggage_rule()
    token = hold_by(client, schedule)

    page = client.get(f"/checkout/{token}/").content.decode()
    _status, review = post(client, token, **{"p0-luggage": "2", "p1-luggage": "1"})
    client.post(f"/checkout/{token}/", review_form(client, token))

    options = re.findall(
        r"<option[^>]*>([^<]*)", page.partition('id="p0-luggage"')[2].partition("</select>")[0]
    )
    assert options == ["None", "1 · R80", "2 · R160"]
    assert "2 extra pieces of luggage, R160" in review
    assert '<span>Extra luggage</span><span class="num">R240</span>' in review
    assert "R1\u00a0140" in review
    assert (Order.objects.get().total, PaymentAttempt.objects.get().amount) == (Decimal(1140), Decimal(1140))
    assert sorted(Ticket.objects.values_list("extra_luggage", "luggage_price")) == [
        (1, Decimal(80)),
        (2, Decimal(160)),
    ]


@pytest.mark.parametrize(
    ("refund", "words"),
    [("none", "refunded only within that time"), ("full", "refunded in full"), ("fare", "")],
)
def test_what_comes_back_of_it_is_told_before_paying(
    client: Client, schedule: Schedule, refund: str, words: str
) -> None:
    make_luggage_rule(refund=refund)
    token = hold_by(client, schedule)

    _status, review = post(client, token, **{"p0-luggage": "1"})

    assert (("Extra luggage is" in review) == bool(words), words in review) == (True, True)


def test_what_the_coach_does_not_take_is_refused_beside_its_field_and_nothing_is_lost(
    client: Client, schedule: Schedule
) -> None:
    make_luggage_rule(schedule=schedule, space=2)
    token = hold_by(client, schedule)

    status, page = post(client, token, **{"p0-luggage": "1", "p1-luggage": "2"}, action="pay")

    assert status == 422
    assert "Only 2 more extra pieces of luggage fit on the coach" in page
    assert 'aria-describedby="p0-luggage_error"' in page
    assert ('value="Mokoena"' in page, 'value="2" selected' in page) == (True, True)
    assert not Order.objects.exists()
    post(client, token, **{"p0-luggage": "1", "p1-luggage": "1"})
    assert HoldTrip.objects.get().extra_luggage == 2
    post(client, token)
    assert HoldTrip.objects.get().extra_luggage == 0


@pytest.mark.parametrize("typed", ["3", "-1", "x", "99999999999"])
def test_other_than_the_choices_is_refused_in_words(client: Client, schedule: Schedule, typed: str) -> None:
    make_luggage_rule()
    token = hold_by(client, schedule)

    status, page = post(client, token, **{"p0-luggage": typed})

    assert (status, "At most 2 extra pieces can be taken here." in page) == (422, True)
    assert 'value="Mokoena"' in page


def test_a_rule_that_changed_under_way_is_told_before_paying(client: Client, schedule: Schedule) -> None:
    rule = make_luggage_rule()
    token = hold_by(client, schedule)
    post(client, token, **{"p0-luggage": "2"})
    form = review_form(client, token)
    rule.price = 90
    rule.save()

    answer = client.post(f"/checkout/{token}/", form)

    assert (answer.status_code, Order.objects.exists()) == (409, False)
    assert "R1\u00a0080" in answer.content.decode()
