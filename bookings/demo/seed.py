from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from bookings.demo.company import make_company
from bookings.demo.departures import fill_coaches, make_departures, move_on, send_buses
from bookings.demo.desk import keep_seats, make_trouble, tell_delays
from bookings.demo.luggage import make_luggage
from bookings.demo.network import SOURCE, make_lap_type, make_network, make_place_names, make_weekday_fares
from bookings.demo.partners import NAME as PARTNER
from bookings.demo.partners import give_key, make_partner, make_webhook, settle_account
from bookings.demo.staff import give_addresses, give_password, make_staff, staff_can_log_in
from bookings.demo.statements import make_statements
from bookings.demo.tills import pay_at_tills
from bookings.demo.vouchers import give_vouchers
from bookings.domain.sales.gateway_refunds import watch_owed_refunds
from bookings.models import Service

Progress = Callable[[str], Callable[[int, int], None]]  # of a step's name: who is told (done, of how many)


@dataclass(frozen=True)
class SeedReport:
    is_new: bool
    departures: int
    bookings: int
    password: str  # empty: as it was
    api_key: str  # empty: as it was
    voucher: str  # the code of one; empty: as they were

    def lines(self) -> list[str]:
        return [
            "The demo network was made." if self.is_new else "The demo network is unchanged.",
            f"{self.departures} departures and {self.bookings} bookings are new.",
            f"Partner {PARTNER}: API key {self.api_key or 'unchanged (--reset-password makes another one)'}",
            f"Voucher of R300: code {self.voucher or 'unchanged (nobody can tell it again)'}",
            "Users clerk, supervisor, dispatcher, manager, auditor: "
            f"password {self.password or 'unchanged (--reset-password makes a new one)'}",
        ]


def is_seeded() -> bool:
    """Whether a run has come to its end, which is to give the users their password."""
    return Service.objects.filter(source=SOURCE).exists() and staff_can_log_in()


def top_up() -> None:
    """What a demo company of an earlier release lacks. What somebody has entered stays as it is."""
    make_place_names()
    make_company()
    make_lap_type()
    make_luggage()
    give_addresses()


def seed_demo(
    *,
    now: datetime,
    seed: int = 1,
    days: int = 60,
    only_lines: frozenset[str] = frozenset(),
    reset_password: bool = False,
    progress: Progress | None = None,
) -> SeedReport:
    """Load the demo company, or top it up.

    The same seed and time make the same rows, but for the password.
    """
    today = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    is_new = make_network(today, only_lines=only_lines)
    make_weekday_fares(today)  # topped up as the days go by
    top_up()
    clerk, partner = make_staff(), make_partner(now)
    departures = make_departures(today, days, progress and progress("departures"))
    bookings = fill_coaches(today, now, seed, clerk, partner, progress and progress("bookings"))
    pay_at_tills(now, seed)
    make_statements(now)
    watch_owed_refunds(now=now)
    send_buses(today)
    move_on(today, now)
    make_trouble(now)
    keep_seats(today, now)
    tell_delays(today, now)
    make_webhook(now)
    settle_account(now)
    api_key, voucher = give_key(now, reset=reset_password), give_vouchers(now)
    return SeedReport(is_new, departures, bookings, give_password(reset=reset_password), api_key, voucher)
