"""What a page could cost at least: the measure of the others, through the same server and middleware."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.backends.postgresql.base import Cursor
from django.db.backends.utils import CursorWrapper
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.web.access import public

_ZONE: Final = ZoneInfo("Africa/Johannesburg")
_ROWS: Final = 20
_LONGEST: Final = timedelta(days=3)  # under way
_CONSTANT: Final = (
    "<!doctype html><title>Constant</title>"
    + "<p>Twenty kilobytes that nobody has to think about.</p>\n" * 364
)

# The departures of a day between two cities with the seats that are free on the way, and one more to know of
# a next page. In steps, as the planning of one join of eleven tables costs more than all the rest. A range of
# time that no other table decides keeps the index in use however many departures a route has: without it the
# statement read all five thousand at one million.
_DEPARTURES: Final = """
WITH start AS MATERIALIZED (
    SELECT s.id, s.name, s.code FROM bookings_stop s JOIN bookings_city c ON c.id = s.city_id AND c.slug = %s
), target AS MATERIALIZED (
    SELECT s.id, s.name, s.code FROM bookings_stop s JOIN bookings_city c ON c.id = s.city_id AND c.slug = %s
), ride AS MATERIALIZED (
    SELECT a.route_id, a.id AS from_id, z.id AS to_id, a.position AS board, z.position AS alight,
        a.depart_min, z.arrive_min,
        start.name AS from_name, start.code AS from_code, target.name AS to_name, target.code AS to_code
    FROM start JOIN bookings_routestop a ON a.stop_id = start.id
    JOIN bookings_routestop z ON z.route_id = a.route_id AND z.position > a.position
    JOIN target ON target.id = z.stop_id
), page AS MATERIALIZED (
    SELECT s.id, {boards} AS boards, {alights} AS alights, s.price_zar, s.layout_id, board, alight,
        from_name, from_code, to_name, to_code,
        l.code, l.name, coach.name, f.amount
    FROM ride
    JOIN bookings_route r ON r.id = ride.route_id AND r.is_active
    JOIN bookings_line l ON l.id = r.line_id
    JOIN bookings_schedule s ON s.route_id = ride.route_id AND {near}
        AND s.departure_time >= {first} AND s.departure_time < {end}
        AND s.is_active AND s.status = 'on_sale'
    JOIN bookings_seatlayout coach ON coach.id = s.layout_id
    LEFT JOIN bookings_fare f ON f.from_stop_id = from_id AND f.to_stop_id = to_id
    ORDER BY boards, s.id LIMIT 21
)
SELECT page.*, (SELECT COUNT(*) FROM bookings_seat WHERE layout_id = page.layout_id AND kind <> 'crew')
    - (SELECT COUNT(DISTINCT seat_id) FROM bookings_seatclaim c WHERE c.schedule_id = page.id
       AND c.leg >= page.board AND c.leg < page.alight AND (c.expires_at IS NULL OR c.expires_at > %s))
FROM page
"""
_POSTGRES: Final = _DEPARTURES.format(
    near="s.departure_time >= %s AND s.departure_time < %s",
    boards="s.departure_time + depart_min * interval '1 minute'",
    alights="s.departure_time + arrive_min * interval '1 minute'",
    first="%s - depart_min * interval '1 minute'",
    end="%s - depart_min * interval '1 minute'",
)
_SQLITE: Final = _DEPARTURES.format(
    near="s.departure_time >= datetime(%s) AND s.departure_time < datetime(%s)",
    boards="datetime(s.departure_time, depart_min || ' minutes')",
    alights="datetime(s.departure_time, arrive_min || ' minutes')",
    first="datetime(%s, -depart_min || ' minutes')",
    end="datetime(%s, -depart_min || ' minutes')",
)


@public
@require_safe
def constant(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_CONSTANT)


@public
@require_safe
def departures(request: HttpRequest) -> HttpResponse:
    """The same departures as a page of results, with the same facts, as bare rows."""
    return _departures(request, _unprepared_cursor())


@public
@require_safe
def departures_today(request: HttpRequest) -> HttpResponse:
    """The same through the cursor that the site uses by now: for information."""
    return _departures(request, connection.cursor())


def _departures(request: HttpRequest, opened: CursorWrapper) -> HttpResponse:
    passengers = int(request.GET.get("passengers", 1))
    start = datetime.strptime(request.GET["date"], "%Y-%m-%d").replace(tzinfo=_ZONE)
    now, day = timezone.now(), (start.astimezone(UTC), (start + timedelta(days=1)).astimezone(UTC))
    given: list[Any] = [request.GET["from"], request.GET["to"], day[0] - _LONGEST, day[1], *day, now]
    with opened as cursor:
        cursor.execute(_POSTGRES if connection.vendor == "postgresql" else _SQLITE, given)
        rows = cursor.fetchall()
    return HttpResponse(
        "<!doctype html><title>Departures</title><table>"
        + "".join(map(_row(passengers), rows[:_ROWS]))
        + "</table>"
    )


def _unprepared_cursor() -> CursorWrapper:
    """As statements were sent when this floor was frozen: preparing ours does not move the measure."""
    if connection.vendor != "postgresql":
        return connection.cursor()
    connection.ensure_connection()
    plain: Any = Cursor(connection.connection)  # type: ignore[call-arg]  # of psycopg, not of the stubs
    return connection.make_cursor(plain)


def _row(passengers: int) -> Callable[[tuple[Any, ...]], str]:
    def row(values: tuple[Any, ...]) -> str:
        (
            pk,
            boards,
            alights,
            price,
            _layout,
            board,
            alight,
            from_name,
            from_code,
            to_name,
            to_code,
            code,
            name,
            coach,
            amount,
            free,
        ) = values
        if isinstance(boards, str):
            boards, alights = (
                datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (boards, alights)
            )
        boards, alights = boards.astimezone(_ZONE), alights.astimezone(_ZONE)
        total = (amount or price) * passengers
        return (
            f"<tr><td><time datetime='{boards.isoformat()}'>{boards:%H:%M}</time><td>"
            f"<time datetime='{alights.isoformat()}'>{alights:%H:%M}</time>"
            f"<td>{escape(from_name)}<td>{escape(to_name)}<td>{escape(code)} {escape(name)}"
            f"<td>{escape(coach)}<td>R{total}<td>{free}"
            f"<td><a href='/departures/{pk}/?from={from_code}@{board}&to={to_code}@{alight}'>"
            "Choose seats</a>\n"
        )

    return row
