"""One database made ready in a process of its own: tables, data, and what a benchmark has to know of them, as
JSON on the last line.

python -m bookings.benchmarks.prepare 10k:500k 200   (DATABASE_URL says where)
"""

import json
import sys
from collections import Counter
from datetime import date, datetime, timedelta
from importlib import import_module
from typing import Any, Final

import django
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from tqdm import tqdm

from bookings.benchmarks.sizes import Size

AHEAD: Final = timedelta(days=2)
_PAIRS: Final = 12
_PASSENGERS: Final = 2
_STEPS: Final = 15


def main() -> None:
    django.setup()
    size = Size.read(sys.argv[1], routes=int(sys.argv[2]))
    call_command("migrate", verbosity=0)
    _fill(size)
    print(json.dumps(facts(size)))  # noqa: T201


def _fill(size: Size) -> None:
    from bookings.benchmarks.data import build
    from bookings.models import Schedule

    if Schedule.objects.exists():
        return
    with tqdm(total=_STEPS, desc=f"data {size.name}", unit="step", leave=False) as bar:

        def show(step: str) -> None:
            if step:
                bar.set_postfix_str(step)
                bar.update()

        build(size, progress=show)


def facts(size: Size) -> dict[str, Any]:
    """The addresses to ask for, and a session of a manager."""
    day = timezone.localdate() + AHEAD
    pairs = busy_pairs()
    departures = [_first_departure(start, end, day) for start, end in pairs]
    return {
        "size": size.name,
        "day": day.isoformat(),
        "last_booked": _last_booked(size).isoformat(),
        "search": [f"?from={start}&to={end}&date={day}&passengers={_PASSENGERS}" for start, end in pairs],
        "departures": [
            f"/departures/{pk}/?from={start}&to={end}&passengers={_PASSENGERS}"
            for pk, start, end in departures
        ],
        "sales_day": (day + timedelta(days=1)).isoformat(),
        "sales": sellable_segments(),
        "boards": [f"/departures/?city={city}" for city in sorted({start for start, _end in pairs})],
        "manifests": [f"/office/departures/{pk}/manifest/" for pk, _start, _end in departures],
        "deep": _deep_cursor() if size.bookings else "",
        "cookie": _session(),
        "bookings": size.bookings,
    }


def _last_booked(size: Size) -> date:
    from bookings.models import Booking, Schedule

    if size.bookings:
        return timezone.localdate(Booking.objects.latest("boards_at").boards_at)
    return timezone.localdate(Schedule.objects.latest("departure_time").departure_time)


def busy_pairs() -> list[tuple[str, str]]:
    """Pairs of cities with forty to sixty departures a day: four to six routes."""
    from bookings.models import RouteStop

    ways: dict[int, list[str]] = {}
    for route, city in RouteStop.objects.order_by("route", "position").values_list(
        "route", "stop__city__slug"
    ):
        ways.setdefault(route, []).append(city)
    number = Counter(
        (start, end) for way in ways.values() for place, start in enumerate(way) for end in way[place + 1 :]
    )
    busiest = min(4, max(number.values()))
    return sorted(pair for pair, routes in number.items() if busiest <= routes <= busiest + 2)[:_PAIRS]


def _first_departure(start: str, end: str, day: date) -> tuple[int, str, str]:
    from bookings.domain.network.places import get_place
    from bookings.domain.search.segments import find_departures, find_route_segments

    segments = find_route_segments(get_place(start).stop_ids, get_place(end).stop_ids)
    return find_departures(segments, day, day)[0].id, start, end


def sellable_segments() -> list[tuple[int, str, str]]:
    """Departures three days ahead with their ends, those with most free seats first, no departure twice."""
    from bookings.domain.network.places import get_place
    from bookings.domain.search.segments import find_departures, find_route_segments
    from bookings.models import Schedule

    day = timezone.localdate() + AHEAD + timedelta(days=1)
    ends: dict[int, tuple[str, str]] = {}
    for start, end in busy_pairs():
        segments = find_route_segments(get_place(start).stop_ids, get_place(end).stop_ids)
        ends |= {
            departure.id: (start, end)
            for departure in find_departures(segments, day, day)
            if departure.id not in ends
        }
    ids = (
        Schedule.objects.filter(pk__in=ends, available_seats__gt=0)
        .order_by("-available_seats", "pk")
        .values_list("pk", flat=True)
    )
    return [(pk, *ends[pk]) for pk in ids]


def _deep_cursor() -> str:
    """Where the ninetieth of a hundred pages of all bookings ends."""
    from bookings.models import Booking
    from bookings.web.keyset import keyset_page

    newest = Booking.objects.order_by("-booking_date")
    oldest = Booking.objects.order_by("booking_date").values_list("booking_date", flat=True)[0]
    span: timedelta = newest.values_list("booking_date", flat=True)[0] - oldest
    moment: datetime = oldest + span / 10
    return keyset_page(
        newest.filter(booking_date__lte=moment), "booking_date", descending=True, size=20
    ).after


def _session() -> str:
    """The cookie of somebody who has just signed in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from bookings.models import Branch, City, User

    branch, _is_new = Branch.objects.get_or_create(
        code="benchmark", defaults={"name": "Benchmark", "city": City.objects.order_by("pk")[0]}
    )
    user, _is_new = User.objects.get_or_create(
        username="benchmark", defaults={"role": User.Role.MANAGER, "password": "!", "branch": branch}
    )
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    now = int(timezone.now().timestamp())
    session.update(
        {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[-1],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
            "signed_in_at": now,
            "used_at": now,
            "second_factor": True,
        }
    )
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


if __name__ == "__main__":
    main()
