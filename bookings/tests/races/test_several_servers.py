"""Two web processes, two consumers, a primary and its streaming replica, one Redis.

Whoever books sees one company.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from bookings.domain.integrity.invariants import violations
from bookings.domain.search.feed_publishing import publish_feed
from bookings.models import Booking, Schedule, SeatClaim, Stop
from bookings.tests.domain.messaging.sink import Sink, sink_server
from bookings.tests.make import make_schedule
from bookings.tests.races.buyer import Buyer
from bookings.tests.races.crowd import SCALE, figure
from bookings.tests.races.service import Service, database_url
from bookings.tests.replica import Replica, replica_of
from bookings.tests.servers import RedisServer, redis_server

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.database,
    pytest.mark.redis,
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no replica"),
]
WAY: Final = ("johannesburg", "cape-town")
MAX_LAG: Final = (
    4.0  # within it a busy machine, too, has answered what is asked while the replica stands still
)
ONE: Final = ("--workers", "1")  # so that it is known which process answers


@dataclass
class Company:
    webs: list[Service]
    replica: Replica
    redis: RedisServer
    sink: Sink
    inside: list[Buyer] = field(default_factory=list)

    def visitor(self, web: int = 0) -> Buyer:
        self.inside.append(Buyer(self.webs[web].url))
        return self.inside[-1]

    def close(self) -> None:
        while self.inside:
            self.inside.pop().close()

    def searched(self, schedule: Schedule, buyer: Buyer | None = None, web: int = 0) -> str:
        """The page of results of the departure's day; of a stranger's, unless a buyer is named."""
        day = timezone.localtime(schedule.departure_time).date().isoformat()
        return (buyer or self.visitor(web)).search(*WAY, day)

    def shown_to_programs(self, address: str, **headers: str) -> str:
        """To a program: what an answer shows, and for a file which one it is."""
        answer = httpx.get(self.webs[0].url + address, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.headers["ETag"] if address.endswith(".zip") else answer.text

    def health(self) -> tuple[str, str]:
        """In all, and of the replica."""
        report = httpx.get(f"{self.webs[0].url}/health/").json()
        return report["status"], report["replica"]

    def warm_up(self, schedule: Schedule, price: str = "R600") -> None:
        """Until every process has just seen that the replica is up to date."""
        self.replica.catch_up()
        for _time in range(3):
            for web in (0, 1):
                assert price in self.searched(schedule, web=web)
            time.sleep(0.1)


@pytest.fixture(scope="module")
def company(
    django_db_setup: None, django_db_blocker: Any, static_files: Path, tmp_path_factory: Any
) -> Iterator[Company]:
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        redis = stack.enter_context(redis_server())
        sink, port = stack.enter_context(sink_server())
        replica = stack.enter_context(replica_of(database_url()))
        shared = {
            "REPLICA_URL": replica.url,
            "REPLICA_MAX_LAG": str(MAX_LAG),
            "REDIS_URL": redis.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{port}",
        }
        webs = []
        for number in range(2):
            site = Service(tmp_path_factory.mktemp(f"web{number}"), static=static_files, **shared)
            stack.callback(site.stop)
            site.start("queue", *(["--no-periodic"] if number else []))
            site.start("web", *ONE, wait=False)
            webs.append(site)
        for site in webs:
            site.wait_for_web()
        found = Company(webs, replica, redis, sink)
        stack.callback(found.close)
        yield found


@pytest.fixture
def schedule(company: Company) -> Schedule:
    return make_schedule(departs=timezone.now() + timedelta(days=3))


def test_a_purchase_goes_through_both_and_its_mail_is_sent_once(company: Company, schedule: Schedule) -> None:
    one, other = (web.url for web in company.webs)
    buyer, stranger = company.visitor(0), company.visitor(1)

    buyer.look(schedule.pk, *WAY)
    assert buyer.hold("1A").status == 302
    assert "1A" not in stranger.look(schedule.pk, *WAY)
    buyer.client.base_url = other
    buyer.fill_in()
    gateway = buyer.place(buyer.order_form())
    buyer.client.base_url = one
    buyer.pay(gateway)
    buyer.client.base_url = other
    reference = buyer.wait_for_ticket()

    assert Booking.objects.get().status == "confirmed"
    assert buyer.get(f"/bookings/{reference}/").status_code == 200
    until = time.monotonic() + 75  # the sweep of the next minute at the latest
    while not company.sink.mails and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(0.5)  # for a second one, if there were one
    assert len(company.sink.mails) == 1
    assert violations(now=timezone.now()) == []


def test_strangers_search_on_the_replica_as_long_as_it_is_near(company: Company, schedule: Schedule) -> None:
    company.warm_up(schedule)
    company.replica.pause()
    try:
        Schedule.objects.filter(pk=schedule.pk).update(price_zar=777, revision=F("revision") + 1)
        asked = time.monotonic()
        late = [company.searched(schedule, web=web) for web in (0, 1)]
        assert time.monotonic() - asked < MAX_LAG, "too slow a machine for this test"
        assert all("R600" in page and "R777" not in page for page in late), (
            "searches do not come from the replica"
        )

        time.sleep(MAX_LAG + 0.5)

        assert all("R777" in company.searched(schedule, web=web) for web in (0, 1)), (
            "a replica that is far behind is still read"
        )
        assert company.health() == ("degraded", "error")
    finally:
        company.replica.resume()
    company.warm_up(schedule, price="R777")
    assert company.health()[1] == "ok"


def test_programs_without_a_key_read_the_replica_and_those_with_one_never(
    company: Company, schedule: Schedule
) -> None:
    Stop.objects.update(latitude=Decimal("-26.2"), longitude=Decimal("28.05"))  # or a feed leaves them out
    publish_feed()
    company.warm_up(schedule)
    day = timezone.localtime(schedule.departure_time).date()
    search = f"/api/v1/search/?from={WAY[0]}&to={WAY[1]}&date={day}&passengers=1"
    addresses = [
        search,
        f"/api/v1/schedules/?route={schedule.route_id}",
        f"/api/v1/schedules/{schedule.pk}/",
        "/gtfs.zip",
    ]
    before = [company.shown_to_programs(address) for address in addresses]
    company.replica.pause()
    try:
        Schedule.objects.filter(pk=schedule.pk).update(price_zar=777, revision=F("revision") + 1)
        publish_feed()
        asked = time.monotonic()
        late = [company.shown_to_programs(address) for address in addresses]
        fresh = [company.shown_to_programs(address, Authorization="Bearer fbl_any") for address in addresses]

        assert time.monotonic() - asked < MAX_LAG, "too slow a machine for this test"
        assert late == before, "they do not come from the replica"
        assert all(answer != known for answer, known in zip(fresh, before, strict=True)), (
            "a program may miss what it did itself"
        )
    finally:
        company.replica.resume()
    company.replica.catch_up()


def test_nobody_misses_what_he_did_himself_while_the_replica_stands_still(company: Company) -> None:
    schedule = make_schedule(departs=timezone.now() + timedelta(days=3), seats=1)
    company.warm_up(schedule)
    company.replica.pause()
    try:
        buyer, stranger = company.visitor(0), company.visitor(1)
        for each in (buyer, stranger):
            assert each.look(schedule.pk, *WAY) == ["1A"]
        held = buyer.hold("1A")
        form = stranger.fields
        seen_late = company.searched(schedule, stranger)
        seen_by_buyer = []
        for web in company.webs:
            buyer.client.base_url = web.url
            seen_by_buyer.append(company.searched(schedule, buyer))

        assert held.status == 302
        assert _is_offered(schedule, seen_late), "this proves nothing: the replica was not read"
        assert not any(_is_offered(schedule, page) for page in seen_by_buyer), (
            "a seat that he took looks free to him"
        )
        # The strip of prices is kept for a minute; a fresh reader's is not the stranger's.
        assert "from R600" in seen_late
        assert not any("from R600" in page for page in seen_by_buyer), (
            "what the replica said is shown as fresh"
        )
        # Whatever a stranger was shown: the seat is asked for on the primary.
        stranger.fields = form
        assert stranger.hold("1A").status == 409
        assert stranger.look(schedule.pk, *WAY) == []
        assert SeatClaim.objects.filter(schedule=schedule).values("seat").distinct().count() == 1

        if SCALE:  # after his cookie has ended the replica is known to be too far behind
            time.sleep(MAX_LAG + 3)
            assert not any(
                _is_offered(schedule, company.searched(schedule, each)) for each in (buyer, stranger)
            )
    finally:
        company.replica.resume()
    company.replica.catch_up()


def _is_offered(schedule: Schedule, page: str) -> bool:
    return f"/departures/{schedule.pk}/" in page


def test_a_replica_that_hangs_or_dies_slows_one_request_only(company: Company, schedule: Schedule) -> None:
    company.warm_up(schedule)
    usual = statistics.median(_seconds(company, schedule) for _time in range(5))

    company.replica.freeze()
    frozen = [_seconds(company, schedule, web=0) for _time in range(5)]
    company.replica.thaw()
    company.replica.stop()
    dead = [_seconds(company, schedule, web=1) for _time in range(5)]

    figure(
        "HTTP: replica away",
        usual_s=round(usual, 3),
        frozen_first_s=round(frozen[0], 3),
        dead_first_s=round(dead[0], 3),
    )
    for first, *rest in (frozen, dead):
        assert first - usual <= _WAITS + 1.5  # of a busy machine
        assert min(rest) - usual < _WAITS, "each of them waited"
    company.replica.start()
    until = time.monotonic() + 60
    while company.replica.ask("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()") < 2:
        assert time.monotonic() < until, "it is never asked again"
        _seconds(company, schedule)


_WAITS: Final = 0.5  # who meets the replica first after it was lost


def _seconds(company: Company, schedule: Schedule, *, web: int = 0) -> float:
    started = time.monotonic()
    assert "R600" in company.searched(schedule, web=web)
    return time.monotonic() - started
