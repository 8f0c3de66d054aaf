"""A plugin of pytest: which files take the processor longest, whatever else the machine does.

python -m pytest -p bookings.tests.cpu …

Counted is the tests' own process with the children that it waited for; not what goes on beside it, as a
browser or PostgreSQL.
"""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pytest

_MOST: Final = 25
_by_file: Final[Counter[str]] = Counter()
_before: float = 0.0


def _spent() -> float:
    return sum(os.times()[:4])


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    global _before
    _before = _spent()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Each phase of a test takes what was spent since the last; the report brings it from a worker."""
    global _before
    report: Any = yield
    now = _spent()
    report.user_properties.append(("cpu", now - _before))
    _before = now
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _by_file[report.nodeid.partition("::")[0]] += dict(report.user_properties).get("cpu", 0.0)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.section(f"{sum(_by_file.values()):.1f} s of the processor")
    for file, seconds in _by_file.most_common(_MOST):
        terminalreporter.write_line(f"{seconds:7.1f} {file}")
