"""Notifications on their way to the site: again and again until they are heard."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.request import Request, urlopen

_TRIES: Final = 5
_SECONDS: Final = 10


@dataclass(frozen=True)
class Pace:
    """Seconds between what follows by itself, and until what comes late."""

    step: float = 3
    late: float = 60


@dataclass(frozen=True)
class SimulatedNotification:
    address: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


# Made when it is sent, as a signature may carry the time; with the seconds to wait before
Plan = Sequence[tuple[float, Callable[[], SimulatedNotification]]]


def send_plan(plan: Plan, pace: Pace) -> None:
    """Send each in turn, without keeping the customer waiting."""
    threading.Thread(target=_send_each, args=(plan, pace), daemon=True).start()


def _send_each(plan: Plan, pace: Pace) -> None:
    for delay, make in plan:
        time.sleep(delay)
        for again in range(_TRIES):
            if send(make()):
                break
            time.sleep(pace.step * 2**again)


def send(notification: SimulatedNotification) -> bool:
    request = Request(
        notification.address, data=notification.body.encode(), headers=dict(notification.headers)
    )
    try:
        with urlopen(request, timeout=_SECONDS) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
