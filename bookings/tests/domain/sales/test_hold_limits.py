from datetime import timedelta
from typing import Any

import pytest

from bookings.domain.counter.sale import SeatRequest, keep_seats
from bookings.domain.inventory.claims import read_claims
from bookings.domain.operations.tasks import finish_task, open_tasks
from bookings.domain.sales.checkout import CheckoutRequest, place_order, save_draft
from bookings.domain.sales.hold_limits import HoldLimitReached, NetworkFull, check_hold_limits
from bookings.domain.sales.hold_renewal import rehold
from bookings.domain.sales.holds import HoldRequest, hold_any, hold_seats
from bookings.domain.timetable.segments import Segment, SegmentRef, get_segment
from bookings.domain.timetable.trips import clock_text
from bookings.models import Schedule, SeatClaim, StaffTask, Submission, User
from bookings.tests.domain.sales.buy import ANN
from bookings.tests.make import NOW, make_schedule, make_user

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=11)


@pytest.fixture
def schedule(settings: Any) -> Schedule:
    settings.HOLD_NETWORK_SHARE = 0.4
    return make_schedule(seats=40)


def segment_of(schedule: Schedule, start: str = "johannesburg", end: str = "cape-town") -> Segment:
    return get_segment(SegmentRef(schedule.pk, start, end))


def fill(schedule: Schedule, network: str = "home") -> None:
    """The 16 seats that a network may keep of this coach."""
    for owner in ("ann", "ben"):
        hold_any(segment_of(schedule), 8, HoldRequest(owner, network=network), now=NOW)


@pytest.mark.database
def test_seats_are_counted_once_however_many_legs_and_rides_they_are_held_for(schedule: Schedule) -> None:
    hold_any(segment_of(schedule, end="bloemfontein"), 9, HoldRequest("ann", network="home"), now=NOW)

    for owner, network in [("ann", "home"), ("ann", "elsewhere")]:
        hold_any(
            segment_of(schedule), 9, HoldRequest(owner, network=network), now=NOW
        )  # in place of the others

    assert SeatClaim.objects.filter(schedule=schedule).values("seat").distinct().count() == 9


@pytest.mark.database
def test_unpaid_orders_count_and_paid_ones_and_expired_holds_do_not(schedule: Schedule) -> None:
    hold = hold_any(segment_of(schedule), 8, HoldRequest("ann", network="home"), now=NOW)
    save_draft(hold.token, owner="ann", passengers=[ANN] * 8, email="ann@example.com", phone="")
    order = place_order(CheckoutRequest(hold.token, "ann"), submission="form", content="", now=NOW)
    hold_any(segment_of(schedule), 8, HoldRequest("ben", network="home"), now=NOW)
    with pytest.raises(NetworkFull):
        hold_any(segment_of(schedule), 1, HoldRequest("cas", network="home"), now=NOW)

    SeatClaim.objects.filter(ticket__booking__order=order).update(kind=SeatClaim.Kind.SOLD, expires_at=None)
    hold_any(segment_of(schedule), 8, HoldRequest("cas", network="home"), now=NOW)
    with pytest.raises(NetworkFull):
        hold_any(segment_of(schedule), 1, HoldRequest("dan", network="home"), now=NOW)
    hold_any(segment_of(schedule), 1, HoldRequest("dan", network="home"), now=LATER)


def test_a_full_network_is_told_when_seats_will_have_run_out(schedule: Schedule) -> None:
    """Those of an order to be paid later stay for hours, not for a few minutes."""
    hold = hold_any(segment_of(schedule), 8, HoldRequest("ann", network="home"), now=NOW)
    save_draft(hold.token, owner="ann", passengers=[ANN] * 8, email="ann@example.com", phone="")
    later = CheckoutRequest(hold.token, "ann", pay_later=True)
    order = place_order(later, submission="form", content="", now=NOW)
    SeatClaim.objects.filter(ticket__booking__order=order).update(expires_at=NOW + timedelta(hours=20))
    hold_any(segment_of(schedule), 8, HoldRequest("ben", network="home"), now=NOW)
    minutes = SeatClaim.objects.filter(hold_trip__isnull=False).values_list("expires_at", flat=True)[0] - NOW

    with pytest.raises(NetworkFull) as one_more:
        hold_any(segment_of(schedule), 1, HoldRequest("cas", network="home"), now=NOW)
    with pytest.raises(NetworkFull) as nine_more:
        hold_any(segment_of(schedule), 9, HoldRequest("cas", network="home"), now=NOW)

    assert one_more.value.retry_after == minutes.total_seconds()
    assert nine_more.value.retry_after == 20 * 3600
    assert clock_text(NOW + timedelta(hours=20), NOW) in nine_more.value.message
    assert "paid" in nine_more.value.message


def test_who_holds_nine_seats_is_told_how_long_they_stay(schedule: Schedule) -> None:
    hold = hold_any(segment_of(schedule), 9, HoldRequest("ann", network="home"), now=NOW)

    with pytest.raises(HoldLimitReached) as refused:
        check_hold_limits(
            schedule, 1, read_claims(schedule.pk).live(NOW), owner="ann", network="home", now=NOW
        )

    assert refused.value.retry_after == (hold.expires_at - NOW).total_seconds()


def test_a_hold_that_ran_out_is_not_a_way_round_the_share(schedule: Schedule) -> None:
    early = hold_seats(
        segment_of(schedule),
        ["10A", "10B"],
        HoldRequest("cas", network="home"),
        now=NOW - timedelta(minutes=11),
    )
    fill(schedule)

    with pytest.raises(NetworkFull):
        rehold(early.token, owner="cas", now=NOW)

    assert StaffTask.objects.filter(kind="hoarding").count() == 1


def test_the_counter_is_exempt(schedule: Schedule) -> None:
    fill(schedule)
    clerk = make_user()

    for _sale in range(2):
        keep_seats(
            SeatRequest(SegmentRef(schedule.pk, "johannesburg", "cape-town"), (), 11), clerk=clerk, now=NOW
        )

    assert SeatClaim.objects.filter(schedule=schedule).values("seat").distinct().count() == 16 + 22


def test_a_small_coach_still_takes_one_party(settings: Any) -> None:
    settings.HOLD_NETWORK_SHARE = 0.4
    schedule = make_schedule(seats=12)

    hold_any(segment_of(schedule), 9, HoldRequest("ann", network="home"), now=NOW)

    with pytest.raises(HoldLimitReached):
        hold_any(segment_of(schedule), 1, HoldRequest("ben", network="home"), now=NOW)


@pytest.mark.database
def test_staff_are_told_once_until_somebody_has_looked(schedule: Schedule) -> None:
    fill(schedule, network="f3a9" * 16)

    def refuse() -> None:
        with pytest.raises(NetworkFull):
            hold_seats(segment_of(schedule), ["10A"], HoldRequest("cas", network="f3a9" * 16), now=NOW)

    refuse()
    refuse()

    task = StaffTask.objects.get()
    assert task.detail == (
        "16 of 40 seats of Johannesburg – Cape Town, Fri 4 Dec 10:00, are held unpaid from one network "
        "(f3a9f3a9)."
    )
    clerk = make_user(role=User.Role.SUPERVISOR)
    assert [row.detail for row in open_tasks(clerk, now=NOW).rows] == [task.detail]
    finish_task(task.pk, user=clerk, note="a school class", submission="s", content="c", now=NOW)
    refuse()
    assert StaffTask.objects.filter(done_at=None).count() == 1
    assert Submission.objects.count() == 1
