"""Wakes the queue by a task's name. This file knows no task: `tasks.py`, on top of everything, says which
there are.

The queue may lose what is put on it: the truth is in the database, and the sweep of each minute does what was
lost.
"""

import logging
import queue
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from huey.api import TaskWrapper
from huey.contrib.djhuey import HUEY, db_periodic_task, db_task

logger = logging.getLogger("bookings.tasks")

_tasks: Final[dict[str, TaskWrapper]] = {}
_waiting: queue.Queue[tuple[TaskWrapper, tuple[Any, ...]]] = queue.Queue(maxsize=100)
_sender: list[threading.Thread] = []
_starting: Final = threading.Lock()


def task(function: Callable[..., None]) -> TaskWrapper:
    """Decorator: a task of the queue that `enqueue` finds by its function's name."""
    wrapper = _tasks[function.__name__] = db_task()(function)
    return wrapper


def periodic_task(when: Callable[[datetime], bool]) -> Callable[[Callable[[], None]], TaskWrapper]:
    """Decorator: a task that the consumer itself starts at the times of a `crontab`."""

    def decorate(function: Callable[[], None]) -> TaskWrapper:
        return db_periodic_task(when)(function)

    return decorate


def enqueue(name: str, *args: Any) -> None:
    """Put the task of this name on the queue.

    Never raises and never waits: a sale must not feel that the queue is away or frozen.
    """
    send(_tasks[name], *args)


def enqueue_after_commit(name: str, *args: Any) -> None:
    transaction.on_commit(lambda: enqueue(name, *args), robust=True)


def send(wrapper: TaskWrapper, *args: Any) -> None:
    """As `enqueue`, for a task that is at hand."""
    if HUEY.immediate:
        _put(wrapper, args)
        return
    with _starting:
        if not _sender or not _sender[0].is_alive():  # the first task that this process sends
            _sender[:] = [threading.Thread(target=_send_waiting, name="queue", daemon=True)]
            _sender[0].start()
    try:
        _waiting.put_nowait((wrapper, args))
    except queue.Full:
        logger.warning("task dropped, the sweep will do it: the queue does not answer")


def wait_until_sent() -> None:
    """Return once everything that this process has enqueued has reached the queue, or was given up."""
    _waiting.join()


def _send_waiting() -> None:
    while True:
        _put(*_waiting.get())
        _waiting.task_done()


def _put(wrapper: TaskWrapper, args: tuple[Any, ...]) -> None:
    try:
        wrapper(*args)
    except Exception as error:  # noqa: BLE001 - whatever the queue's storage raises, the sweep does the work
        logger.warning("task lost, the sweep will do it: %s", type(error).__name__)
