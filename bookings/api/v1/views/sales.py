from django.utils import timezone
from rest_framework.response import Response

from bookings.api.access import KeyedRequest, keyed
from bookings.api.fields import chosen
from bookings.api.requests import (
    body_of,
    detail_response,
    idempotent_request,
    list_response,
    mark_replayed,
    query_of,
)
from bookings.api.schema import IDEMPOTENCY, documented, fields_of, page_of
from bookings.api.v1.serializers.sales import (
    AccountShape,
    CancellationShape,
    CancelledShape,
    CancelQuery,
    CancelRequest,
    HoldShape,
    OrderQuery,
    OrderRequest,
    OrderShape,
    PayRequest,
    QuotedHold,
    QuoteRequest,
    QuoteShape,
)
from bookings.domain.partners import documents as queries
from bookings.domain.partners import sales as selling
from bookings.domain.partners.quotes import make_quote
from bookings.domain.sales.holds import SeatRequest
from bookings.domain.timetable.segments import SegmentRef

_SALES, _ORDERS = ["Selling"], ["Orders"]


@documented(operation_id="quote", tags=_SALES, request=QuoteRequest, responses=QuoteShape)
@keyed(POST="book")
def quotes(request: KeyedRequest) -> Response:
    """What a ride, or a way out and back, costs these passengers now.

    The signed quote is good for 15 minutes; nothing is kept by it.
    """
    body = body_of(request, QuoteRequest)
    seats = [
        SeatRequest(
            SegmentRef(segment["schedule_id"], segment["origin"], segment["destination"]),
            tuple(segment["seats"]),
            fare_class=segment["fare_class"],
        )
        for segment in body["rides"]
    ]
    quote = make_quote(request.auth.partner, seats, body["passengers"], now=timezone.now())
    return Response(QuoteShape(queries.quote_doc(quote)).data)


@documented(
    operation_id="hold", tags=_SALES, parameters=[IDEMPOTENCY], request=QuotedHold, responses={201: HoldShape}
)
@keyed(POST="book")
def holds(request: KeyedRequest) -> Response:
    """Keep the seats of a quote at its price for 20 minutes, or be refused (409)."""
    made = selling.hold_quoted(idempotent_request(request), body_of(request, QuotedHold)["quote"])
    held = queries.hold_doc(made.result, request.auth.partner, now=timezone.now())
    return mark_replayed(Response(HoldShape(held).data, status=201), made)


@documented(
    methods=["GET"],
    operation_id="hold_state",
    description="A hold as it is now.",
    tags=_SALES,
    parameters=[fields_of(HoldShape)],
    responses=HoldShape,
)
@documented(
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
    return detail_response(
        request, HoldShape, queries.hold_doc(token, request.auth.partner, now=timezone.now())
    )


@documented(
    methods=["GET"],
    operation_id="orders",
    description="Your orders, newest first.",
    tags=_ORDERS,
    parameters=[OrderQuery, fields_of(OrderShape)],
    responses=page_of(OrderShape),
)
@documented(
    methods=["POST"],
    operation_id="order_held_seats",
    description=(
        "Order held seats for named passengers. Then it is to be paid by its `pay_by`: "
        "by you, or (`pay_later`) at a counter."
    ),
    tags=_SALES,
    parameters=[IDEMPOTENCY],
    request=OrderRequest,
    responses={201: OrderShape},
)
@keyed(GET="read", POST="book")
def orders(request: KeyedRequest) -> Response:
    partner, now = request.auth.partner, timezone.now()
    if request.method == "POST":
        body = body_of(
            request, OrderRequest, look_up=lambda sent: selling.partner_hold(sent["hold"], partner)
        )
        passengers = tuple(dict(passenger) for passenger in body.pop("passengers"))
        order_made = selling.order_held(
            idempotent_request(request), selling.OrderDetails(passengers=passengers, **body)
        )
        return mark_replayed(_order(request, order_made.result, status=201), order_made)
    rows = queries.orders_of(partner, status=query_of(request, OrderQuery)["status"])
    return list_response(
        request, OrderShape, lambda first, count: queries.order_docs(rows[first : first + count], now=now)
    )


@documented(operation_id="order", tags=_ORDERS, parameters=[fields_of(OrderShape)], responses=OrderShape)
@keyed(GET="read")
def order(request: KeyedRequest, token: str) -> Response:
    """One order with its bookings, tickets and refunds."""
    return _order(request, token)


@documented(
    operation_id="pay", tags=_SALES, parameters=[IDEMPOTENCY], request=PayRequest, responses=OrderShape
)
@keyed(POST="book")
def pay(request: KeyedRequest, token: str) -> Response:
    """Pay an order on your account.

    You have collected the money, we charge you. Confirms it and mails the tickets.
    """
    made = selling.pay_order(idempotent_request(request), token, body_of(request, PayRequest)["amount_zar"])
    return mark_replayed(_order(request, made.result), made)


@documented(
    methods=["GET"],
    operation_id="cancellation_quote",
    description="What cancelling a booking gives back now. Or some of its tickets.",
    tags=_ORDERS,
    parameters=[CancelQuery],
    responses=CancellationShape,
)
@documented(
    methods=["POST"],
    operation_id="cancel",
    description=(
        "Cancel a booking for the refund quoted. Or some of its tickets; "
        "what you paid on account is credited there."
    ),
    tags=_ORDERS,
    parameters=[IDEMPOTENCY],
    request=CancelRequest,
    responses=CancelledShape,
)
@keyed(GET="cancel", POST="cancel")
def cancellation(request: KeyedRequest, reference: str) -> Response:
    partner, now = request.auth.partner, timezone.now()
    if request.method != "POST":
        tickets = [
            int(ticket_id) for ticket_id in query_of(request, CancelQuery)["tickets"].split(",") if ticket_id
        ] or None
        return Response(
            CancellationShape(queries.cancellation_doc(reference, partner, tickets, now=now)).data
        )
    body = body_of(request, CancelRequest)
    made = selling.cancel(
        idempotent_request(request), reference, ticket_ids=body["tickets"], refund=body["refund_zar"]
    )
    booking = selling.partner_booking(made.result, partner)
    (doc,) = queries.order_docs([booking.order], now=now)
    return mark_replayed(
        Response(CancelledShape({"cancelled": booking.booking_reference, "order": doc}).data), made
    )


@documented(
    operation_id="account", tags=_ORDERS, parameters=[fields_of(AccountShape)], responses=AccountShape
)
@keyed(GET="read")
def account(request: KeyedRequest) -> Response:
    """What you owe us for what you sold, and how far you may go."""
    return detail_response(request, AccountShape, request.auth.partner)


def _order(request: KeyedRequest, token: str, *, status: int = 200) -> Response:
    order_row = selling.partner_order(token, request.auth.partner)
    (doc,) = queries.order_docs([order_row], now=timezone.now())
    only = chosen(request, OrderShape) if request.method in ("GET", "HEAD") else None
    return Response(OrderShape(doc, only=only).data, status=status)
