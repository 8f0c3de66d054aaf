from .chargebacks import Chargeback
from .commissions import Commission, CommissionRate, PartnerPayment
from .company import Company, CompanySetting
from .counter import Note, Shift, TillMovement
from .disruptions import (
    ChoiceLink,
    DisruptedSchedule,
    Disruption,
    DisruptionLine,
    DisruptionPolicy,
    InterestRate,
)
from .drafts import AuditEntry, DraftChange, TimetableDraft
from .exchanges import ExchangeRequest
from .fares import Fare, FareClass, PassengerType, RefundPolicy, RefundTier
from .fleet import Amenity, Bus, OutOfService, Seat, SeatKind, SeatLayout
from .inventory import Hold, HoldSeat, HoldTrip, SeatBlock, SeatClaim
from .invoices import Invoice, InvoiceLine, InvoiceSeries
from .ledger import PER_GATEWAY, Account, LedgerEntry, Posting, Total
from .luggage import LuggageRule, LuggageSpace
from .network import City, Line, PlaceName, Route, RouteStop, Stop
from .operations import Heartbeat, OfficeEvent, RateCount, SlowQuery
from .order_lines import OrderLine
from .outbox import OutboxMessage
from .partners import ApiKey, Partner, PartnerEvent, Settlement, Webhook
from .payments import GatewayNotification, Payment, PaymentAttempt
from .privacy import DataRequest, Erasure
from .promo_codes import PromoCode
from .published import PublishedFile
from .reference_data import ReferenceDataVersion
from .refunds import BankDetails, Refund, RefundAttempt
from .reports import DailySum, LoadRule, SumCursor
from .sales import (
    AccessLink,
    Booking,
    BookingEvent,
    BookingStep,
    Channel,
    Order,
    SaleStatus,
    Submission,
    Ticket,
)
from .staff import Branch, StaffEvent, StaffSession, StaffTask, User
from .statements import StatementDay, StatementLine, StatementMatch
from .text_messages import ContactChannel, ProviderCallback, StoppedNumber, TextMessage, TicketContact
from .timetable import EVERY_DAY, Schedule, ScheduleChange, ScheduleEvent, Service, ServiceException
from .vouchers import VOUCHER, Voucher, VoucherMovement, VoucherSale, voucher_reference
from .wait_list import WaitListEntry, WaitListTrip
from .write_offs import WriteOff

__all__ = [
    "EVERY_DAY",
    "PER_GATEWAY",
    "VOUCHER",
    "AccessLink",
    "Account",
    "Amenity",
    "ApiKey",
    "AuditEntry",
    "BankDetails",
    "Booking",
    "BookingEvent",
    "BookingStep",
    "Branch",
    "Bus",
    "Channel",
    "Chargeback",
    "ChoiceLink",
    "City",
    "Commission",
    "CommissionRate",
    "Company",
    "CompanySetting",
    "ContactChannel",
    "DailySum",
    "DataRequest",
    "DisruptedSchedule",
    "Disruption",
    "DisruptionLine",
    "DisruptionPolicy",
    "DraftChange",
    "Erasure",
    "ExchangeRequest",
    "Fare",
    "FareClass",
    "GatewayNotification",
    "Heartbeat",
    "Hold",
    "HoldSeat",
    "HoldTrip",
    "InterestRate",
    "Invoice",
    "InvoiceLine",
    "InvoiceSeries",
    "LedgerEntry",
    "Line",
    "LoadRule",
    "LuggageRule",
    "LuggageSpace",
    "Note",
    "OfficeEvent",
    "Order",
    "OrderLine",
    "OutOfService",
    "OutboxMessage",
    "Partner",
    "PartnerEvent",
    "PartnerPayment",
    "PassengerType",
    "Payment",
    "PaymentAttempt",
    "PlaceName",
    "Posting",
    "PromoCode",
    "ProviderCallback",
    "PublishedFile",
    "RateCount",
    "ReferenceDataVersion",
    "Refund",
    "RefundAttempt",
    "RefundPolicy",
    "RefundTier",
    "Route",
    "RouteStop",
    "SaleStatus",
    "Schedule",
    "ScheduleChange",
    "ScheduleEvent",
    "Seat",
    "SeatBlock",
    "SeatClaim",
    "SeatKind",
    "SeatLayout",
    "Service",
    "ServiceException",
    "Settlement",
    "Shift",
    "SlowQuery",
    "StaffEvent",
    "StaffSession",
    "StaffTask",
    "StatementDay",
    "StatementLine",
    "StatementMatch",
    "Stop",
    "StoppedNumber",
    "Submission",
    "SumCursor",
    "TextMessage",
    "Ticket",
    "TicketContact",
    "TillMovement",
    "TimetableDraft",
    "Total",
    "User",
    "Voucher",
    "VoucherMovement",
    "VoucherSale",
    "WaitListEntry",
    "WaitListTrip",
    "Webhook",
    "WriteOff",
    "voucher_reference",
]
