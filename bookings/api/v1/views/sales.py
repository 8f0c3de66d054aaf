from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from bookings.api.access import KeyedRequest, keyed
from bookings.api.fields import chosen
from bookings.api.requests import asked, listed, once_only, repeated, sent, shown
from bookings.api.schema import IDEMPOTENCY, fields_of, page_of
from bookings.api.v1.serializers.sales import (
    AccountShape,
    CancellationShape,
    CancelledShape,
    CancelQuery,
    CancelRequest,
    HoldRequest,
    HoldShape,
    OrderQuery,
    OrderRequest,
    OrderShape,
    PayRequest,
    QuoteRequest,
    QuoteShape,
)
from bookings.domain.partners import documents as queries
from bookings.domain.partners import sales as selling
from bookings.domain.partners.quotes import RideAsked, make_quote

_SALES, _ORDERS = ["Selling"], ["Orders"]


@extend_schema(operation_id="quote", tags=_SALES, request=QuoteRequest, responses=QuoteShape)
@keyed(POST="book")
def quotes(request: KeyedRequest) -> Response:
    """What a ride, or a way out and back, costs these passengers now. The signed quote is good for 15 minutes; nothing is kept by it."""
    wanted = sent(request, QuoteRequest)
    rides = [
        RideAsked(each["schedule_id"], each["origin"], each["destination"], tuple(each["seats"]), each["fare_class"])
        for each in wanted["rides"]
    ]
    quote = make_quote(request.auth.partner, rides, wanted["passengers"], now=timezone.now())
    return Response(QuoteShape(queries.quote_doc(quote)).data)


@extend_schema(operation_id="hold", tags=_SALES, parameters=[IDEMPOTENCY], request=HoldRequest, responses={201: HoldShape})
@keyed(POST="book")
def holds(request: KeyedRequest) -> Response:
    """Keep the seats of a quote at its price for 20 minutes, or be refused (409)."""
    made = selling.hold_quoted(once_only(request), sent(request, HoldRequest)["quote"])
    held = queries.hold_doc(made.result, request.auth.partner, now=timezone.now())
    return repeated(Response(HoldShape(held).data, status=201), made)


@extend_schema(
    methods=["GET"],
    operation_id="hold_state",
    description="A hold as it is now.",
    tags=_SALES,
    parameters=[fields_of(HoldShape)],
    responses=HoldShape,
)
@extend_schema(
    methods=["DELETE"],
    operation_id="hold_release",
    description="Give held seats back. What is ordered is cancelled instead.",
    tags=_SALES,
    request=None,
    responses={204: None},
)
@keyed(GET="book", DELETE="book")
def hold(request: KeyedRequest, token: str) -> Response:
    if request.method == "DELETE":
        selling.give_back(token, request.auth.partner)
        return Response(status=204)
    return shown(request, HoldShape, queries.hold_doc(token, request.auth.partner, now=timezone.now()))


@extend_schema(
    methods=["GET"],
    operation_id="orders",
    description="Your orders, newest first.",
    tags=_ORDERS,
    parameters=[OrderQuery, fields_of(OrderShape)],
    responses=page_of(OrderShape),
)
@extend_schema(
    methods=["POST"],
    operation_id="order_held_seats",
    description="Order held seats for named passengers. Then it is to be paid by its `pay_by`: by you, or (`pay_later`) at a counter.",
    tags=_SALES,
    parameters=[IDEMPOTENCY],
    request=OrderRequest,
    responses={201: OrderShape},
)
@keyed(GET="read", POST="book")
def orders(request: KeyedRequest) -> Response:
    partner, now = request.auth.partner, timezone.now()
    if request.method == "POST":
        wanted = sent(request, OrderRequest)
        passengers = tuple(dict(each) for each in wanted.pop("passengers"))
        made = selling.order_held(once_only(request), selling.Wanted(passengers=passengers, **wanted))
        return repeated(_order(request, made.result, status=201), made)
    rows = queries.orders_of(partner, status=asked(request, OrderQuery)["status"])
    return listed(request, OrderShape, lambda first, count: queries.order_docs(rows[first : first + count], now=now))


@extend_schema(operation_id="order", tags=_ORDERS, parameters=[fields_of(OrderShape)], responses=OrderShape)
@keyed(GET="read")
def order(request: KeyedRequest, token: str) -> Response:
    """One order with its bookings, tickets and refunds."""
    return _order(request, token)


@extend_schema(operation_id="pay", tags=_SALES, parameters=[IDEMPOTENCY], request=PayRequest, responses=OrderShape)
@keyed(POST="book")
def pay(request: KeyedRequest, token: str) -> Response:
    """Pay an order on your account: you have collected the money, we charge you. Confirms it and mails the tickets."""
    made = selling.pay_order(once_only(request), token, sent(request, PayRequest)["amount_zar"])
    return repeated(_order(request, made.result), made)


@extend_schema(
    methods=["GET"],
    operation_id="cancellation_quote",
    description="What cancelling a booking gives back now. Or some of its tickets.",
    tags=_ORDERS,
    parameters=[CancelQuery],
    responses=CancellationShape,
)
@extend_schema(
    methods=["POST"],
    operation_id="cancel",
    description="Cancel a booking for the refund quoted. Or some of its tickets; what you paid on account is credited there.",
    tags=_ORDERS,
    parameters=[IDEMPOTENCY],
    request=CancelRequest,
    responses=CancelledShape,
)
@keyed(GET="cancel", POST="cancel")
def cancellation(request: KeyedRequest, reference: str) -> Response:
    partner, now = request.auth.partner, timezone.now()
    if request.method != "POST":
        tickets = [int(each) for each in asked(request, CancelQuery)["tickets"].split(",") if each] or None
        return Response(CancellationShape(queries.cancellation_doc(reference, partner, tickets, now=now)).data)
    wanted = sent(request, CancelRequest)
    made = selling.cancel(once_only(request), reference, ticket_ids=wanted["tickets"], refund=wanted["refund_zar"])
    booking = selling.partner_booking(made.result, partner)
    (doc,) = queries.order_docs([booking.order], now=now)
    return repeated(Response(CancelledShape({"cancelled": booking.booking_reference, "order": doc}).data), made)


@extend_schema(operation_id="account", tags=_ORDERS, parameters=[fields_of(AccountShape)], responses=AccountShape)
@keyed(GET="read")
def account(request: KeyedRequest) -> Response:
    """What you owe us for what you sold, and how far you may go."""
    return shown(request, AccountShape, request.auth.partner)


def _order(request: KeyedRequest, token: str, *, status: int = 200) -> Response:
    found = selling.partner_order(token, request.auth.partner)
    (doc,) = queries.order_docs([found], now=timezone.now())
    only = chosen(request, OrderShape) if request.method in ("GET", "HEAD") else None
    return Response(OrderShape(doc, only=only).data, status=status)
