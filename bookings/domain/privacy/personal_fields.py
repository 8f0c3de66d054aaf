"""Every column that says something about a person: why it is kept, and what stands there once it is erased.

The law is POPIA: section 14 (no longer than needed), 23 (access) and 24 (correction and deletion). A test
holds every text column of the database to being in one of these lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from django.apps import apps
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.database.triggers import ERASED


class Purpose(Enum):
    """What a company needs a field for, as the privacy page says it."""

    TRIP: Final = _("To carry you and to reach you about your trip")
    MONEY: Final = _("To take payments and to give money back")
    HELP: Final = _("To answer you and to keep account of what was agreed")
    TAX: Final = _("Because tax law demands it")
    WORK: Final = _("About members of staff, while they work here")
    SECURITY: Final = _("To recognise break-ins and fraud")


@dataclass(frozen=True)
class PersonalField:
    """`order`: how a row finds its order, as a lookup; "" if it belongs to none. `is_exempt`: not erased with
    the order, as the law demands it, or the row goes by itself.
    """

    model: str
    name: str
    label: str | Promise
    purpose: Purpose
    order: str = ""
    erased: Any = ""
    is_exempt: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.model, self.name

    @property
    def rows(self) -> Any:
        return model_of(self.model)._default_manager


def model_of(label: str) -> type[Model]:
    app, _dot, name = label.rpartition(".")
    return apps.get_model(app or "bookings", name)


_TICKET: Final = "booking__order"
PERSONAL_FIELDS: Final = (
    PersonalField("Order", "email", _("E-mail address"), Purpose.TRIP, "pk"),
    PersonalField("Order", "phone", _("Telephone"), Purpose.TRIP, "pk"),
    PersonalField("Booking", "passenger_email", _("E-mail address, for the search"), Purpose.TRIP, "order"),
    PersonalField("Ticket", "first_name", _("First name"), Purpose.TRIP, _TICKET),
    PersonalField("Ticket", "surname", _("Surname"), Purpose.TRIP, _TICKET, ERASED),
    PersonalField("Ticket", "plain_surname", _("Surname, for the search"), Purpose.TRIP, _TICKET),
    PersonalField("Ticket", "plain_surname_end", _("Surname, for the search"), Purpose.TRIP, _TICKET),
    PersonalField("Ticket", "plain_first_name", _("First name, for the search"), Purpose.TRIP, _TICKET),
    PersonalField("Ticket", "help_request", _("Help that was asked for"), Purpose.TRIP, _TICKET),
    PersonalField("Hold", "draft", _("What was typed at the checkout"), Purpose.TRIP, "order", {}),
    PersonalField(
        "DisruptionLine", "note", _("What became of a disturbed trip"), Purpose.TRIP, "ticket__booking__order"
    ),
    PersonalField(
        "TicketContact", "value", _("Contact of a passenger"), Purpose.TRIP, "ticket__booking__order"
    ),
    PersonalField("TextMessage", "to", _("Number of a text message"), Purpose.TRIP, "order"),
    PersonalField("TextMessage", "error", _("Answer to a text message"), Purpose.TRIP, "order"),
    PersonalField("ProviderCallback", "body", _("Receipt of a text message"), Purpose.TRIP, is_exempt=True),
    PersonalField("OutboxMessage", "recipient", _("Address of a message"), Purpose.TRIP, "order"),
    PersonalField("OutboxMessage", "body", _("Message to the seller"), Purpose.TRIP, "order"),
    PersonalField("OutboxMessage", "last_error", _("Answer of the mail server"), Purpose.TRIP, "order"),
    PersonalField("PaymentAttempt", "address", _("Page of the payment"), Purpose.MONEY, "order"),
    PersonalField(
        "GatewayNotification", "body", _("Notification of the payment"), Purpose.MONEY, "attempt__order"
    ),
    PersonalField(
        "GatewayNotification",
        "headers",
        _("Notification of the payment"),
        Purpose.MONEY,
        "attempt__order",
        {},
    ),
    PersonalField("Refund", "reason", _("Reason of a refund"), Purpose.MONEY, "order"),
    PersonalField("RefundAttempt", "last_error", _("Answer of the gateway"), Purpose.MONEY, "refund__order"),
    PersonalField(
        "BankDetails", "sealed", _("Bank details of a refund"), Purpose.MONEY, "refund__order", is_exempt=True
    ),
    PersonalField(
        "StatementLine", "text", _("Text of a transfer"), Purpose.MONEY, "match__payment__order", ERASED
    ),
    PersonalField(
        "StatementLine", "text", _("Text of a transfer"), Purpose.MONEY, "match__refund__order", ERASED
    ),
    PersonalField("VoucherSale", "recipient", _("Address a voucher was bought for"), Purpose.MONEY, "order"),
    PersonalField("VoucherSale", "message", _("Message with a voucher"), Purpose.MONEY, "order"),
    PersonalField("Voucher", "email", _("E-mail address of a voucher"), Purpose.MONEY, "order"),
    PersonalField(
        "VoucherMovement",
        "reason",
        _("Reason of a change of a voucher"),
        Purpose.MONEY,
        "voucher__order",
        ERASED,
    ),
    PersonalField("BookingEvent", "reason", _("Reason of a change"), Purpose.HELP, _TICKET, ERASED),
    PersonalField(
        "ExchangeRequest", "terms", _("Change that you asked for"), Purpose.TRIP, "booking__order", {}
    ),
    PersonalField("Note", "text", _("Note of our staff"), Purpose.HELP, "order", ERASED),
    PersonalField("StaffTask", "detail", _("What our staff had to look at"), Purpose.HELP, "order"),
    PersonalField("StaffTask", "done_note", _("What our staff did"), Purpose.HELP, "order"),
    PersonalField("Submission", "answer", _("Answer to the seller's program"), Purpose.TRIP, is_exempt=True),
    PersonalField(
        "DataRequest", "email", _("E-mail address of this request"), Purpose.HELP, "order", is_exempt=True
    ),
    PersonalField(
        "Invoice",
        "recipient_name",
        _("Name on the tax invoice"),
        Purpose.TAX,
        "order",
        ERASED,
        is_exempt=True,
    ),
    PersonalField(
        "Invoice",
        "recipient_address",
        _("Address on the tax invoice"),
        Purpose.TAX,
        "order",
        ERASED,
        is_exempt=True,
    ),
    PersonalField(
        "Invoice",
        "recipient_vat_number",
        _("VAT number on the tax invoice"),
        Purpose.TAX,
        "order",
        ERASED,
        is_exempt=True,
    ),
    PersonalField(
        "InvoiceLine",
        "description",
        _("Trip and passengers on the tax invoice"),
        Purpose.TAX,
        "invoice__order",
        ERASED,
        is_exempt=True,
    ),
    PersonalField("WaitListEntry", "email", _("Address on a wait list"), Purpose.TRIP, is_exempt=True),
    PersonalField("User", "username", _("User name"), Purpose.WORK, is_exempt=True),
    PersonalField("User", "first_name", _("First name"), Purpose.WORK, is_exempt=True),
    PersonalField("User", "last_name", _("Surname"), Purpose.WORK, is_exempt=True),
    PersonalField("User", "email", _("E-mail address"), Purpose.WORK, is_exempt=True),
    PersonalField("StaffEvent", "what", _("What happened to an account"), Purpose.WORK, is_exempt=True),
    PersonalField("StaffEvent", "reason", _("Why it happened"), Purpose.WORK, is_exempt=True),
    PersonalField("StaffSession", "agent", _("Browser"), Purpose.SECURITY, is_exempt=True),
    PersonalField("StaffSession", "address", _("Network address"), Purpose.SECURITY, is_exempt=True),
    PersonalField(
        "GatewayNotification", "peer", _("Network address of the gateway"), Purpose.SECURITY, "attempt__order"
    ),
)
# Text that says nothing about a person: what is sold, codes, keys, digests, what a program wrote
NOT_PERSONAL: Final[dict[str, str]] = {
    "AccessLink": "token_hash",
    "ApiKey": "name prefix key_hash scopes limit",
    "AuditEntry": "subject title before after",
    "OfficeEvent": "kind detail",
    "BankDetails": "banks",
    "Booking": "booking_reference",
    "BookingEvent": "from_status to_status",
    "Branch": "code name address opening_hours",
    "Bus": "operator bus_number registration",
    "ChoiceLink": "token_hash",
    "City": "name slug plain_name region country",
    "Company": "trading_name legal_name registration_number vat_number address postal_address phone whatsapp "
    "emergency_phone email website opening_hours information_officer about terms_in_short bank_details",
    "CompanySetting": "name value",
    "DailySum": "key",
    "DataRequest": "token_hash",
    "Disruption": "text",
    "DisruptionLine": "entitlements",
    "DisruptionPolicy": "code name kinds entitlements not_beyond_control not_in_weather",
    "InterestRate": "source",
    "DraftChange": "subject data base",
    "Erasure": "subject_digest",
    "ExchangeRequest": "token reason",
    "FareClass": "code name seat_kinds",
    "GatewayNotification": "gateway external_id outcome",
    "Heartbeat": "name",
    "Hold": "token owner network promo_code",
    "HoldSeat": "fares",
    "Invoice": "supplier_name supplier_address supplier_vat_number",
    "InvoiceSeries": "code",
    "LedgerEntry": "cause gateway",
    "Line": "source source_id code name",
    "Order": "token language external_reference",
    "OrderLine": "rule cause",
    "OutboxMessage": "subject event version message_id provider_id",
    "Partner": "name slug email",
    "PartnerEvent": "what",
    "PartnerPayment": "reference reason",
    "PassengerType": "slug name name_plural ages proof",
    "Payment": "method external_id reference",
    "PaymentAttempt": "gateway token external_id",
    "PlaceName": "name plain_name attested_by",
    "PromoCode": "code plain_code",
    "ProviderCallback": "provider digest headers outcome",
    "PublishedFile": "name body sha256",
    "RateCount": "key",
    "ReferenceDataVersion": "value",
    "Refund": "cause method reference",
    "RefundAttempt": "key external_id",
    "RefundPolicy": "code name",
    "Route": "source source_id name",
    "Schedule": "source source_id call_changes",
    "ScheduleEvent": "from_status to_status reason",
    "Seat": "label",
    "OutOfService": "reason",
    "SeatBlock": "reason",
    "SeatLayout": "code name amenities plan",
    "Service": "source source_id time_zone",
    "Shift": "counted expected reason denominations count_tries",
    "SlowQuery": "key place sql",
    "StaffSession": "session_key",
    "StaffTask": "subject",
    "SumCursor": "table waits_for",
    "StatementDay": "gateway problem",
    "StatementLine": "gateway line_id external_id our_id",
    "StoppedNumber": "digest",
    "Stop": "source source_id code name plain_name address time_zone",
    "Submission": "scope token content_hash result",
    "TextMessage": "kind subject version client_id provider_id",
    "Ticket": "refund_terms code spoken_code",
    "TicketContact": "text_version",
    "TillMovement": "reason",
    "User": "password",
    "WriteOff": "gateway subject reason",
    "Voucher": "code_digest code_end sealed_code",
    "WaitListEntry": "language party token_hash",
    "Webhook": "url secret old_secret events",
}


def fields_of_orders() -> Iterator[PersonalField]:
    """Those that are found by an order, for an export."""
    return (field for field in PERSONAL_FIELDS if field.order)


def fields_to_erase() -> Iterator[PersonalField]:
    return (field for field in fields_of_orders() if not field.is_exempt)
