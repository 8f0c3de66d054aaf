"""The parts of a run, each on a site in production dress; each gives lines of the table."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from bookings.benchmarks.cashier import cashier
from bookings.benchmarks.pages import COLD, CONSTANT, Case, Figures, Runner, cases
from bookings.benchmarks.purchases import Letterbox, Run, letterbox, median_ms, percentile, shop, steps
from bookings.benchmarks.results import Result
from bookings.benchmarks.sizes import Size
from bookings.benchmarks.stage import ROOT, House, Stage, prepare_database, site_environment, stage
from bookings.tests.races.service import collect_static

GROWS_AT_MOST: Final = 1.25  # results page, from the smallest data to the largest
SALE_AT_MOST: Final = 150  # times the constant page, with its mail and without its PDF
PDF_AT_MOST: Final = 20  # times the constant page
SALE_STATEMENTS_AT_MOST: Final = 70  # with BEGIN and COMMIT, from the search to the sent mail
HOT_AT_MOST: Final = 1.3  # latency on one departure against many
TRANSACTION_AT_MOST: Final = 2  # times floor 3
CLIENTS: Final = 16
_PDFS: Final = 20
_SALE_ROUNDS: Final = 3
_WARM_UP: Final = 20  # purchases, until both workers know their way
_STEPS_OF: Final = 12  # purchases


def run(options: argparse.Namespace, folder: Path, stack: ExitStack) -> list[Result]:
    static = collect_static(folder)
    house = House(folder, stack)
    lines: list[Result] = []
    for kind, sizes in options.sizes.items():
        urls = [prepare_database(house, kind, size) for size in sizes]
        if "transactions" in options.parts and kind == "postgresql":
            lines += transactions(house, sizes[0], urls[0], static, options)
        # A copy, as the data are to be the same in the next run
        sales = house.copy(kind, urls[0], "bench_sales") if "purchases" in options.parts else ""
        if "pages" in options.parts:
            lines += pages(house, kind, sizes, static, options)
        if sales:
            lines += purchases(house, kind, sizes[0], sales, static, options)
            house.drop(kind, sales)
    return lines


def pages(
    house: House, kind: str, sizes: Iterable[Size], static: Path, options: argparse.Namespace
) -> list[Result]:
    with ExitStack() as open_sites:
        stages = [open_sites.enter_context(stage(house, kind, size, static=static)) for size in sizes]
        measured: list[tuple[Runner, Figures]] = []
        for site in stages:
            runner = Runner(site, options.seconds)
            measured += [(runner, warm) for case in cases(site.facts) if (warm := _warm(runner, case))]
        with tqdm(
            total=options.rounds * len(measured), desc=f"pages on {kind}", unit="case", leave=False
        ) as bar:
            for _round in range(options.rounds):
                for runner, figures in measured:
                    runner.measure(figures)
                    bar.update()
        all_figures = [figures_of_case for _runner, figures_of_case in measured]
        return [*(_page_line(one, all_figures) for one in all_figures), *_growth(all_figures, stages)]


def _warm(runner: Runner, case: Case) -> Figures | None:
    figures = runner.warm_up(case)
    if figures is None:
        tqdm.write(f"left out, as the site has no such page: {case.name}")
    return figures


def _ratio(costs: list[float], floor: list[float]) -> float:
    """The median of the ratios within one round: what the machine did meanwhile touched both."""
    return statistics.median(cost / least for cost, least in zip(costs, floor, strict=True))


def _page_line(one: Figures, all_figures: list[Figures]) -> Result:
    # A floor is a floor at any size: the planner may serve a bare statement worse on larger tables, which
    # must flatter nobody.
    anywhere = one.case.floor.startswith("floor")
    floors = [
        other
        for other in all_figures
        if other.case.name == one.case.floor and (anywhere or other.stage == one.stage)
    ]
    floor = min(floors, key=lambda other: statistics.median(other.cpu), default=None)
    parts = ", ".join(
        f"{part} {ms / len(one.cpu):.1f}" for part, ms in one.by_part.items() if ms / len(one.cpu) >= 0.05
    )
    return Result(
        "Pages",
        one.stage,
        one.case.name,
        statistics.median(one.cpu),
        against=_short(one.case.floor),
        ratio=_ratio(one.cpu, floor.cpu) if floor else 0,
        target=one.case.target,
        queries=one.queries,
        kilobytes=one.bytes / 1000,
        remark=f"p50 {statistics.median(one.latency):.1f} ms; {parts}",
    )


def _short(name: str) -> str:
    return name.partition(":")[0] if name.startswith("floor") else "first page" if name else ""


def _growth(figures: list[Figures], stages: list[Stage]) -> Iterator[Result]:
    """Each page at one larger size against the smallest."""
    small = {one.case.name: one for one in figures if one.stage == stages[0].name}
    for site in stages[1:]:
        for one in figures:
            if one.stage == site.name and one.case.name in small and not one.case.name.startswith("floor 1"):
                yield Result(
                    "Growth",
                    f"{site.name} against {stages[0].size.name}",
                    one.case.name,
                    statistics.median(one.cpu),
                    against=stages[0].size.name,
                    ratio=_ratio(one.cpu, small[one.case.name].cpu),
                    target=GROWS_AT_MOST if one.case.name == COLD else 0,
                )


def transactions(
    house: House, size: Size, url: str, static: Path, options: argparse.Namespace
) -> list[Result]:
    names = ("ours", "floor", "seen", "twin")
    copies = {name: house.copy("postgresql", url, f"bench_{name}") for name in names}
    environment = {f"BENCH_{name.upper()}": copies[name] for name in names} | {"REDIS_URL": house.redis().url}
    with stage(house, "postgresql", size, static=static, url=url) as site:
        page, constant = _constant_page(site, options)
        page.measure(constant)
        lines = _in_a_process(
            "transactions", copies["ours"], str(options.rounds), str(options.sales), **environment
        )
        page.measure(constant)
    for copy in copies.values():
        house.drop("postgresql", copy)
    floor_1 = statistics.median(constant.cpu)
    return [result for line in lines for result in _transaction_lines(line, floor_1)]


def _transaction_lines(line: dict[str, Any], floor_1: float) -> Iterator[Result]:
    step, part, name = line["step"], "Transactions", "postgresql, one sale after the other"
    yield Result(
        part,
        name,
        f"{step}: {line['statements']} statements",
        line["ours"],
        against="floor 3",
        ratio=line["ours_ratio"],
        target=TRANSACTION_AT_MOST,
        queries=line["statements"],
        remark=(
            f"{line['ours'] / floor_1:.0f} × floor 1; floor 3, as the statements stood at 068e3a2: "
            f"{line['floor']:.2f} ms"
        ),
    )
    alone = {
        "against": "floor 3",
        "ratio": line["statements_alone_ratio"],
        "remark": "for information: in plain psycopg, unprepared",
    }
    yield Result(part, name, f"{step}: its statements alone", line["statements_alone"], **alone)


def _constant_page(site: Stage, options: argparse.Namespace) -> tuple[Runner, Figures]:
    runner = Runner(site, options.seconds)
    figures = runner.warm_up(Case(CONSTANT, ["/floor/constant/"]))
    if figures is None:
        raise RuntimeError("The site has no constant page.")
    return runner, figures


def _in_a_process(module: str, url: str, *arguments: str, **environment: str) -> Any:
    """The last line of what it prints, which is JSON."""
    command = [sys.executable, "-m", f"bookings.benchmarks.{module}", *arguments]
    environment = {**os.environ, **site_environment(url), **environment}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def purchases(
    house: House, kind: str, size: Size, url: str, static: Path, options: argparse.Namespace
) -> list[Result]:
    with letterbox() as box, cashier() as gateway:
        environment = {"EMAIL_URL": f"smtp://127.0.0.1:{box.port}", "HOLD_NETWORK_SHARE": ""}
        environment |= {"PAYMENT_GATEWAY": "outside", "OUTSIDE_GATEWAY_URL": gateway}
        with stage(house, kind, size, static=static, url=url, queue=True, **environment) as site:
            return _purchases(house, site, box, options)


def _purchases(house: House, site: Stage, box: Letterbox, options: argparse.Namespace) -> list[Result]:
    departures = iter(site.facts["sales"])
    number, (floor, constant) = options.sales, _constant_page(site, options)
    one, many, hot = Run(), Run(), Run()
    shop(site, box, [next(departures) for _sale in range(_WARM_UP)], clients=2, into=Run())
    with tqdm(total=_SALE_ROUNDS * 3, desc=f"purchases on {site.database}", unit="step", leave=False) as bar:
        for _round in range(_SALE_ROUNDS):
            shop(site, box, [next(departures)] * number, clients=CLIENTS, into=hot)
            bar.update()
            shop(site, box, [next(departures) for _sale in range(number)], clients=CLIENTS, into=many)
            bar.update()
            floor.measure(constant)
            shop(site, box, [next(departures) for _sale in range(number // 2)], clients=1, into=one)
            bar.update()
    by_step = steps(site, box, [next(departures) for _purchase in range(_STEPS_OF)])
    web = sum(step.queries for step in by_step)
    statements = (
        house.count_statements(lambda: shop(site, box, [next(departures)], clients=1, into=Run()))
        if site.database == "postgresql"
        else 0
    )
    pdf = _in_a_process("paper", site.url, str(_PDFS))
    part = f"{site.name}, request by request"
    lines = [
        Result("Purchases", part, step.name, statistics.fmean(step.cpu), queries=step.queries)
        for step in by_step
    ]
    return [
        *_purchase_lines(site, statistics.median(constant.cpu), one, many, hot, web, statements, pdf),
        *lines,
    ]


def _purchase_lines(
    site: Stage, constant: float, one: Run, many: Run, hot: Run, web: int, statements: int, pdf: float
) -> Iterator[Result]:
    part, floor = "Purchases", "floor 1"
    yield Result(part, site.name, CONSTANT, constant)
    for name, run in (
        ("1 client, random departures", one),
        (f"{CLIENTS} clients, random departures", many),
        (f"{CLIENTS} clients, one departure", hot),
    ):
        remark = (
            f"{run.bought} bought, {run.refused} refused, {run.a_second:.1f}/s, "
            f"p50 {median_ms(run.seconds):.0f} p99 "
        )
        remark += (
            f"{percentile(run.seconds, 0.99):.0f} ms; with mail p50 {median_ms(run.until_mail):.0f} ms; "
        )
        remark += ", ".join(
            f"{part} {seconds * 1000 / max(1, run.bought):.0f}" for part, seconds in run.cpu.items()
        )
        yield Result(
            part,
            site.name,
            name,
            run.cpu_ms,
            floor,
            run.cpu_ms / constant,
            queries=web if run is one else 0,
            remark=remark,
        )
    bare = one.cpu_ms - pdf
    name, counted = "a purchase with its mail, without the PDF", f"{web} queries in the web server"
    yield Result(part, site.name, name, bare, floor, bare / constant, SALE_AT_MOST, web, remark=counted)
    if statements:
        yield Result(
            part,
            site.name,
            "its statements, with BEGIN and COMMIT",
            ratio=statements,
            target=SALE_STATEMENTS_AT_MOST,
        )
    yield Result(part, site.name, "its PDF, in the queue", pdf, floor, pdf / constant, PDF_AT_MOST)
    slower = median_ms(hot.seconds) / max(0.001, median_ms(many.seconds))
    yield Result(
        part, site.name, f"latency of {CLIENTS} clients, one departure", 0, "random", slower, HOT_AT_MOST
    )
