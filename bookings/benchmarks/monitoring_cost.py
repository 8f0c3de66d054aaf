"""What monitoring costs: python -m bookings.benchmarks.monitoring_cost

CPU time per request of the request log with its metrics (line written to /dev/null, counters in shared files
as under `make run`) around a view that does nothing, and per statement of the wrapper around every query. The
best of five rounds.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Final

ROUNDS: Final = 5
TIMES: Final = 20_000


def microseconds(act: Callable[[], object]) -> float:
    best = float("inf")
    for _round in range(ROUNDS):
        started = time.process_time()
        for _time in range(TIMES):
            act()
        best = min(best, time.process_time() - started)
    return best / TIMES * 1e6


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "falcon_web.settings")
    os.environ.setdefault("LOG_LEVEL", "INFO")
    import django

    django.setup()
    from django.http import HttpRequest, HttpResponse
    from django.test import RequestFactory
    from django.urls import resolve

    from bookings.database.query_log import Tally, tally, watched
    from bookings.ops.request_log import RequestLog

    match, request = resolve("/health/live/"), RequestFactory().get("/health/live/")

    def view(request: HttpRequest) -> HttpResponse:
        request.resolver_match = match
        return HttpResponse(b"x" * 20_000)

    log = RequestLog(view)
    bare, logged = microseconds(lambda: view(request)), microseconds(lambda: log(request))
    tally.set(Tally())

    def execute(sql: str, params: None, many: bool, context: dict) -> None:
        pass

    straight = microseconds(lambda: execute("SELECT 1", None, False, {}))
    counted = microseconds(lambda: watched(execute, "SELECT 1", None, False, {}))
    print(f"request log and metrics: {logged - bare:.1f} µs of CPU per request (to be reached: 50)")  # noqa: T201
    print(f"query log: {counted - straight:.2f} µs of CPU per statement")  # noqa: T201


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="falcon-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - for as long as we live
        main()
