"""Expected times, from what staff told in whatever order."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings.domain.timetable.call_times import call_times, compact, read_changes
from bookings.models import RouteStop, Schedule, ScheduleChange

START = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
CALLS = [
    RouteStop(position=position, arrive_min=arrive, depart_min=depart)
    for position, (arrive, depart) in enumerate([(0, 0), (60, 70), (130, 130), (135, 150), (240, 240)])
]
LATE, SKIPPED, SERVED = ScheduleChange.Kind.LATE, ScheduleChange.Kind.SKIPPED, ScheduleChange.Kind.SERVED
MINUTE = timedelta(minutes=1)


def told(*changes: tuple[int, int | None]) -> Schedule:
    """A departure of whose calls was told, one after the other, how late they are; None: nobody knows until
    three hours after the start.
    """
    rows = [
        ScheduleChange(
            position=position,
            kind=LATE,
            late_min=late,
            next_word_at=None if late is not None else START + timedelta(hours=3),
            at=START + number * MINUTE,
        )
        for number, (position, late) in enumerate(changes)
    ]
    return Schedule(departure_time=START, call_changes=compact(START, CALLS, rows))


def late_by_stop(schedule: Schedule) -> list[int]:
    return [times.late_min for times in call_times(schedule, CALLS)]


def test_a_departure_without_changes_says_nothing() -> None:
    schedule = told()

    assert schedule.call_changes == ""
    assert not any(times.is_changed for times in call_times(schedule, CALLS))


def test_a_delay_holds_from_its_stop_to_the_next_that_says_something_else() -> None:
    assert late_by_stop(told((2, 45))) == [0, 0, 45, 45, 45]
    assert late_by_stop(told((2, 45), (4, 20))) == [0, 0, 45, 45, 20]
    assert late_by_stop(told((2, 45), (2, 60))) == [0, 0, 60, 60, 60]


def test_no_stop_is_expected_before_the_one_above_it() -> None:
    assert late_by_stop(told((2, 45), (3, 0))) == [0, 0, 45, 25, 0]


def test_boarding_waits_for_the_latest_time_that_was_told() -> None:
    schedule = told((1, 60), (1, 15))

    times = call_times(schedule, CALLS)[1]
    assert times.expected_departure == START + 85 * MINUTE
    assert times.latest_departure == START + 130 * MINUTE
    assert late_by_stop(told((1, 60), (1, 0))) == [0] * 5


def test_a_delay_that_nobody_knows_lasts_until_the_next_news_at_least() -> None:
    times = call_times(told((2, None)), CALLS)

    assert times[1].next_word_at is None
    assert times[2].next_word_at == times[4].next_word_at == START + timedelta(hours=3)
    assert times[2].expected_departure == START + timedelta(hours=3)
    assert times[4].late_min == 50


def test_a_skipped_stop_is_told_apart_from_the_delay() -> None:
    rows = [
        ScheduleChange(position=1, kind=LATE, late_min=20, at=START),
        ScheduleChange(position=2, kind=SKIPPED, at=START + MINUTE),
    ]
    changes = read_changes(compact(START, CALLS, rows))
    assert [change.is_skipped for change in changes.values()] == [False, True, False, False]
    assert {change.depart_late for change in changes.values()} == {20}

    rows.append(ScheduleChange(position=2, kind=SERVED, at=START + 2 * MINUTE))
    assert not any(change.is_skipped for change in read_changes(compact(START, CALLS, rows)).values())


ANY = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from([LATE, LATE, LATE, SKIPPED, SERVED]),
        st.none() | st.integers(0, 400),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANY)
def test_whatever_is_changed_times_never_decrease_along_the_ride(
    changes: list[tuple[int, str, int | None]],
) -> None:
    rows = [
        ScheduleChange(
            position=position,
            kind=kind,
            late_min=late if kind == LATE else None,
            next_word_at=START + timedelta(hours=2) if kind == LATE and late is None else None,
            at=START + number * MINUTE,
        )
        for number, (position, kind, late) in enumerate(changes)
    ]
    times = call_times(Schedule(departure_time=START, call_changes=compact(START, CALLS, rows)), CALLS)

    for call in times:
        assert call.planned_arrival <= call.expected_arrival <= call.expected_departure
        assert call.planned_departure <= call.expected_departure <= call.latest_departure
    for one, two in pairwise(times):
        assert one.expected_departure <= two.expected_arrival
    first = min((position for position, _kind, _late in changes), default=5)
    assert not any(call.is_changed for call in times[:first])
