from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.base.names import full_name
from bookings.database.compiled import insert_rows

from .counter import Shift
from .fares import FareClass, PassengerType
from .fleet import Seat
from .inventory import Hold
from .network import RouteStop
from .partners import Partner
from .promo_codes import PromoCode
from .staff import User
from .timetable import Schedule


class Channel(models.TextChoices):
    WEB = "web", _("web")
    COUNTER = "counter", _("counter")
    API = "api", _("API")


class SaleStatus(models.TextChoices):
    PENDING = "pending", _("waiting for payment")
    CONFIRMED = "confirmed", _("confirmed")
    CANCELLED = "cancelled", _("cancelled")
    EXPIRED = "expired", _("expired")


class Order(models.Model):
    """What is paid together.

    What is owed on it is the sum of its receivable entries, never a matter of status.
    """

    token = models.CharField(max_length=32)  # the address of its status page
    hold = models.OneToOneField(Hold, models.PROTECT, null=True, blank=True, related_name="order")
    email = models.EmailField(max_length=254, blank=True)
    phone = models.CharField(max_length=20, blank=True)  # E.164
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.WEB)
    status = models.CharField(max_length=10, choices=SaleStatus, default=SaleStatus.PENDING)
    total = models.DecimalField(max_digits=11, decimal_places=2)
    pays_later = models.BooleanField(default=False)
    # When a stranger who pays later pressed the button that was mailed; None: not yet, or not asked for
    mailbox_confirmed_at = models.DateTimeField(null=True, blank=True)
    pay_by = models.DateTimeField(null=True, blank=True)  # while pending
    placed_at = models.DateTimeField()
    language = models.CharField(max_length=10, default="en-za")
    seller = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    shift = models.ForeignKey(
        Shift, models.PROTECT, null=True, blank=True, related_name="orders"
    )  # where staff sold it
    partner = models.ForeignKey(
        Partner, models.PROTECT, null=True, blank=True, related_name="orders", db_index=False
    )  # who sold it by API
    external_reference = models.CharField(  # what the partner calls it
        max_length=64, blank=True, default="", db_default=""
    )
    updated_at = models.DateTimeField(null=True, blank=True)  # of a partner's: what it is told of
    # Raised with each change of the contact: a browser that came by the contact of before opens nothing
    contact_version = models.SmallIntegerField(default=0, db_default=0)
    contact_changed_at = models.DateTimeField(null=True, blank=True)  # the last time
    receipt_printed_at = models.DateTimeField(null=True, blank=True)  # by staff, the first time
    erased_at = models.DateTimeField(null=True, blank=True)  # its personal data: domain.privacy
    promo_code = models.ForeignKey(
        PromoCode, models.PROTECT, null=True, blank=True, related_name="orders", db_index=False
    )

    class Meta:
        ordering = ["-placed_at"]
        indexes = [
            models.Index(
                fields=["promo_code"], name="order_promo_code_idx", condition=Q(promo_code__isnull=False)
            ),
            models.Index(
                fields=["partner", "-id"], name="order_partner_idx", condition=Q(partner__isnull=False)
            ),
            models.Index(
                fields=["partner", "updated_at", "id"],
                name="order_updated_idx",
                condition=Q(partner__isnull=False),
            ),
            models.Index(fields=["pay_by"], name="order_pay_by_idx", condition=Q(status="pending")),
            models.Index(fields=["phone"], name="order_phone_idx"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["token"], name="unique_order_token"),
            models.UniqueConstraint(
                fields=["partner", "external_reference"],
                condition=~Q(external_reference=""),
                name="unique_external_reference",
            ),
            models.CheckConstraint(condition=Q(total__gte=0), name="order_total_not_negative"),
            models.CheckConstraint(
                condition=~Q(status="pending") | Q(pay_by__isnull=False), name="pending_order_has_pay_by"
            ),
            models.CheckConstraint(condition=Q(status__in=SaleStatus.values), name="order_status_known"),
            models.CheckConstraint(
                condition=~Q(email="") | ~Q(phone="") | ~Q(channel="web") | Q(erased_at__isnull=False),
                name="web_order_has_contact",
            ),
            models.CheckConstraint(
                condition=Q(channel="api", partner__isnull=False)
                | (~Q(channel="api") & Q(partner__isnull=True)),
                name="api_order_has_partner",
            ),
        ]

    def __str__(self) -> str:
        return f"order {self.pk}"

    @property
    def is_unproven(self) -> bool:
        """Paid later by a stranger whose mailbox has not answered."""
        return self.pays_later and self.channel == Channel.WEB and self.mailbox_confirmed_at is None

    def is_open(self, now: datetime) -> bool:
        """Still to be paid, and in time."""
        return self.status == SaleStatus.PENDING and self.pay_by is not None and self.pay_by > now


class Booking(models.Model):
    """The seats of one order on one departure."""

    Status = SaleStatus

    order = models.ForeignKey(Order, models.PROTECT, related_name="bookings")
    booking_reference = models.CharField(_("reference"), max_length=12)
    status = models.CharField(_("status"), max_length=10, choices=SaleStatus, default=SaleStatus.PENDING)
    # The order's address as it is compared: base.emails.plain_email
    passenger_email = models.EmailField(_("e-mail"), max_length=254, blank=True)
    booking_date = models.DateTimeField(_("booked"))
    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="bookings", db_index=False)
    from_stop = models.ForeignKey(RouteStop, models.PROTECT, related_name="+")
    to_stop = models.ForeignKey(RouteStop, models.PROTECT, related_name="+")
    boards_at = models.DateTimeField()
    alights_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)

    event_count = 0  # set by queries that count its events

    class Meta:
        ordering = ["boards_at", "id"]
        indexes = [
            models.Index(fields=["status"], name="booking_status_idx"),
            models.Index(fields=["passenger_email"], name="booking_email_idx"),
            models.Index(fields=["schedule", "status"], name="booking_schedule_status_idx"),
            models.Index(fields=["booking_date"], name="booking_date_idx"),
            models.Index(fields=["boards_at"], name="booking_boards_idx"),
            models.Index(
                fields=["status", "booking_date"], name="booking_status_date_idx"
            ),  # the newest of a rare state
        ]
        constraints = [
            # An expression, so that both databases make it an index of this name and not an unnamed table
            # constraint.
            models.UniqueConstraint(F("booking_reference"), name="booking_ref_idx"),
            models.CheckConstraint(condition=Q(status__in=SaleStatus.values), name="booking_status_known"),
            models.CheckConstraint(
                condition=~Q(status="cancelled") | Q(cancelled_at__isnull=False),
                name="cancelled_booking_has_time",
            ),
            models.CheckConstraint(
                condition=Q(alights_at__gte=F("boards_at")), name="booking_alights_after_boarding"
            ),
        ]

    def __str__(self) -> str:
        return self.booking_reference


class Ticket(models.Model):
    """One passenger on one departure."""

    class Status(models.TextChoices):
        VALID = "valid", _("valid")
        BOARDED = "boarded", _("boarded")
        NO_SHOW = "no_show", _("no-show")
        CANCELLED = "cancelled", _("cancelled")
        REPLACED = "replaced", _("replaced")

    class Place(models.TextChoices):
        SEAT = "seat", _("seat")
        LAP = "lap", _("on a lap")
        STANDBY = "standby", _("standby")
        WAITING = "waiting", _("waiting")  # lost the seat by a disruption; its line says what is decided

    IN_USE: Final = (Status.VALID, Status.BOARDED)  # who is to travel, or travels

    booking = models.ForeignKey(Booking, models.PROTECT, related_name="tickets")
    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="+")
    place = models.CharField(max_length=8, choices=Place, default=Place.SEAT)
    seat = models.ForeignKey(Seat, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    first_name = models.CharField(max_length=80, blank=True)  # one of the two may be empty
    surname = models.CharField(max_length=80, blank=True)
    plain_surname = models.CharField(max_length=80)  # base.names.plain_surname
    plain_surname_end = models.CharField(max_length=80, blank=True, default="", db_default="")  # as above
    plain_first_name = models.CharField(max_length=80, blank=True, default="", db_default="")  # as above
    passenger_type = models.ForeignKey(PassengerType, models.PROTECT, related_name="+", db_index=False)
    fare_class = models.ForeignKey(FareClass, models.PROTECT, related_name="+", db_index=False)
    fare = models.DecimalField(max_digits=9, decimal_places=2)  # to be paid: less `discount`
    discount = models.DecimalField(max_digits=9, decimal_places=2, default=0, db_default=0)  # by a promo code
    extra_luggage = models.SmallIntegerField(default=0, db_default=0)  # pieces beyond what is free
    luggage_price = models.DecimalField(max_digits=9, decimal_places=2, default=0, db_default=0)  # of all
    refund_terms = models.JSONField()  # domain.fares.refunds.RefundTerms, frozen when sold
    status = models.CharField(max_length=10, choices=Status, default=Status.VALID)
    code = models.CharField(max_length=40)  # base.codes.new_ticket_code: what the QR says
    spoken_code = models.CharField(max_length=6)
    needs_wheelchair = models.BooleanField(default=False, db_default=False)  # on a place for one
    help_request = models.CharField(max_length=200, blank=True, default="", db_default="")  # personal
    version = models.PositiveSmallIntegerField(default=1)  # raised when the ticket is issued again

    class Meta:
        ordering = ["booking", "id"]
        # Compares byte by byte on PostgreSQL, so that it answers the beginning of a surname as well as a
        # whole one
        indexes = [
            models.Index(
                fields=["plain_surname"], opclasses=["varchar_pattern_ops"], name="ticket_surname_idx"
            ),
            models.Index(
                fields=["plain_surname_end"], opclasses=["varchar_pattern_ops"], name="ticket_surname_end_idx"
            ),
            models.Index(
                fields=["plain_first_name"], opclasses=["varchar_pattern_ops"], name="ticket_first_name_idx"
            ),
            models.Index(fields=["schedule"], name="ticket_no_show_idx", condition=Q(status="no_show")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["code"], name="unique_ticket_code"),
            models.CheckConstraint(condition=Q(fare__gte=0), name="ticket_fare_not_negative"),
            models.CheckConstraint(
                condition=Q(place="seat", seat__isnull=False)
                | Q(place__in=["lap", "standby", "waiting"], seat__isnull=True),
                name="ticket_place",
            ),
            models.CheckConstraint(
                condition=Q(extra_luggage=0, luggage_price=0) | Q(extra_luggage__gt=0, luggage_price__gte=0),
                name="ticket_luggage",
            ),
            # The code first, so that the counter finds it without its departure
            models.UniqueConstraint(F("spoken_code"), F("schedule"), name="unique_spoken_code"),
            models.CheckConstraint(
                condition=Q(status__in=["valid", "boarded", "no_show", "cancelled", "replaced"]),
                name="ticket_status_known",
            ),
        ]

    @property
    def full_name(self) -> str:
        return full_name(self.first_name, self.surname)

    @property
    def price(self) -> Decimal:
        """The fare and what goes with it, in rand: what cancelling gives back less its fee."""
        return self.fare + self.luggage_price

    def __str__(self) -> str:
        return f"ticket {self.pk}"


BOOKING_STEPS: Final = (
    ("", "pending"),
    ("", "confirmed"),
    ("pending", "confirmed"),
    ("pending", "expired"),
    ("pending", "cancelled"),
    ("expired", "confirmed"),  # money that came late, seats that were still free
    ("confirmed", "cancelled"),
)
TICKET_STEPS: Final = (
    ("", "valid"),  # issued in place of another
    ("valid", "boarded"),
    ("valid", "no_show"),
    ("valid", "cancelled"),
    ("valid", "replaced"),
    ("boarded", "valid"),  # a scan taken back
    ("no_show", "boarded"),
    ("no_show", "valid"),  # expected again
    ("no_show", "replaced"),  # left behind by the coach
    ("boarded", "replaced"),  # taken on by another vehicle after a breakdown
)


def _steps(pairs: tuple[tuple[str, str], ...]) -> Q:
    allowed = Q()
    for before, after in pairs:
        allowed |= Q(from_status=before, to_status=after)
    return allowed


@dataclass(frozen=True, kw_only=True)
class _StepDetails:
    at: datetime
    ticket: Ticket | None = None
    actor: User | None = None
    approver: User | None = None
    reason: str = ""


@dataclass(frozen=True)
class BookingStep(_StepDetails):
    """A change of a booking's state, or of one of its tickets.

    `before` and `after` alike, with a reason, for a change that is none of state.
    """

    booking: Booking
    before: str
    after: str


class BookingEventManager(models.Manager["BookingEvent"]):
    def record(self, step: BookingStep) -> BookingEvent:
        event = BookingEvent(
            booking=step.booking,
            ticket=step.ticket,
            from_status=step.before,
            to_status=step.after,
            actor=step.actor,
            approver=step.approver,
            reason=step.reason[:200],
            at=step.at,
        )
        insert_rows([event])
        return event


class BookingEvent(models.Model):
    """Every change of state, of a booking or of one of its tickets. The CHECK holds the allowed steps."""

    booking = models.ForeignKey(Booking, models.PROTECT, related_name="events")
    ticket = models.ForeignKey(Ticket, models.PROTECT, null=True, blank=True, related_name="events")
    from_status = models.CharField(max_length=10, blank=True)
    to_status = models.CharField(max_length=10)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    approver = models.ForeignKey(  # the second person
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    objects = BookingEventManager()

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            # What members of staff did, by day; most events are nobody's
            models.Index(
                fields=["at", "id"], name="booking_event_staff_idx", condition=Q(actor__isnull=False)
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=(Q(ticket__isnull=True) & _steps(BOOKING_STEPS))
                | (Q(ticket__isnull=False) & _steps(TICKET_STEPS))
                | (Q(from_status=F("to_status")) & ~Q(reason="")),
                name="booking_event_step_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.booking_id}: {self.from_status or '·'} → {self.to_status}"


class Submission(models.Model):
    """A form or request that was posted once.

    The same token again leads to the same result; with other content it is refused.
    """

    scope = models.CharField(max_length=40)
    token = models.CharField(max_length=80)
    content_hash = models.CharField(max_length=64)
    result = models.CharField(max_length=120, blank=True)
    answer = models.TextField(blank=True, default="", db_default="")  # to a program, for its repeats
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "token"], name="unique_submission")]
        indexes = [models.Index(fields=["created_at"], name="submission_created_idx")]

    def __str__(self) -> str:
        return f"{self.scope} {self.result}"


class AccessLink(models.Model):
    """The mailed link to an order: a 128-bit token, kept only as its SHA-256."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="links")
    token_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token_hash"], name="unique_access_link")]

    def __str__(self) -> str:
        return f"link of order {self.order_id}"
