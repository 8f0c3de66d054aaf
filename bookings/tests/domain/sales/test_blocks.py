from datetime import timedelta

import pytest

from bookings.base.errors import Conflict, RuleBroken, SeatTaken
from bookings.domain.integrity.invariants import violations
from bookings.domain.sales.blocks import BlockRequest, block_seats, release_block
from bookings.domain.sales.holds import HoldRequest, hold_seats
from bookings.domain.timetable.segments import SegmentRef, get_segment
from bookings.models import SeatBlock, SeatClaim
from bookings.tests.make import NOW, make_booking, make_schedule, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.database
def test_blocked_seats_are_not_sold_until_they_are_released() -> None:
    schedule = make_schedule()
    segment = get_segment(SegmentRef(schedule.pk, "johannesburg", "cape-town"))

    block, _other = block_seats(BlockRequest(schedule.pk, ["1A", "1B"], "crew rest"), by=make_user(), now=NOW)

    with pytest.raises(SeatTaken):
        hold_seats(segment, ["1A"], HoldRequest("ann"), now=NOW)
    schedule.refresh_from_db()
    assert schedule.available_seats == 6
    assert violations(now=NOW) == []
    release_block(block.schedule_id, block.pk, now=NOW)
    hold_seats(segment, ["1A"], HoldRequest("ann"), now=NOW)
    assert violations(now=NOW) == []


@pytest.mark.database
def test_a_block_ends_by_itself_at_its_release_time() -> None:
    schedule = make_schedule()
    release_at = NOW + timedelta(hours=1)
    block_seats(BlockRequest(schedule.pk, ["1A"], "guest", release_at), now=NOW)

    hold_seats(
        get_segment(SegmentRef(schedule.pk, "johannesburg", "cape-town")),
        ["1A"],
        HoldRequest("ann"),
        now=release_at,
    )

    assert not SeatClaim.objects.filter(kind="blocked").exists()
    assert violations(now=release_at) == []


@pytest.mark.database
def test_all_seats_are_blocked_or_none() -> None:
    schedule = make_schedule()
    make_booking(schedule=schedule)

    with pytest.raises(SeatTaken):
        block_seats(BlockRequest(schedule.pk, ["1A", "1B"], "broken"), now=NOW)

    assert not SeatBlock.objects.exists()


def test_a_block_wants_a_reason_and_a_time_to_come() -> None:
    schedule = make_schedule()

    with pytest.raises(RuleBroken, match="why"):
        block_seats(BlockRequest(schedule.pk, ["1A"], " "), now=NOW)
    with pytest.raises(RuleBroken, match="in the future"):
        block_seats(BlockRequest(schedule.pk, ["1A"], "guest", NOW), now=NOW)


def test_a_block_is_released_once() -> None:
    (block,) = block_seats(BlockRequest(make_schedule().pk, ["1A"], "guest"), now=NOW)
    release_block(block.schedule_id, block.pk, now=NOW)

    with pytest.raises(Conflict):
        release_block(block.schedule_id, block.pk, now=NOW)
