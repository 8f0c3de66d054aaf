"""The last seats, through the real pages and a real web server with two workers."""

import random
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.models import Booking, LedgerEntry, Order, OutboxMessage, Schedule, SeatClaim
from bookings.tests.make import make_schedule
from bookings.tests.races.buyer import Answer, Buyer, Visit
from bookings.tests.races.crowd import crowd, figure, kinds, many, p95, sell
from bookings.tests.races.service import Service

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
WAY = ("johannesburg", "cape-town")
Cost = dict[str, float]


def departure(*, seats: int = 44) -> Schedule:
    return make_schedule(seats=seats, departs=timezone.now() + timedelta(days=3))


def race(
    site: Service, visit: Visit, people: int, schedule: Schedule, choices: Sequence[dict[str, Any]]
) -> tuple[list[Answer], Cost]:
    """Everybody opens the seat map first.

    Then all send their choice together. Site and clients share the processors of one machine.
    """
    buyers = [visit() for _number in range(people)]
    crowd(people, lambda number: buyers[number].look(schedule.pk, *WAY), at_once=8)
    ours, theirs = site.cpu_seconds(), time.process_time()
    answers = crowd(people, lambda number: _hold(buyers[number], choices[number]), at_once=people)
    cost = {
        "site_cpu_s": round(site.cpu_seconds() - ours, 1),
        "clients_cpu_s": round(time.process_time() - theirs, 1),
    }
    assert kinds(answers) == {"ok": people}
    assert not [answer for answer in answers if answer.status >= 500]
    return answers, cost


def _hold(buyer: Buyer, choice: dict[str, Any]) -> Answer:
    return buyer.hold(*choice.get("seats", ()), any_of=choice.get("any_of", 0))


def report(scenario: str, answers: list[Answer], cost: Cost, **more: int) -> None:
    waited = [answer.seconds for answer in answers]
    figure(
        scenario,
        clients=len(answers),
        p95_s=round(p95(waited), 2),
        slowest_s=round(max(waited), 2),
        **cost,
        **more,
    )


@pytest.mark.parametrize("repeat", range(many(1, 4)))
def test_last_five_seats_go_to_exactly_five_clients(site: Service, visit: Visit, repeat: int) -> None:
    schedule, people = departure(), many(60, 200)
    sell(schedule, 39, now=timezone.now())
    free = visit().look(schedule.pk, *WAY)
    assert len(free) == 5
    choices = [{"seats": [free[number % 5]]} if number % 2 else {"any_of": 1} for number in range(people)]

    answers, cost = race(site, visit, people, schedule, choices)

    won = [answer for answer in answers if answer.status == 302]
    lost = [answer for answer in answers if answer.status == 409]
    assert len(won) + len(lost) == people
    # Who named a seat may lose it to another while others go free; the seats themselves are never sold twice.
    assert SeatClaim.objects.filter(schedule=schedule, kind="held").count() == len(won) * 2
    assert all("taken" in answer.words or "No seat is available" in answer.words for answer in lost)
    assert len(won) == 5
    assert violations(now=timezone.now()) == []
    report("HTTP: last 5 seats", answers, cost, held=len(won))


def test_fifty_free_seats_go_to_exactly_fifty_clients(site: Service, visit: Visit) -> None:
    schedule, people = departure(seats=50), many(80, 200)

    answers, cost = race(site, visit, people, schedule, [{"any_of": 1}] * people)

    assert sorted(answer.status for answer in answers) == [302] * 50 + [409] * (people - 50)
    assert all("No seat is available" in answer.words for answer in answers if answer.status == 409)
    assert SeatClaim.objects.filter(schedule=schedule).values("seat").distinct().count() == 50
    assert violations(now=timezone.now()) == []
    report("HTTP: 50 free seats", answers, cost, held=50)


def test_groups_of_four_get_all_or_nothing(site: Service, visit: Visit) -> None:
    schedule, people = departure(seats=40), many(40, 100)
    labels = list(schedule.layout.seats.values_list("label", flat=True))
    choices = [{"seats": random.Random(number).sample(labels, 4)} for number in range(people)]

    answers, cost = race(site, visit, people, schedule, choices)

    won = [answer for answer in answers if answer.status == 302]
    assert {answer.status for answer in answers} <= {302, 409}
    assert 1 <= len(won) <= 10
    assert SeatClaim.objects.filter(schedule=schedule).count() == len(won) * 4 * 2
    assert all("taken" in answer.words for answer in answers if answer.status == 409)
    assert violations(now=timezone.now()) == []
    report("HTTP: groups of 4", answers, cost, groups=len(won))


def test_one_checkout_sent_by_a_hundred_makes_one_order(visit: Visit) -> None:
    schedule, times = departure(), many(30, 100)
    buyer = visit()
    buyer.look(schedule.pk, *WAY)
    buyer.hold("1A", "1B")
    buyer.fill_in(2)
    form = buyer.order_form(pay="later")

    addresses = crowd(times, lambda number: buyer.place(form), at_once=times)

    assert kinds(addresses) == {"ok": times}
    assert len({*addresses, buyer.place(form)}) == 1
    assert Order.objects.count() == Booking.objects.count() == 1
    assert LedgerEntry.objects.count() == 2
    assert OutboxMessage.objects.count() == 1
    changed = buyer.post(buyer.checkout, {**form, "pay": "now"})
    assert changed.status_code == 409
    assert Order.objects.get().pays_later
    assert violations(now=timezone.now()) == []
    figure("HTTP: one checkout posted again and again", posts=times, orders=1)


def test_a_whole_purchase_and_its_cancellation(visit: Visit) -> None:
    schedule = departure()
    buyer = visit()
    day = timezone.localtime(schedule.departure_time).date().isoformat()
    assert f"/departures/{schedule.pk}/" in buyer.search(*WAY, day)

    buyer.buy(schedule.pk, *WAY, passengers=2)
    reference = buyer.wait_for_ticket()
    answer = buyer.cancel()

    assert answer.status_code == 302
    assert Booking.objects.get(booking_reference=reference).status == "cancelled"
    assert violations(now=timezone.now()) == []
