import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
import statistics


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.6)
    parser.add_argument("--sizes", default="10k:500k")
    parser.add_argument("--databases", default="postgresql")
    args = parser.parse_args()
    with ExitStack() as stack:
        folder = args.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="falcon-bench-")))
        folder.mkdir(exist_ok=True)
        os.environ |= {"LOCAL_DIR": str(folder), "ENVIRONMENT": "demo", "DATABASE_URL": "", "REDIS_URL": "", "DJANGO_SETTINGS_MODULE": "bookings.benchmarks.settings"}
        from bookings.benchmarks.pages import Runner, cases
        from bookings.benchmarks.sizes import Size
        from bookings.benchmarks.stage import House, stage
        from bookings.tests.races.service import collect_static
        static = collect_static(folder)
        house = House(folder, stack, kept=bool(args.keep))
        runners = []
        for kind in args.databases.split(","):
            for size in args.sizes.split(","):
                runners.append(Runner(stack.enter_context(stage(house, kind, Size.read(size), static=static)), args.seconds))
        figures = []
        for runner in runners:
            for case in cases(runner.stage.facts):
                f = runner.warm_up(case)
                if f: figures.append((runner, f))
                else: print("left out:", case.name)
        for _ in range(args.rounds):
            for runner, f in figures:
                runner.measure(f)
        for runner, f in figures:
            floor = next((g for r, g in figures if r is runner and g.case.name == f.case.floor), None)
            ratio = statistics.median(a / b for a, b in zip(f.cpu, floor.cpu)) if floor else 0
            parts = " ".join(f"{p} {v/len(f.cpu):.2f}" for p, v in f.by_part.items())
            print(f"{f.stage:24} {f.case.name:40} q={f.queries:3} {f.bytes/1000:6.1f} kB  cpu {statistics.median(f.cpu):6.2f} ms [{min(f.cpu):.2f}-{max(f.cpu):.2f}] ratio {ratio:5.2f} (target {f.case.target}) lat {statistics.median(f.latency):.2f} ms; {parts}")


main()
