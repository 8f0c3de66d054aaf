from datetime import timedelta
from typing import Any

import pytest

from bookings.base.errors import AlreadySubmitted, HoldExpired, NotFound, RuleBroken
from bookings.domain.sales.checkout import CheckoutRequest, place_order, save_draft
from bookings.domain.sales.checkout_page import checkout_view
from bookings.domain.sales.checkout_review import ReviewOutdated, fare_rules, place_and_pay, review_digest
from bookings.models import Hold, HoldSeat, Order, PaymentAttempt, Schedule
from bookings.tests.domain.sales.buy import ANN, SIPHO, held
from bookings.tests.make import NOW, make_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule() -> Schedule:
    return make_schedule()


def digest(hold: Hold) -> str:
    return review_digest(checkout_view(hold.token, owner="ann", now=NOW))


def place(hold: Hold, **changes: Any) -> Any:
    form = {"owner": "ann", "submission": "form", "digest": digest(hold), "choice": "now", "now": NOW}
    return place_and_pay(hold.token, **{**form, **changes})


def test_an_order_leads_to_its_payment_and_again_to_the_same(schedule: Schedule) -> None:
    hold = held(schedule)

    first, again = place(hold), place(hold, now=NOW + timedelta(minutes=15))

    assert first.pay_at == again.pay_at == f"/payments/demo/{PaymentAttempt.objects.get().token}/"
    assert Order.objects.count() == 1


def test_paying_later_leads_nowhere_else(schedule: Schedule) -> None:
    assert place(held(schedule), choice="later").pay_at == ""


def test_the_other_choice_by_the_same_form_is_refused(schedule: Schedule) -> None:
    hold = held(schedule)
    place(hold)

    with pytest.raises(AlreadySubmitted):
        place(hold, choice="later")


def test_a_review_of_another_price_orders_nothing(schedule: Schedule) -> None:
    hold = held(schedule)
    seen = digest(hold)
    HoldSeat.objects.update(fares={"adult": "999.00", "child": "1.00"})

    with pytest.raises(ReviewOutdated):
        place(hold, digest=seen)

    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("owner", "moment", "error"),
    [("bob", timedelta(0), NotFound), ("ann", timedelta(minutes=11), HoldExpired)],
)
def test_foreign_and_expired_holds_are_refused(
    schedule: Schedule, owner: str, moment: timedelta, error: type
) -> None:
    with pytest.raises(error):
        place(held(schedule), owner=owner, now=NOW + moment)


def test_a_draft_with_a_problem_cannot_be_ordered(schedule: Schedule) -> None:
    hold = held(schedule)
    save_draft(
        hold.token, owner="ann", passengers=[ANN, SIPHO], email="ann@", phone="", problem="Look again."
    )

    view = checkout_view(hold.token, owner="ann", now=NOW)

    assert (view.problem, view.is_complete, view.draft["email"]) == ("Look again.", False, "ann@")


def test_the_rules_of_each_class_are_told_once(schedule: Schedule) -> None:
    rules = fare_rules(checkout_view(held(schedule).token, owner="ann", now=NOW))

    assert [rule.class_name for rule in rules] == ["Standard"]
    assert rules[0].lines[1].back == "75% refund"


@pytest.mark.parametrize("submission", ["", "x" * 81, "a\x00b"])
def test_a_form_without_a_sound_token_orders_nothing(schedule: Schedule, submission: str) -> None:
    with pytest.raises(RuleBroken, match="no longer valid"):
        place(held(schedule), submission=submission)

    assert not Order.objects.exists()


def test_a_form_that_somebody_else_posts_again_tells_them_nothing(schedule: Schedule) -> None:
    hold = held(schedule)
    place_order(CheckoutRequest(hold.token, "ann"), submission="form", content="", now=NOW)

    with pytest.raises(NotFound):
        place_order(CheckoutRequest(hold.token, "ben"), submission="form", content="", now=NOW)


@pytest.mark.database
def test_what_was_reviewed_is_compared_once_nobody_can_change_it_any_more(schedule: Schedule) -> None:
    hold = held(schedule)

    def check(*_held: object) -> None:
        raise ReviewOutdated

    with pytest.raises(ReviewOutdated):
        place_order(CheckoutRequest(hold.token, "ann"), submission="form", content="", check=check, now=NOW)

    assert not Order.objects.exists()
