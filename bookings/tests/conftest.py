import fcntl
import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

os.environ.setdefault(
    "DJANGO_ALLOW_ASYNC_UNSAFE", "true"
)  # Playwright keeps a loop running in the test's thread

os.environ.setdefault("COMPANY_NAME_SECONDS", "0")  # of the sites that tests start
os.environ.setdefault("COMPANY_SETTINGS_SECONDS", "0")

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import TransactionTestCase
from huey.contrib.djhuey import HUEY

from bookings import queue
from bookings.cache.backends import BreakerRedisCache
from bookings.domain.messaging.outbox import mail_room
from bookings.domain.staff import second_factor
from bookings.tests.database_template import drop_test_database, make_test_database
from bookings.tests.emptying import empty_tables
from bookings.tests.make import NOW
from bookings.tests.quick_invariants import use_quick_invariants
from bookings.tests.quick_migrations import use_quick_migrations
from bookings.tests.races.service import collect_static

_LONG: Final = (
    "bookings/tests/races/",
    "bookings/tests/hostile/",
    "bookings/tests/journeys/",
    "bookings/tests/domain/sales/test_any_sequence.py",
    "bookings/tests/demo/",
    "bookings/tests/office/test_access.py",
    "bookings/tests/office/test_every_page_browser.py",
    "bookings/tests/test_settings.py",
)

# The first is the same browser without windows of its own, and takes half as long for each page.
_BROWSERS: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# Recovery codes cost as much as ten passwords; test_second_factor.py has one hashed at the true cost.
TRUE_COST: Final = dict(second_factor._COST)
second_factor._COST.update(time_cost=1, memory_cost=8, parallelism=1)

TransactionTestCase._fixture_teardown = lambda _test: empty_tables()
use_quick_invariants()
use_quick_migrations()

if settings.REDIS_URL:  # a busy machine is no Redis that is away; the tests of one that is bring their own
    settings.CACHES["default"]["OPTIONS"] |= {"SOCKET_CONNECT_TIMEOUT": 10, "SOCKET_TIMEOUT": 10}
    settings.CACHES["default"]["OPTIONS"]["CONNECTION_POOL_KWARGS"] |= {"max_connections": 50, "timeout": 10}


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, django_db_modify_db_settings: None
) -> Iterator[None]:
    """A database of this worker's own, in place of pytest-django's, which would be migrated for each."""
    usual = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        make_test_database()
    yield
    with django_db_blocker.unblock():
        drop_test_database(usual)


@pytest.fixture(autouse=True)
def _plain_settings(settings: Any, tmp_path: Any) -> Iterator[None]:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.HOLD_NETWORK_SHARE = 0.0
    settings.BOARDING_OPENS_MINUTES = 30
    # Else a page would read it now and then. The settings are loaded before this file.
    settings.COMPANY_NAME_SECONDS = settings.COMPANY_SETTINGS_SECONDS = 0
    settings.SLOW_QUERY_MS = 0  # a busy machine must not add queries to those that a test counts
    settings.TEXT_PROVIDERS = {}  # the tests of text messages set them
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "")  # the tests of the limits set them
    HUEY.immediate = True
    mail_room.closed_until = None  # another test's mail server was away
    BreakerRedisCache._closed_again_at = 0.0
    cache.clear()
    yield
    HUEY.immediate = False


@pytest.fixture
def still() -> Iterator[Any]:
    """It is NOW, and stays so.

    Between two steps of the test no minute and no day ends, however slow the machine is, and whenever it
    runs.
    """
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def queued() -> Iterator[None]:
    """Tasks go onto the queue.

    Whatever is still on its way there arrives before they are done at once again, by a thread of its own.
    """
    HUEY.immediate = False
    yield
    queue.wait_until_sent()
    HUEY.immediate = True


def pytest_configure() -> None:
    """Nothing of what is imported and collected from here on is garbage."""
    gc.disable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What wants a Redis is left to the run that has one, what only `make soak` has time for to that. Marks
    go to the report, for the verdict.

    Files that take long come first: the last to begin would keep one worker busy while the others have
    nothing left to do.
    """
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))
    for item in items:
        item.user_properties.extend(("mark", mark.name) for mark in item.iter_markers())
    if not os.environ.get("SOAK_SCALE"):
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("soak")])
        items[:] = [item for item in items if not item.get_closest_marker("soak")]
    if not settings.REDIS_URL:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("redis")])
        items[:] = [item for item in items if not item.get_closest_marker("redis")]
    if len({item.nodeid for item in items}) < len(items):
        raise pytest.UsageError("Two tests have one id, of which workers would run one only.")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was imported and collected stays: nobody need look through it for garbage again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


@pytest.fixture(scope="session")
def static_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For the tests that start the real site: collected by the first of a run that wants them."""
    folder = Path(os.environ.get("FALCON_STATIC") or tmp_path_factory.mktemp("static"))
    with (folder / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "static.done"
        if not done.exists():
            collect_static(folder)
            done.touch()
    return folder / "static"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    from playwright.sync_api import expect  # only here, as it is slow to import

    chromium = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if not chromium:
        pytest.skip("no Chromium on this machine")
    expect.set_options(timeout=20_000)  # of milliseconds, where 5 s are too few for a busy machine
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
    return {**browser_type_launch_args, "executable_path": chromium, "args": quiet}
