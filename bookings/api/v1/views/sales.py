from collections.abc import Collection
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.response import Response

from bookings.api.access import KeyedRequest, keyed
from bookings.api.fields import chosen
from bookings.api.requests import (
    body_of,
    cursor_response,
    detail_response,
    idempotent_request,
    once_response,
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
    StatementQuery,
    StatementShape,
)
from bookings.base.cursors import Cursor, read_cursor
from bookings.domain.partners import account_document as partner_account
from bookings.domain.partners import documents as queries
from bookings.domain.partners import sales as selling
from bookings.domain.partners.quotes import make_quote
from bookings.domain.sales.holds import SeatRequest
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import Partner
from bookings.web.promo_codes import limit_guesses
from bookings.web.voucher_codes import slow_guesses_of

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
            wheelchairs=segment["wheelchairs"],
        )
        for segment in body["rides"]
    ]
    partner, code = request.auth.partner, body["promo_code"].strip()
    limit_guesses(code, f"partner {partner.pk}")
    quote = make_quote(partner, seats, body["passengers"], promo_code=code, now=timezone.now())
    return Response(QuoteShape(queries.quote_doc(quote)).data)


@documented(
    operation_id="hold", tags=_SALES, parameters=[IDEMPOTENCY], request=QuotedHold, responses={201: HoldShape}
)
@keyed(POST="book")
def holds(request: KeyedRequest) -> HttpResponse:
    """Keep the seats of a quote at its price for 20 minutes, or be refused (409)."""

    def tell(token: str) -> Any:
        return HoldShape(queries.hold_doc(token, request.auth.partner, now=timezone.now())).data

    once = idempotent_request(request, tell=tell)
    made = selling.hold_quoted(once, body_of(request, QuotedHold)["quote"])
    return once_response(once, made, status=201)


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
    description="Your orders, newest first; with `updated_since`, those that changed since.",
    tags=_ORDERS,
    parameters=[OrderQuery, fields_of(OrderShape)],
    responses=page_of(OrderShape, by_cursor=True),
)
@documented(
    methods=["POST"],
    operation_id="order_held_seats",
    description=(
        "Order held seats for named passengers. It must be paid by its `pay_by`: "
        "by you, or (`pay_later`) at a counter."
    ),
    tags=_SALES,
    parameters=[IDEMPOTENCY],
    request=OrderRequest,
    responses={201: OrderShape},
)
@keyed(GET="read", POST="book")
def orders(request: KeyedRequest) -> HttpResponse:
    partner, now = request.auth.partner, timezone.now()
    if request.method == "POST":
        once = idempotent_request(request, tell=lambda token: _order_doc(token, partner))
        body = body_of(
            request, OrderRequest, look_up=lambda sent: selling.partner_hold(sent["hold"], partner)
        )
        passengers = tuple(dict(passenger) for passenger in body.pop("passengers"))
        made = selling.order_held(once, selling.OrderDetails(passengers=passengers, **body))
        return once_response(once, made, status=201)
    rows = queries.orders_of(partner, _order_filter(query_of(request, OrderQuery)))
    return cursor_response(
        request,
        OrderShape,
        lambda first, count: rows[first : first + count],
        make=lambda page: queries.order_docs(page, now=now),
        cursor_of=lambda row: Cursor(row.updated_at or row.placed_at, row.pk),
    )


def _order_filter(query: dict[str, Any]) -> queries.OrderFilter:
    return queries.OrderFilter(
        query["status"],
        query["external_reference"],
        query["updated_since"],
        after=read_cursor(query["cursor"]),
    )


@documented(operation_id="order", tags=_ORDERS, parameters=[fields_of(OrderShape)], responses=OrderShape)
@keyed(GET="read")
def order(request: KeyedRequest, token: str) -> Response:
    """One order with its bookings, tickets and refunds."""
    return Response(_order_doc(token, request.auth.partner, only=chosen(request, OrderShape)))


@documented(
    operation_id="pay", tags=_SALES, parameters=[IDEMPOTENCY], request=PayRequest, responses=OrderShape
)
@keyed(POST="book")
def pay(request: KeyedRequest, token: str) -> HttpResponse:
    """Pay an order on your account.

    You have collected the money, we charge you; or your customer has a voucher, which pays first. Confirms it
    and mails the tickets.
    """
    body, partner = body_of(request, PayRequest), request.auth.partner
    once = idempotent_request(request, tell=lambda paid: _order_doc(paid, partner))
    with slow_guesses_of(f"partner {partner.pk}", has_code=bool(body["voucher"])):
        paid = selling.pay_order(once, token, body["amount_zar"], voucher=body["voucher"])
    return once_response(once, paid)


@documented(
    methods=["GET"],
    operation_id="cancellation_quote",
    description="What cancelling a booking, or some of its tickets, gives back now.",
    tags=_ORDERS,
    parameters=[CancelQuery],
    responses=CancellationShape,
)
@documented(
    methods=["POST"],
    operation_id="cancel",
    description=(
        "Cancel a booking, or some of its tickets, for the refund quoted; "
        "what you paid on account is credited there."
    ),
    tags=_ORDERS,
    parameters=[IDEMPOTENCY],
    request=CancelRequest,
    responses=CancelledShape,
)
@keyed(GET="cancel", POST="cancel")
def cancellation(request: KeyedRequest, reference: str) -> HttpResponse:
    partner, now = request.auth.partner, timezone.now()
    if request.method != "POST":
        tickets = [
            int(ticket_id) for ticket_id in query_of(request, CancelQuery)["tickets"].split(",") if ticket_id
        ] or None
        return Response(
            CancellationShape(queries.cancellation_doc(reference, partner, tickets, now=now)).data
        )
    body = body_of(request, CancelRequest)

    def tell(cancelled: str) -> Any:
        order_row = selling.partner_booking(cancelled, partner).order
        (doc,) = queries.order_docs([order_row], now=timezone.now())
        return CancelledShape({"cancelled": cancelled, "order": doc}).data

    once = idempotent_request(request, tell=tell)
    made = selling.cancel(once, reference, ticket_ids=body["tickets"], refund=body["refund_zar"])
    return once_response(once, made)


@documented(
    operation_id="account", tags=_ORDERS, parameters=[fields_of(AccountShape)], responses=AccountShape
)
@keyed(GET="read")
def account(request: KeyedRequest) -> Response:
    """What you owe us for what you sold, and how far you may go."""
    return detail_response(request, AccountShape, request.auth.partner)


@documented(
    operation_id="account_statement",
    tags=_ORDERS,
    parameters=[StatementQuery, fields_of(StatementShape)],
    responses=StatementShape,
)
@keyed(GET="read")
def statement(request: KeyedRequest) -> Response:
    """A month of your account: what you sold, got back, earned and paid, what you owe at its end, and for how
    long.
    """
    month = query_of(request, StatementQuery)["month"]
    shown = partner_account.statement_doc(request.auth.partner, month, now=timezone.now())
    return detail_response(request, StatementShape, shown)


def _order_doc(token: str, partner: Partner, *, only: Collection[str] | None = None) -> Any:
    (doc,) = queries.order_docs([selling.partner_order(token, partner)], now=timezone.now())
    return OrderShape(doc, only=only).data
