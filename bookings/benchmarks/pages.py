"""Which pages are measured, against which floor, and what they must reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from typing import Any, Final

from django.utils import timezone

from bookings.benchmarks.client import Client
from bookings.benchmarks.probe_headers import COUNT, FORGET
from bookings.benchmarks.stage import Stage

CONSTANT: Final = "floor 1: constant page"
ROWS: Final = "floor 2: one statement, bare rows"
TODAY: Final = "its statement as the site asks today"
COLD: Final = "results, list made anew"
REPORT: Final = 40.0  # times floor 2, with a million bookings
PAGE: Final = "results:*:page:*"  # keys of whole pages; those of the lists in them are results:* as well


@dataclass(frozen=True)
class Case:
    name: str
    addresses: Sequence[str]
    headers: dict[str, str] = field(default_factory=dict)
    floor: str = ""
    target: float = 0.0  # times the floor; 0: no figure to reach


def cases(facts: dict[str, Any]) -> list[Case]:
    search = [f"/search/{query}" for query in facts["search"]]
    office = {"Cookie": facts["cookie"]}
    cases = [
        Case(CONSTANT, ["/floor/constant/"]),
        Case(ROWS, [f"/floor/departures/{query}" for query in facts["search"]]),
        Case(TODAY, [f"/floor/departures/today/{query}" for query in facts["search"]], floor=ROWS),
        Case("results, whole page kept", search, floor=ROWS, target=0.6),
        Case("results, page made from kept fragments", search, {FORGET: PAGE}, ROWS, 1),
        Case(COLD, search, {FORGET: "results:*"}, ROWS, 2.5),
        Case("results, prices of 15 days made anew", search, {FORGET: f"{PAGE},days:*"}, ROWS),
        Case("departure with seat map", facts["departures"], floor=ROWS, target=1.3),
        Case("departure board, kept", facts["boards"], floor=ROWS, target=1.3),
        Case("departure board, made anew", facts["boards"], {FORGET: "board:*"}, ROWS, 1.3),
        Case("API: list of departures", ["/api/v1/schedules/"], floor=ROWS, target=2.5),
        Case("office: bookings, first page", ["/office/bookings/"], office, ROWS, 4),
    ]
    if facts["deep"]:
        first = "office: bookings, first page"
        cases += [
            Case(
                "office: bookings, page 90 of 100",
                [f"/office/bookings/?after={facts['deep']}"],
                office,
                first,
                1.2,
            ),
            Case("office: manifest", facts["manifests"], office, ROWS, 3.5),
        ]
    return [*cases, *_reports(office)]


def _reports(office: dict[str, str]) -> list[Case]:
    """Of the days around today, on which all bookings of the data lie."""
    today = timezone.localdate()
    days = f"first={today - timedelta(days=28)}&last={today + timedelta(days=3)}"
    one_day = f"first={today}&last={today}"
    addresses = {
        "sales by day": f"sales/?{days}",
        "sales by route": f"sales/?by=route&{days}",
        "revenue": f"revenue/?{days}",
        "not yet travelled": "unearned/",
        "money": f"money/?{days}",
        "refunds": f"refunds/?{days}",
        "load by day": f"load/?{days}",
        "load by departure, a day": f"load/?by=departure&{one_day}",
        "accounts": f"accounts/?{days}",
    }
    reports = [
        Case(f"office: report, {name}", [f"/office/reports/{address}"], office, ROWS, REPORT)
        for name, address in addresses.items()
    ]
    return [*reports, Case("office: audit", ["/office/audit/"], office, ROWS, REPORT)]


@dataclass
class Figures:
    """What was measured of a case on a stage."""

    case: Case
    stage: str
    bytes: int = 0
    queries: int = 0
    a_round: int = 1  # requests
    cpu: list[float] = field(default_factory=list)  # ms per request, by round
    latency: list[float] = field(default_factory=list)  # median ms by round
    by_part: dict[str, float] = field(default_factory=dict)  # ms of CPU in all rounds


class Runner:
    """One client on one stage."""

    def __init__(self, stage: Stage, seconds: float) -> None:
        self.stage, self.seconds = stage, seconds
        self.client = Client(stage.site.url)
        self.meter = stage.meter()

    def warm_up(self, case: Case) -> Figures | None:
        """Ask for each address until both workers know it; None where the site has no such page (yet)."""
        answer = self.client.get(case.addresses[0], case.headers)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise RuntimeError(f"{case.name}: {answer.status} for {case.addresses[0]}")
        for _again in range(3):
            times = [self.client.get(address, case.headers).seconds for address in case.addresses]
        counted = [self.client.get(address, {**case.headers, COUNT: "1"}) for address in case.addresses]
        a_round = max(len(times), int(self.seconds / (sum(times) / len(times))))
        return Figures(
            case,
            self.stage.name,
            bytes=sum(answer.bytes for answer in counted) // len(counted),
            queries=max(answer.queries for answer in counted),
            a_round=a_round,
        )

    def measure(self, figures: Figures) -> None:
        addresses = cycle(figures.case.addresses)
        before, latencies = self.meter.read(), []
        for _request in range(figures.a_round):
            latencies.append(self.client.get(next(addresses), figures.case.headers).seconds)
        spent = self.meter.since(before)
        figures.cpu.append(sum(spent.values()) * 1000 / figures.a_round)
        figures.latency.append(sorted(latencies)[len(latencies) // 2] * 1000)
        for part, seconds in spent.items():
            figures.by_part[part] = figures.by_part.get(part, 0) + seconds * 1000 / figures.a_round
