from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from bookings.domain.demo.network import SOURCE, make_network
from bookings.domain.demo.staff import make_staff
from bookings.models import Service


@dataclass(frozen=True)
class SeedReport:
    is_new: bool
    password: str

    def lines(self) -> list[str]:
        staff = f"Users clerk, supervisor, dispatcher, manager, auditor: password {self.password or 'unchanged (--reset-password makes a new one)'}"
        return ["The demo network was made." if self.is_new else "The demo network is unchanged.", staff]


def is_seeded() -> bool:
    return Service.objects.filter(source=SOURCE).exists()


def seed_demo(
    *,
    now: datetime,
    seed: int = 1,
    days: int = 60,
    only_lines: frozenset[str] = frozenset(),
    reset_password: bool = False,
    progress: bool = False,
) -> SeedReport:
    """Load the demo company, or top it up. The same seed and time make the same rows, but for the password."""
    today = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    is_new = make_network(today, only_lines=only_lines)
    password = make_staff(reset_password=reset_password)
    return SeedReport(is_new, password)
