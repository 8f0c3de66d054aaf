from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from bookings.api.access import public
from bookings.api.fields import chosen
from bookings.api.requests import (
    cacheable,
    cursor_response,
    detail_response,
    list_response,
    query_of,
    unchanged,
)
from bookings.api.schema import documented, fields_of, page_of
from bookings.api.v1.serializers.timetable import (
    OfferQuery,
    OfferShape,
    ScheduleDetailShape,
    ScheduleQuery,
    ScheduleShape,
    SeatMapQuery,
    SeatMapShape,
    SegmentQuery,
)
from bookings.base.cursors import Cursor, read_cursor
from bookings.database.replica.routing import may_lag
from bookings.domain.fares.prices import Party, passenger_types, read_party
from bookings.domain.inventory.seats import seat_map
from bookings.domain.network.places import get_place
from bookings.domain.search import departures as timetable
from bookings.domain.search.offers import Offer, Search, offers_window
from bookings.domain.search.segments import Departure, is_reachable
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import Channel


@documented(
    operation_id="schedules",
    tags=["Timetable"],
    parameters=[ScheduleQuery, fields_of(ScheduleShape)],
    responses=page_of(ScheduleShape, by_cursor=True),
)
@public("GET")
@may_lag
def schedules(request: Request) -> Response:
    """Departures on sale, by time.

    Of a route, on a day, or between two places (on a day, or in the coming week).
    """
    query, now = query_of(request, ScheduleQuery), timezone.now()
    _check_both(query)
    day, ends = query["date"], [get_place(query[name]) for name in ("from", "to") if query[name]]

    which = timetable.ListFilter(query["route"], day)

    def rows(first: int, count: int) -> list[timetable.ScheduleRow]:
        if day and not is_reachable(day, now):
            return []
        window = timetable.ListWindow(first, count, after=read_cursor(query["cursor"]))
        if ends:
            return timetable.between(ends[0], ends[1], which, window=window, now=now)
        return timetable.upcoming(which, window=window, now=now)

    def cursor_of(row: timetable.ScheduleRow) -> Cursor:
        return Cursor(row.departure_time if ends else row.starts_at, row.id)

    return cacheable(cursor_response(request, ScheduleShape, rows, cursor_of=cursor_of))


def _check_both(query: dict[str, Any]) -> None:
    """Raises ValidationError for one end without the other, NotFound when that is no place."""
    if bool(query["from"]) != bool(query["to"]):
        get_place(query["from"] or query["to"])
        missing = "to" if query["from"] else "from"
        raise ValidationError({missing: _("Give both from and to, or neither.")})


@documented(
    operation_id="schedule",
    tags=["Timetable"],
    parameters=[SegmentQuery, fields_of(ScheduleDetailShape)],
    responses=ScheduleDetailShape,
)
@public("GET")
@may_lag
def schedule(request: Request, schedule_id: int) -> HttpResponse:
    """One departure with its calls.

    With `from` and `to` its times, price and free seats are those of that segment.
    """
    query, now, only = query_of(request, SegmentQuery), timezone.now(), chosen(request, ScheduleDetailShape)
    _check_both(query)
    segment = timetable.schedule_segment(SegmentRef(schedule_id, query["from"], query["to"]))
    etag, known = unchanged(request, timetable.segment_revision(segment, now))
    if known:
        return known
    detail = timetable.schedule_detail(segment, now=now)
    facts = {**vars(detail.row), **{name: value for name, value in vars(detail).items() if name != "row"}}
    return cacheable(Response(ScheduleDetailShape(facts, only=only).data), etag=etag)


@documented(
    operation_id="seat_map",
    tags=["Timetable"],
    parameters=[SeatMapQuery, fields_of(SeatMapShape)],
    responses=SeatMapShape,
)
@public("GET")
@may_lag
def seats(request: Request, schedule_id: int) -> HttpResponse:
    """The seats on a segment: which are free, and what each passenger type pays in each class."""
    query, now = query_of(request, SeatMapQuery), timezone.now()
    segment = timetable.schedule_segment(SegmentRef(schedule_id, query["from"], query["to"]))
    etag, known = unchanged(request, timetable.segment_revision(segment, now))
    if known:
        return known
    ends = {
        "origin": segment.origin,
        "destination": segment.destination,
    }
    facts = {**vars(seat_map(segment, now=now, channel=Channel.API)), **ends}
    return cacheable(detail_response(request, SeatMapShape, facts), etag=etag)


@documented(
    operation_id="search",
    tags=["Timetable"],
    parameters=[OfferQuery, fields_of(OfferShape)],
    responses=page_of(OfferShape),
)
@public("GET")
@may_lag
def search(request: Request) -> Response:
    """What a party can travel with on a day, with the price of the whole party: the website's own search."""
    query, now = query_of(request, OfferQuery), timezone.now()
    highest = query["max_price"]
    offer_search = Search(
        origin=get_place(query["from"]),
        destination=get_place(query["to"]),
        day=query["date"],
        party=_party(query),
        sort=query["sort"],
        band=query["time"],
        fare_class=query["fare_class"],
        max_price=None if highest is None else Decimal(highest),
    )
    window = offers_window(offer_search, now=now, channel=Channel.API)
    return cacheable(
        list_response(request, OfferShape, lambda first, count: _with_ends(window(first, count)))
    )


def _with_ends(rows: Iterable[tuple[Departure, Offer]]) -> list[dict[str, Any]]:
    return [
        {
            **vars(offer),
            "origin": departure.origin,
            "destination": departure.destination,
        }
        for departure, offer in rows
    ]


def _party(query: dict[str, Any]) -> Party:
    counts = Counter(filter(None, query["types"].split(",")))
    known = passenger_types() if counts else {}
    if unknown := sorted(set(counts) - set(known)):
        facts = {"unknown": ", ".join(unknown)[:80], "known": ", ".join(known)}
        raise ValidationError(
            {"types": _("There is no passenger type %(unknown)s; choose from %(known)s.") % facts}
        )
    return read_party(query["passengers"], counts, query["wheelchairs"])
