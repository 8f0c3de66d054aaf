from typing import Final

from rest_framework.request import Request
from rest_framework.response import Response

from bookings.api.access import public
from bookings.api.requests import cacheable, detail_response, list_response, query_of
from bookings.api.schema import documented, fields_of, page_of
from bookings.api.v1.serializers.network import (
    CityQuery,
    CityShape,
    PassengerTypeShape,
    RouteQuery,
    RouteShape,
    StopQuery,
    StopShape,
)
from bookings.base.errors import NotFound
from bookings.database.replica.routing import may_lag
from bookings.domain.fares.prices import passenger_types
from bookings.domain.network import lists as queries

_SECONDS: Final = 300  # the network hardly ever changes


@documented(
    operation_id="cities",
    tags=["Network"],
    parameters=[CityQuery, fields_of(CityShape)],
    responses=page_of(CityShape),
)
@public("GET")
@may_lag
def cities(request: Request) -> Response:
    """Places that people search for."""
    rows = queries.cities(query_of(request, CityQuery)["q"])
    return cacheable(
        list_response(request, CityShape, lambda first, count: rows[first : first + count]), seconds=_SECONDS
    )


@documented(
    operation_id="stops",
    tags=["Network"],
    parameters=[StopQuery, fields_of(StopShape)],
    responses=page_of(StopShape),
)
@public("GET")
@may_lag
def stops(request: Request) -> Response:
    """Points where coaches call."""
    rows = queries.stops(query_of(request, StopQuery)["city"])
    return cacheable(
        list_response(request, StopShape, lambda first, count: rows[first : first + count]), seconds=_SECONDS
    )


@documented(
    operation_id="routes",
    tags=["Network"],
    parameters=[RouteQuery, fields_of(RouteShape)],
    responses=page_of(RouteShape),
)
@public("GET")
@may_lag
def routes(request: Request) -> Response:
    """Active routes with their calls."""
    rows = queries.routes(
        **{
            name: value
            for name, value in query_of(request, RouteQuery).items()
            if name in ("origin", "destination")
        }
    )
    return cacheable(
        list_response(request, RouteShape, lambda first, count: rows[first : first + count]), seconds=_SECONDS
    )


@documented(operation_id="route", tags=["Network"], parameters=[fields_of(RouteShape)], responses=RouteShape)
@public("GET")
@may_lag
def route(request: Request, route_id: int) -> Response:
    """One active route with its calls."""
    row = queries.routes().filter(pk=route_id).first()
    if row is None:
        raise NotFound("We do not know this route.")
    return cacheable(detail_response(request, RouteShape, row), seconds=_SECONDS)


@documented(
    operation_id="passenger_types",
    tags=["Network"],
    parameters=[fields_of(PassengerTypeShape)],
    responses=page_of(PassengerTypeShape),
)
@public("GET")
@may_lag
def types(request: Request) -> Response:
    """Who travels at which discount."""
    rows = list(passenger_types().values())
    return cacheable(
        list_response(request, PassengerTypeShape, lambda first, count: rows[first : first + count]),
        seconds=_SECONDS,
    )
