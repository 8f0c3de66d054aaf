from .fares import Fare, FareClass, PassengerType, RefundPolicy, RefundTier
from .fleet import Amenity, Bus, Seat, SeatKind, SeatLayout
from .inventory import Hold, HoldSeat, HoldTrip, SeatClaim
from .money import Account, GatewayNotification, LedgerEntry, Payment, PaymentAttempt, Refund
from .network import City, Line, Route, RouteStop, Stop
from .operations import Heartbeat, RateCount
from .outbox import OutboxMessage
from .sales import AccessLink, Booking, BookingEvent, Channel, Order, SaleStatus, Submission, Ticket
from .staff import StaffTask, User
from .timetable import EVERY_DAY, Schedule, Service, ServiceException

__all__ = [
    "EVERY_DAY",
    "AccessLink",
    "Account",
    "Amenity",
    "Booking",
    "BookingEvent",
    "Bus",
    "Channel",
    "City",
    "Fare",
    "FareClass",
    "GatewayNotification",
    "Heartbeat",
    "Hold",
    "HoldSeat",
    "HoldTrip",
    "LedgerEntry",
    "Line",
    "Order",
    "OutboxMessage",
    "PassengerType",
    "Payment",
    "PaymentAttempt",
    "RateCount",
    "Refund",
    "RefundPolicy",
    "RefundTier",
    "Route",
    "RouteStop",
    "SaleStatus",
    "Schedule",
    "Seat",
    "SeatClaim",
    "SeatKind",
    "SeatLayout",
    "Service",
    "ServiceException",
    "StaffTask",
    "Stop",
    "Submission",
    "Ticket",
    "User",
]
