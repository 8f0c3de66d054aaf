from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.response import Response

from bookings.api.access import KeyedRequest, keyed
from bookings.api.requests import body_of, detail_response, idempotent_request, once_response
from bookings.api.schema import IDEMPOTENCY, documented, fields_of
from bookings.api.v1.serializers.changes import (
    KINDS,
    ChangeQuoteRequest,
    ChangeQuoteShape,
    ChangeRequest,
    ChangeShape,
)
from bookings.base.names import PersonName
from bookings.domain.partners.changes import make_partner_change, partner_change, quote_partner_change
from bookings.domain.partners.sales import partner_booking
from bookings.domain.sales.exchange_quotes import TripChange
from bookings.domain.sales.exchange_terms import Change
from bookings.domain.sales.party_changes import LuggageOfParty, NamesChange, SeatsChange
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import Channel

_ORDERS = ["Orders"]


@documented(operation_id="change_quote", tags=_ORDERS, request=ChangeQuoteRequest, responses=ChangeQuoteShape)
@keyed(POST="book")
def change_quote(request: KeyedRequest, reference: str) -> Response:
    """What one change of a booking costs, or gives back, now: another departure, other seats, names or extra
    luggage.

    Nothing is kept by it. By the terms of the tickets, as a customer changes them without staff.
    """
    change = _change_of(reference, _body_of(request, reference, ChangeQuoteRequest))
    return Response(
        ChangeQuoteShape(quote_partner_change(change, request.auth.partner, now=timezone.now())).data
    )


@documented(
    operation_id="make_change",
    tags=_ORDERS,
    parameters=[IDEMPOTENCY],
    request=ChangeRequest,
    responses=ChangeShape,
)
@keyed(POST="book")
def make_change(request: KeyedRequest, reference: str) -> HttpResponse:
    """Do a change for the balance that was quoted, all of it or nothing: it is charged or credited to your
    account.

    The tickets get new codes and are mailed.
    """
    body, partner = _body_of(request, reference, ChangeRequest), request.auth.partner
    change = _change_of(reference, body)
    once = idempotent_request(request, tell=lambda token: ChangeShape(partner_change(token, partner)).data)
    return once_response(once, make_partner_change(once, change))


@documented(operation_id="change", tags=_ORDERS, parameters=[fields_of(ChangeShape)], responses=ChangeShape)
@keyed(GET="read")
def change(request: KeyedRequest, token: str) -> Response:
    """How far a change is: yours are done at once, those that customers make on our site once paid."""
    return detail_response(request, ChangeShape, partner_change(token, request.auth.partner))


def _body_of(request: KeyedRequest, reference: str, body: type[ChangeQuoteRequest]) -> dict[str, Any]:
    return body_of(request, body, look_up=lambda _body: partner_booking(reference, request.auth.partner))


def _change_of(reference: str, body: dict[str, Any]) -> Change:
    quoted, kind = body.get("balance_zar"), next(name for name in KINDS if body[name])
    if kind == "trip":
        trip = body["trip"]
        return TripChange(
            reference,
            SegmentRef(trip["schedule_id"], trip["origin"], trip["destination"]),
            trip["tickets"],
            trip["seats"],
            quoted=quoted,
            fare_class=trip["fare_class"],
            channel=Channel.API,
        )
    if kind == "seats":
        seats = {row["ticket"]: row["seat"] for row in body["seats"]}
        return SeatsChange(reference, seats, quoted=quoted)
    if kind == "names":
        names = {row["ticket"]: PersonName(row["first_name"], row["surname"]) for row in body["names"]}
        return NamesChange(reference, names, quoted=quoted)
    pieces = {row["ticket"]: row["pieces"] for row in body["luggage"]}
    return LuggageOfParty(reference, pieces, quoted=quoted)
