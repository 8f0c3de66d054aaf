"""Somebody knows surnames and guesses references, from fifty networks.

And measures how long the answers take.
"""

import random
import statistics
from collections import Counter
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.base.codes import random_code
from bookings.domain.tickets.links import make_link
from bookings.tests.make import make_booking
from bookings.tests.races.crowd import figure, many, timed

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NETWORKS = 50


def test_guessers_are_stopped_after_ten_tries_for_each_network_and_hit_nothing(settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "find": "10/15m", "find_all": "60/m"}
    booking = make_booking()
    browsers = [Client(REMOTE_ADDR=f"198.51.{network}.{1 + network}") for network in range(NETWORKS)]
    guesses, failed, answers = many(300, 10_000), Counter[int](), Counter[int]()

    for number in range(guesses):
        network = number % NETWORKS
        answer = browsers[network].post("/bookings/", {"reference": random_code(8), "proof": "Nkosi"})
        answers[answer.status_code] += 1
        failed[network] += answer.status_code == 404

    owner = Client(REMOTE_ADDR="203.0.113.7")
    mine = owner.post("/bookings/", {"reference": booking.booking_reference, "proof": "Nkosi"})
    figure(
        "guessing references",
        guesses=guesses,
        networks=NETWORKS,
        hits=answers[200],
        most_of_a_network=max(failed.values()),
        **statuses(answers),
    )
    assert set(answers) <= {404, 429}
    assert max(failed.values()) <= 10
    assert mine.status_code == 200


def statuses(answers: Counter[int]) -> dict[str, int]:
    return {f"answer_{status}": count for status, count in sorted(answers.items())}


def test_failures_take_the_same_time(client: Client) -> None:
    """Measured and told, never judged here: a busy machine has its moods. To be reached: 10 ms."""
    known = [make_booking(email=f"owner{number}@example.com").booking_reference for number in range(20)]
    kinds = {
        "unknown": lambda: (random_code(8), "Nkosi"),
        "wrong_name": lambda: (random.choice(known), "Dlamini"),
        "wrong_mail": lambda: (random.choice(known), "nobody@example.com"),
    }
    took: dict[str, list[float]] = {name: [] for name in kinds}

    for _time in range(many(10, 1000)):
        for name, pick in kinds.items():
            reference, proof = pick()
            answer, seconds = timed(client.post, "/bookings/", {"reference": reference, "proof": proof})
            assert answer.status_code == 404
            took[name].append(seconds)

    medians = {name: statistics.median(each) * 1000 for name, each in took.items()}
    apart = max(medians.values()) - min(medians.values())
    figure(
        "guessing: time of a failure",
        apart_ms=f"{apart:.2f}",
        **{f"{name}_ms": f"{ms:.2f}" for name, ms in medians.items()},
    )


def test_the_owners_mailed_link_opens_while_somebody_guesses_their_reference(settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "find": "10/15m"}
    booking = make_booking()
    wrong = {"reference": booking.booking_reference, "proof": "Wrong"}
    statuses = [
        Client(REMOTE_ADDR=f"198.51.{network}.1").post("/bookings/", wrong).status_code
        for network in range(12)
    ]
    assert statuses == [404] * 10 + [429] * 2

    owner = Client(REMOTE_ADDR="203.0.113.7")
    right = owner.post("/bookings/", {**wrong, "proof": "Nkosi"})
    link = f"/bookings/link/{make_link(booking.order, now=timezone.now())}/"

    assert right.status_code == 429
    assert owner.get(link).status_code == 302
    assert owner.get(f"/bookings/{booking.booking_reference}/").status_code == 200
