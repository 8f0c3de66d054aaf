"""Which mail a message of the outbox is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from bookings.base.dates import full_day_text
from bookings.base.encryption import decrypt
from bookings.base.money import ZERO, cents, format_zar
from bookings.base.names import in_ascii
from bookings.base.voucher_codes import voucher_code_text
from bookings.cache.reference_data import single_version_check
from bookings.domain.company.details import get_company
from bookings.domain.disruptions.choice_page import choice_page
from bookings.domain.messaging.mail.message import Content, Mail
from bookings.domain.messaging.mail.trip_news import times_changed_mail, trip_reminder_mail
from bookings.domain.messaging.mail.wait_list import joined_mail, offer_mail
from bookings.domain.privacy.requests import data_address
from bookings.domain.sales.bank_details import amount_waiting, details_request, waiting_for_details
from bookings.domain.sales.booking_page import bookings_of
from bookings.domain.sales.refund_state import refund_sentence, with_state
from bookings.domain.tickets.calendar import trips_calendar
from bookings.domain.tickets.choice_links import choice_address
from bookings.domain.tickets.invoice_page import get_invoice
from bookings.domain.tickets.invoice_pdf import invoice_pdf
from bookings.domain.tickets.invoice_text import invoice_text
from bookings.domain.tickets.links import link_address, make_link, order_address
from bookings.domain.tickets.pdf import trips_pdf
from bookings.domain.tickets.receipt_text import ReceiptText, receipt_text
from bookings.domain.tickets.receipts import order_receipt, refund_receipt
from bookings.domain.tickets.ticketed_trip import ticketed_trip_of, ticketed_trips_of
from bookings.domain.timetable.trips import local_text
from bookings.models import (
    Account,
    Booking,
    Chargeback,
    ChoiceLink,
    DataRequest,
    LedgerEntry,
    Order,
    OutboxMessage,
    Payment,
    Refund,
    SaleStatus,
    Ticket,
    Total,
    Voucher,
    VoucherMovement,
    voucher_reference,
)


@single_version_check()
def build_mail(message: OutboxMessage, *, now: datetime) -> Mail | None:
    """The mail, the same at every try. None when there is nobody to write to, or nothing to say any more."""
    order = message.order
    recipient = message.recipient or (order.email if order else "")
    if not recipient:
        return None
    with translation.override(order.language if order else settings.LANGUAGE_CODE):
        if message.kind in OutboxMessage.OF_VOUCHER:
            content, token = _VOUCHER_WRITERS[message.kind](message), ""
        elif message.kind in OutboxMessage.OF_WAIT_LIST:
            is_offer = message.kind == OutboxMessage.Kind.SEAT_OFFER
            written = offer_mail(message, now) if is_offer else joined_mail(message)
            content, token = (Content(*written) if written else None), ""
        elif order:
            bookings = bookings_of(order)
            content = _WRITERS[message.kind](message, order, bookings, now)
            # Whoever reads the address of before must not get in, not even by a mail that is tried once more
            seed = f"{message.message_id} {order.email}"
            token = (
                make_link(order, now=now, bookings=bookings, seed=seed)
                if content and bookings and not message.recipient
                else ""
            )
        else:
            return None
        if content is None:
            return None
        company = get_company()
        context = {
            "company": company,
            "order": order,
            "link": (link_address(token) if token or not order else order_address(order)) + content.leads_to,
            "is_passenger": _is_to_passenger(message, order),
            "site_url": settings.SITE_URL,
            **content.context,
        }
        subject = " ".join(in_ascii(content.subject).split())  # a header is one line
        context["subject"] = subject
        template = content.template or message.kind
        mail = Mail(
            subject=subject,
            body=render_to_string(f"mail/{template}.txt", context),
            to=[recipient],
            reply_to=[company.email] if company.email else None,
            headers={
                "Message-ID": message.message_id,
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
            },
        )
        mail.attach_alternative(render_to_string(f"mail/{template}.html", context), "text/html")
        for name, body, kind in content.attachments:
            mail.attach(name, body, kind)
    return mail


def _is_to_passenger(message: OutboxMessage, order: Order | None) -> bool:
    """The mail goes to a passenger's own address, whose link opens no booking."""
    is_own = bool(message.recipient) and message.kind in OutboxMessage.TOLD
    return is_own and (order is None or message.recipient != order.email)


def _confirmation(
    message: OutboxMessage, order: Order, bookings: list[Booking], now: datetime
) -> Content | None:
    receipt = order_receipt(order, bookings)
    if not bookings:
        return _voucher_receipt(order, receipt_text(receipt))
    owed = any(not refund.is_paid for refund in receipt.refunds)
    bookings = [booking for booking in bookings if booking.status == SaleStatus.CONFIRMED]
    all_trips = ticketed_trips_of(bookings)
    trips = [replace(trip, tickets=trip.good_tickets) for trip in all_trips if trip.good_tickets]
    if not trips:  # none, or a coach that does not run: another message says what becomes of them
        return None
    reference = trips[0].booking.booking_reference
    return Content(
        _("Your tickets: %(trip)s, %(date)s (%(reference)s)")
        % {"trip": trips[0].view.title, "date": trips[0].view.date_text, "reference": reference},
        {
            "trips": trips,
            "reference": reference,
            "receipt": receipt_text(receipt),
            "refunds": _sentences(order, Q(status__in=Refund.OPEN)) if owed else [],
            "count": sum(len(trip.tickets) for trip in trips),
        },
        (
            (f"tickets-{reference}.pdf", trips_pdf(trips), "application/pdf"),
            (f"trip-{reference}.ics", trips_calendar(all_trips), "text/calendar"),
        ),
    )


def _voucher_receipt(order: Order, receipt: ReceiptText) -> Content:
    sale = order.voucher_sale
    facts = {"value": format_zar(sale.value), "reference": sale.reference}
    return Content(
        _("You have bought a voucher of %(value)s (%(reference)s)") % facts,
        {**facts, "recipient": sale.recipient, "receipt": receipt, "days": settings.VOUCHER_RETURN_DAYS},
        template="voucher_receipt",
    )


def _reference(order: Order, bookings: Sequence[Booking]) -> str:
    return bookings[0].booking_reference if bookings else voucher_reference(order.pk)


def _pay_by(message: OutboxMessage, order: Order, bookings: list[Booking], now: datetime) -> Content | None:
    if not order.is_unproven:
        return _to_pay(order, bookings, now, _("Your seats are held until %(moment)s (%(reference)s)"))
    content = _to_pay(order, bookings, now, _("Confirm your seats by %(moment)s (%(reference)s)"))
    return content and replace(content, leads_to="keep/")


def _pay_reminder(
    message: OutboxMessage, order: Order, bookings: list[Booking], now: datetime
) -> Content | None:
    return _to_pay(order, bookings, now, _("Please pay by %(moment)s to keep your seats (%(reference)s)"))


def _to_pay(order: Order, bookings: list[Booking], now: datetime, subject: str) -> Content | None:
    if not order.is_open(now) or order.pay_by is None:
        return None
    bookings = [booking for booking in bookings if booking.status == SaleStatus.PENDING]
    if not bookings:
        return None
    moment, reference = local_text(order.pay_by), bookings[0].booking_reference
    return Content(
        subject % {"moment": moment, "reference": reference},
        {
            "trips": [ticketed_trip_of(booking) for booking in bookings],
            "reference": reference,
            "pay_by": moment,
            "owed": format_zar(LedgerEntry.objects.balance(Account.RECEIVABLE, order=order)),
        },
    )


def _cancellation(message: OutboxMessage, order: Order, bookings: list[Booking], now: datetime) -> Content:
    trip = next(ticketed_trip_of(booking) for booking in bookings if booking.pk == message.about_id)
    booking = trip.booking
    tickets = [ticket for ticket in booking.tickets.all() if ticket.status == Ticket.Status.CANCELLED]
    fare = sum((ticket.price for ticket in tickets), ZERO)
    refund = _owed_back(booking)
    row = Refund.objects.filter(order=order, booking=booking, cause=f"cancel:{booking.pk}").first()
    return Content(
        _("Cancelled: %(trip)s (%(reference)s)")
        % {"trip": trip.view.title, "reference": booking.booking_reference},
        {
            "trip": trip,
            "tickets": tickets,
            "reference": booking.booking_reference,
            "was_paid": _was_paid(booking),
            "fare": format_zar(fare),
            "fee": format_zar(fare - refund),
            "refund": format_zar(refund),
            "comes_back": refund > ZERO,
            "refunds": _sentences(order, _refunds_of_end(booking)),
            "receipt": row and receipt_text(refund_receipt(order, bookings, row.pk)),
        },
        ((f"trip-{booking.booking_reference}.ics", trips_calendar([trip]), "text/calendar"),),
    )


def _refunds_of_end(booking: Booking) -> Q:
    """The refunds of its cancellation, or of the void of its whole order."""
    was_voided = LedgerEntry.objects.filter(booking=booking, cause=f"void:{booking.pk}").exists()
    return Q(cause__startswith="void:") if was_voided else Q(cause=f"cancel:{booking.pk}")


def _sentences(order: Order, of: Q) -> list[str]:
    """How far each of these refunds of the order is, when the mail is sent."""
    refunds = with_state(Refund.objects.filter(of, order=order)).order_by("pk")
    return [refund_sentence(refund) for refund in refunds]


def _was_paid(booking: Booking) -> bool:
    return booking.events.filter(
        ticket=None, from_status=SaleStatus.CONFIRMED, to_status=SaleStatus.CANCELLED
    ).exists()


def _owed_back(booking: Booking) -> Decimal:
    """What its cancellation or void gave back."""
    causes = (f"cancel:{booking.pk}", f"void:{booking.pk}")
    owed = LedgerEntry.objects.filter(booking=booking, account=Account.REFUNDS_OWED, cause__in=causes)
    return -(owed.values_list("amount", flat=True).first() or ZERO)


def _refunded(order: Order, **of: Any) -> Decimal:
    refunds = Refund.objects.filter(order=order, **of)
    return cents(refunds.aggregate(total=Total("amount"))["total"] or ZERO)


def _seats_gone(message: OutboxMessage, order: Order, bookings: list[Booking], now: datetime) -> Content:
    payment = Payment.objects.get(pk=message.row_id)
    reference = _reference(order, bookings)
    return Content(
        _("Your payment arrived too late for your seats (%(reference)s)") % {"reference": reference},
        {
            "trips": [ticketed_trip_of(booking) for booking in bookings],
            "reference": reference,
            "paid": format_zar(payment.amount),
            "refund": format_zar(_refunded(order, payment=payment) or payment.amount),
            "refunds": _sentences(order, Q(payment=payment)),
        },
    )


def _exchange_refused(
    message: OutboxMessage, order: Order, bookings: list[Booking], now: datetime
) -> Content:
    payment = Payment.objects.select_related("attempt__exchange_request__booking").get(pk=message.row_id)
    request = payment.attempt and payment.attempt.exchange_request
    reference = request.booking.booking_reference if request else _reference(order, bookings)
    trips = [ticketed_trip_of(booking) for booking in bookings if booking.status == SaleStatus.CONFIRMED]
    return Content(
        _("Your change could not be made (%(reference)s)") % {"reference": reference},
        {
            "trips": [trip for trip in trips if trip.tickets],
            "reference": reference,
            "reason": request.reason if request else "",
            "paid": format_zar(payment.amount),
            "refund": format_zar(_refunded(order, payment=payment) or payment.amount),
            "refunds": _sentences(order, Q(payment=payment)),
        },
    )


def _refund(message: OutboxMessage, order: Order, bookings: list[Booking], now: datetime) -> Content:
    first = Refund.objects.get(pk=message.row_id)
    reference, amount = _reference(order, bookings), format_zar(_refunded(order, cause=first.cause))
    is_interest = first.cause.startswith("interest:")
    subject = _("Your refund of %(amount)s (%(reference)s)")
    if is_interest:
        subject = _("Interest of %(amount)s on your refund (%(reference)s)")
    return Content(
        subject % {"amount": amount, "reference": reference},
        {
            "reference": reference,
            "amount": amount,
            "is_interest": is_interest,
            "is_voucher": not bookings,
            "refunds": _sentences(order, Q(cause=first.cause)),
        },
    )


def _chargeback(message: OutboxMessage, order: Order, bookings: list[Booking], now: datetime) -> Content:
    chargeback = Chargeback.objects.get(payment=message.row_id)
    reference, amount = _reference(order, bookings), format_zar(chargeback.amount)
    return Content(
        _("Your bank took back your payment of %(amount)s (%(reference)s)")
        % {"amount": amount, "reference": reference},
        {"reference": reference, "amount": amount},
    )


def _link(message: OutboxMessage, order: Order, bookings: list[Booking], now: datetime) -> Content:
    reference = _reference(order, bookings)
    return Content(
        _("Your link to booking %(reference)s") % {"reference": reference},
        {"trips": [ticketed_trip_of(booking) for booking in bookings], "reference": reference},
    )


def _data_link(
    message: OutboxMessage, order: Order, bookings: list[Booking], now: datetime
) -> Content | None:
    request = DataRequest.objects.filter(pk=message.row_id, expires_at__gt=now).first()
    if request is None:
        return None
    return Content(_("Your personal data with us"), {"link": data_address(request)})


def _bank_details(
    message: OutboxMessage, order: Order, bookings: list[Booking], now: datetime
) -> Content | None:
    waiting = [row for row in waiting_for_details(order.pk) if row.given_at is None]
    if not waiting:
        return None
    amount, reference = format_zar(amount_waiting(waiting)), _reference(order, bookings)
    return Content(
        _("Where may we send your refund of %(amount)s? (%(reference)s)")
        % {"amount": amount, "reference": reference},
        {"reference": reference, "amount": amount},
    )


def _bank_details_given(
    message: OutboxMessage, order: Order, bookings: list[Booking], now: datetime
) -> Content:
    reference, usable_at = _reference(order, bookings), details_request(order.pk).usable_at
    waits_until = local_text(usable_at) if usable_at and usable_at > now else ""
    return Content(
        _("We have your bank details (%(reference)s)") % {"reference": reference},
        {"reference": reference, "waits_until": waits_until},
    )


def _contact_changed(message: OutboxMessage, order: Order, bookings: list[Booking], now: datetime) -> Content:
    reference = _reference(order, bookings)
    return Content(
        _("The contact of booking %(reference)s was changed") % {"reference": reference},
        {"reference": reference, "is_old_address": bool(message.recipient)},
    )


def _invoice(message: OutboxMessage, order: Order, bookings: list[Booking], now: datetime) -> Content:
    invoice = get_invoice(order.pk, message.row_id)
    text, reference = invoice_text(invoice), _reference(order, bookings)
    facts = {"title": text.title, "number": invoice.full_number, "reference": reference}
    return Content(
        _("%(title)s %(number)s (%(reference)s)") % facts,
        {"reference": reference, "receipt": text, "number": invoice.full_number},
        ((f"{invoice.full_number}.pdf", invoice_pdf(invoice), "application/pdf"),),
    )


def _voucher(message: OutboxMessage) -> Content | None:
    voucher = Voucher.objects.get(pk=message.row_id)
    if not voucher.sealed_code:
        return None
    value, valid_until = format_zar(voucher.value), full_day_text(voucher.valid_until)
    is_bought = voucher.kind == Voucher.Kind.SOLD and not voucher.replaces_id
    sale = voucher.order.voucher_sale if is_bought and voucher.order else None
    return Content(
        _("Your voucher of %(value)s") % {"value": value},
        {
            "code": voucher_code_text(decrypt(voucher.sealed_code)),
            "value": value,
            "valid_until": valid_until,
            "replaces": voucher.replaces_id is not None,
            "is_refund": voucher.kind == Voucher.Kind.REFUND,
            "is_sold": voucher.kind == Voucher.Kind.SOLD,
            "giver": sale.order.email if sale and sale.recipient else "",
            "message": sale.message if sale else "",
        },
    )


def _voucher_restored(message: OutboxMessage) -> Content:
    movement = VoucherMovement.objects.select_related("voucher", "refund__order").get(pk=message.row_id)
    voucher, refund = movement.voucher, movement.refund
    reference = refund.order.bookings.order_by("pk")[0].booking_reference if refund else ""
    amount = format_zar(movement.amount)
    return Content(
        _("%(amount)s is back on your voucher (%(reference)s)") % {"amount": amount, "reference": reference},
        {
            "amount": amount,
            "reference": reference,
            "code_end": voucher.code_end,
            "valid_until": full_day_text(movement.valid_until or voucher.valid_until),
            "is_extended": movement.valid_until is not None,
            "is_stopped": voucher.stopped_at is not None,
        },
    )


def _disruption(message: OutboxMessage, order: Order, bookings: list[Booking], now: datetime) -> Content:
    link = ChoiceLink.objects.select_related("disruption", "order").get(pk=message.row_id)
    page = choice_page(link, now=now)
    return Content(
        f"{page.headline}: {page.before.title}, {page.before.date_text}",
        {"page": page, "reference": _reference(order, bookings), "link": choice_address(link)},
    )


def _disruption_unpaid(
    message: OutboxMessage, order: Order, bookings: list[Booking], now: datetime
) -> Content | None:
    booking = next(booking for booking in bookings if booking.pk == message.row_id)
    if booking.status not in (SaleStatus.PENDING, SaleStatus.EXPIRED):
        return None
    trip = ticketed_trip_of(booking)
    facts = {"trip": trip.view.title, "reference": booking.booking_reference}
    return Content(
        _("Cancelled by us: %(trip)s (%(reference)s)") % facts,
        {"trip": trip, "reference": booking.booking_reference},
    )


Kind = OutboxMessage.Kind
_VOUCHER_WRITERS: Final[dict[str, Callable[[OutboxMessage], Content | None]]] = {
    Kind.VOUCHER: _voucher,
    Kind.VOUCHER_RESTORED: _voucher_restored,
}
_WRITERS: Final[dict[str, Callable[[OutboxMessage, Order, list[Booking], datetime], Content | None]]] = {
    Kind.CONFIRMATION: _confirmation,
    Kind.PAY_BY: _pay_by,
    Kind.PAY_REMINDER: _pay_reminder,
    Kind.CANCELLATION: _cancellation,
    Kind.TIMES_CHANGED: lambda message, _order, bookings, _now: times_changed_mail(message, bookings),
    Kind.SEATS_GONE: _seats_gone,
    Kind.EXCHANGE_REFUSED: _exchange_refused,
    Kind.REFUND: _refund,
    Kind.CHARGEBACK: _chargeback,
    Kind.INVOICE: _invoice,
    Kind.LINK: _link,
    Kind.DATA_LINK: _data_link,
    Kind.CONTACT_CHANGED: _contact_changed,
    Kind.BANK_DETAILS: _bank_details,
    Kind.DISRUPTION: _disruption,
    Kind.DISRUPTION_UNPAID: _disruption_unpaid,
    Kind.TRIP_REMINDER: lambda message, _order, bookings, now: trip_reminder_mail(message, bookings, now),
    Kind.BANK_DETAILS_GIVEN: _bank_details_given,
}
