from datetime import datetime, time, timedelta
from typing import Any, Final

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.admin.policy import RecordAdmin, RecordInline
from bookings.base.codes import normal_code
from bookings.base.emails import plain_email
from bookings.base.names import plain_surname
from bookings.models import (
    AccessLink,
    AuditEntry,
    Booking,
    BookingEvent,
    ChoiceLink,
    DisruptedSchedule,
    Disruption,
    DisruptionLine,
    DraftChange,
    ExchangeRequest,
    Fare,
    GatewayNotification,
    Hold,
    LedgerEntry,
    Note,
    Order,
    OrderLine,
    OutboxMessage,
    Payment,
    PaymentAttempt,
    ProviderCallback,
    Refund,
    Route,
    RouteStop,
    Schedule,
    ScheduleChange,
    SeatBlock,
    Service,
    ServiceException,
    Shift,
    StaffTask,
    Submission,
    TextMessage,
    Ticket,
    TicketContact,
    TillMovement,
    TimetableDraft,
    User,
    WaitListEntry,
)

Rows = models.QuerySet


class RouteStopInline(RecordInline):
    model = RouteStop
    fields = ["position", "stop", "arrive_min", "depart_min", "km", "may_board", "may_alight"]
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> Rows:
        return super().get_queryset(request).select_related("stop__city")


@admin.register(Route)
class RouteAdmin(RecordAdmin):
    list_display = ["name", "line", "origin", "destination", "distance_km", "duration_hours", "is_active"]
    list_select_related = ["line", "origin", "destination"]
    list_filter = ["is_active"]
    search_fields = ["origin__slug__startswith", "destination__slug__startswith", "line__code__exact"]
    inlines = [RouteStopInline]


class ServiceExceptionInline(RecordInline):
    model = ServiceException


@admin.register(Service)
class ServiceAdmin(RecordAdmin):
    list_display = ["route", "departs", "days", "starts_on", "ends_on", "layout", "price_zar", "is_active"]
    list_select_related = ["route", "layout"]
    list_filter = ["is_active"]
    search_fields = [
        "route__origin__slug__startswith",
        "route__destination__slug__startswith",
        "route__line__code__exact",
    ]
    inlines = [ServiceExceptionInline]

    @admin.display(description=_("departs"), ordering="departs_min")
    def departs(self, service: Service) -> str:
        return f"{service.departs_min // 60:02d}:{service.departs_min % 60:02d}"

    @admin.display(description=_("days (Monday is 1)"))
    def days(self, service: Service) -> str:
        return "".join(str(day + 1) if service.weekdays >> day & 1 else "·" for day in range(7))


_DAYS_AHEAD: Final = {"today": (0, 1), "tomorrow": (1, 1), "week": (0, 7)}  # the first, and how many


class WhenFilter(admin.SimpleListFilter):
    title = _("departure")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [
            ("today", _("Today")),
            ("tomorrow", _("Tomorrow")),
            ("week", _("Next 7 days")),
            ("past", _("Past")),
        ]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        today = timezone.make_aware(datetime.combine(timezone.localdate(), time()))
        when = self.value()
        if when in _DAYS_AHEAD:
            first, days = _DAYS_AHEAD[when]
            start = today + timedelta(days=first)
            return queryset.filter(departure_time__gte=start, departure_time__lt=start + timedelta(days=days))
        return queryset.filter(departure_time__lt=today) if when == "past" else queryset


@admin.register(Schedule)
class ScheduleAdmin(RecordAdmin):
    list_display = [
        "departure_time",
        "route",
        "coach",
        "layout",
        "bus",
        "price_zar",
        "available_seats",
        "status",
    ]
    list_select_related = ["route", "layout", "bus"]
    list_filter = [WhenFilter, "status"]
    search_fields = [
        "route__origin__slug__startswith",
        "route__destination__slug__startswith",
        "route__line__code__exact",
    ]


@admin.register(Fare)
class FareAdmin(RecordAdmin):
    list_display = ["route", "pair", "fare_class", "price", "valid_from", "valid_to"]
    list_select_related = ["route", "fare_class", "from_stop__stop__city", "to_stop__stop__city"]
    list_filter = ["fare_class"]
    ordering = ["route", "from_stop__position", "to_stop__position", "valid_from"]
    search_fields = [
        "route__origin__slug__startswith",
        "route__destination__slug__startswith",
        "route__line__code__exact",
    ]

    @admin.display(description=_("from – to"))
    def pair(self, fare: Fare) -> str:
        return f"{fare.from_stop.stop.city} – {fare.to_stop.stop.city}"

    @admin.display(description=_("amount"))
    def price(self, fare: Fare) -> object:
        return fare.amount if fare.amount is not None else _("not sold")


@admin.register(Hold)
class HoldAdmin(RecordAdmin):
    list_display = ["pk", "created_at", "expires_at", "renewals"]
    ordering = ["-pk"]
    exclude = ["token", "owner", "network"]  # who has the token has the seats


@admin.register(ExchangeRequest)
class ExchangeRequestAdmin(RecordAdmin):
    list_display = ["pk", "booking_id", "kind", "amount", "status", "created_at", "expires_at", "ended_at"]
    list_filter = ["kind", "status"]
    ordering = ["-pk"]
    exclude = ["token", "hold"]
    raw_id_fields = ["booking", "changed"]


class BookingInline(RecordInline):
    model = Booking
    fields = ["booking_reference", "status", "boards_at", "alights_at", "cancelled_at"]


class OrderLineInline(RecordInline):
    model = OrderLine
    fields = ["at", "kind", "quantity", "amount", "tax_code", "ticket_id", "cause"]
    readonly_fields = ["ticket_id"]


class PaymentInline(RecordInline):
    model = Payment
    fields = ["method", "external_id", "amount", "paid_at"]


class LedgerInline(RecordInline):
    model = LedgerEntry
    fields = ["at", "account", "amount", "cause"]


@admin.register(Order)
class OrderAdmin(RecordAdmin):
    list_display = ["pk", "placed_at", "status", "channel", "email", "total", "pay_by"]
    list_filter = ["status", "channel"]
    ordering = ["-pk"]
    exclude = ["token", "hold"]
    search_fields = ["pk__exact", "bookings__booking_reference__exact", "bookings__passenger_email__exact"]
    inlines = [BookingInline, OrderLineInline, PaymentInline, LedgerInline]

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:
        if not search_term:
            return queryset, False
        bookings = _bookings_matching(search_term)
        matches = models.Q(pk__in=bookings.values("order"))
        return queryset.filter(matches | models.Q(pk=search_term) if _is_id(search_term) else matches), False


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _bookings_matching(text: str) -> Rows:
    """By the two indexed columns: reference, as it was typed or spoken, or e-mail address."""
    return Booking.objects.filter(
        models.Q(booking_reference=normal_code(text)[:12]) | models.Q(passenger_email=plain_email(text))
    )


class TicketInline(RecordInline):
    model = Ticket
    fields = ["first_name", "surname", "passenger_type", "seat", "fare", "status"]

    def get_queryset(self, request: HttpRequest) -> Rows:
        return super().get_queryset(request).select_related("passenger_type", "seat")


class BookingEventInline(RecordInline):
    model = BookingEvent
    fields = ["at", "from_status", "to_status", "ticket", "actor", "reason"]
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> Rows:
        return super().get_queryset(request).select_related("ticket", "actor")


@admin.register(Booking)
class BookingAdmin(RecordAdmin):
    list_display = ["booking_reference", "status", "segment", "boards_at", "passenger_email", "booking_date"]
    list_select_related = ["from_stop__stop__city", "to_stop__stop__city"]
    list_filter = ["status"]
    ordering = ["-booking_date", "-pk"]
    search_fields = ["booking_reference__exact", "passenger_email__exact"]
    fields = ["order", "booking_reference", "status", "passenger_email", "booking_date", "schedule"]
    fields += ["segment", "boards_at", "alights_at", "cancelled_at"]
    inlines = [TicketInline, BookingEventInline]

    @admin.display(description=_("segment"))
    def segment(self, booking: Booking) -> str:
        return f"{booking.from_stop.stop.city} – {booking.to_stop.stop.city}"

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:
        return (queryset.filter(pk__in=_bookings_matching(search_term)) if search_term else queryset), False


@admin.register(Ticket)
class TicketAdmin(RecordAdmin):
    list_display = ["pk", "first_name", "surname", "booking", "passenger_type", "seat", "fare", "status"]
    list_select_related = ["booking", "passenger_type", "seat"]
    list_filter = ["status"]
    ordering = ["-pk"]
    exclude = ["code", "plain_surname"]  # the code is the ticket
    search_fields = ["booking__booking_reference__exact", "plain_surname__exact"]

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:
        if not search_term:
            return queryset, False
        matches = models.Q(plain_surname=plain_surname("", search_term)) | models.Q(
            booking__in=_bookings_matching(search_term)
        )
        return queryset.filter(matches), False


@admin.register(PaymentAttempt)
class PaymentAttemptAdmin(RecordAdmin):
    list_display = ["pk", "order", "gateway", "amount", "status", "created_at"]
    list_select_related = ["order"]
    list_filter = ["status"]
    ordering = ["-pk"]
    exclude = ["token", "address"]
    search_fields = ["order__pk__exact", "external_id__exact"]


@admin.register(TicketContact)
class TicketContactAdmin(RecordAdmin):
    list_display = ("id", "ticket", "channel", "value", "source", "at")
    list_select_related = ("ticket",)


@admin.register(TextMessage)
class TextMessageAdmin(RecordAdmin):
    list_display = ("id", "kind", "channel", "to", "state", "created_at", "sent_at", "error")
    list_filter = ("channel", "state")


@admin.register(ProviderCallback)
class ProviderCallbackAdmin(RecordAdmin):
    list_display = ("id", "provider", "received_at", "acted_at", "outcome")
    list_filter = ("provider",)


@admin.register(GatewayNotification)
class GatewayNotificationAdmin(RecordAdmin):
    list_display = ["pk", "gateway", "external_id", "received_at", "acted_at", "outcome"]
    ordering = ["-pk"]
    search_fields = ["external_id__exact"]


@admin.register(Payment)
class PaymentAdmin(RecordAdmin):
    list_display = ["pk", "order", "method", "external_id", "amount", "paid_at"]
    list_select_related = ["order"]
    ordering = ["-pk"]
    search_fields = ["order__pk__exact", "external_id__exact"]


@admin.register(Refund)
class RefundAdmin(RecordAdmin):
    list_display = ["pk", "order", "amount", "status", "cause", "created_at", "paid_at"]
    list_select_related = ["order"]
    list_filter = ["status"]
    ordering = ["-pk"]
    search_fields = ["order__pk__exact", "cause__exact"]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(RecordAdmin):
    list_display = ["pk", "at", "account", "gateway", "amount", "order", "cause"]
    list_select_related = ["order"]
    list_filter = ["account", "gateway"]
    ordering = ["-pk"]
    search_fields = ["cause__exact", "order__pk__exact"]


@admin.register(OutboxMessage)
class OutboxMessageAdmin(RecordAdmin):
    list_display = ["pk", "kind", "subject", "created_at", "sent_at", "attempts", "failed_at", "last_error"]
    list_filter = ["kind", ("sent_at", admin.EmptyFieldListFilter), ("failed_at", admin.EmptyFieldListFilter)]
    ordering = ["-pk"]
    search_fields = ["order__pk__exact", "message_id__exact"]


@admin.register(SeatBlock)
class SeatBlockAdmin(RecordAdmin):
    list_display = [
        "pk",
        "schedule",
        "seat",
        "reason",
        "release_at",
        "created_by",
        "released_at",
        "released_by",
    ]
    list_select_related = ["schedule", "seat", "created_by"]
    ordering = ["-pk"]


class TillMovementInline(RecordInline):
    model = TillMovement


@admin.register(Shift)
class ShiftAdmin(RecordAdmin):
    list_display = ["pk", "clerk", "branch", "opened_at", "closed_at", "difference"]
    list_select_related = ["clerk", "branch"]
    list_filter = ["branch", ("closed_at", admin.EmptyFieldListFilter)]
    ordering = ["-pk"]
    inlines = [TillMovementInline]


@admin.register(Note)
class NoteAdmin(RecordAdmin):
    list_display = ["pk", "order", "author", "text", "at"]
    list_select_related = ["order", "author"]
    ordering = ["-pk"]
    search_fields = ["order__pk__exact"]


@admin.register(StaffTask)
class StaffTaskAdmin(RecordAdmin):
    list_display = ["kind", "subject", "detail", "order", "created_at", "done_at"]
    list_select_related = ["order"]
    list_filter = ["kind", ("done_at", admin.EmptyFieldListFilter)]
    search_fields = ["order__pk__exact", "subject__exact"]


@admin.register(Submission)
class SubmissionAdmin(RecordAdmin):
    list_display = ["pk", "scope", "result", "created_at"]
    ordering = ["-pk"]
    exclude = ["token", "content_hash"]


@admin.register(AccessLink)
class AccessLinkAdmin(RecordAdmin):
    list_display = ["pk", "order", "created_at", "expires_at"]
    list_select_related = ["order"]
    ordering = ["-pk"]
    exclude = ["token_hash"]
    search_fields = ["order__pk__exact"]


@admin.register(User)
class UserAdmin(RecordAdmin):
    list_display = ["username", "first_name", "last_name", "role", "is_active", "last_login"]
    list_filter = ["role", "is_active"]
    fields = [
        "username",
        "first_name",
        "last_name",
        "email",
        "role",
        "is_active",
        "is_staff",
        "is_superuser",
        "last_login",
        "date_joined",
    ]
    search_fields = ["username", "email"]


class DisruptedScheduleInline(RecordInline):
    model = DisruptedSchedule


@admin.register(Disruption)
class DisruptionAdmin(RecordAdmin):
    list_display = ["id", "kind", "reason", "status", "created_by", "created_at"]
    list_select_related = ["created_by"]
    list_filter = ["status", "kind"]
    inlines = [DisruptedScheduleInline]


@admin.register(DisruptionLine)
class DisruptionLineAdmin(RecordAdmin):
    list_display = ["id", "disruption", "ticket", "choice", "chosen_by", "chosen_at"]
    list_select_related = ["disruption", "ticket"]
    list_filter = ["choice"]


@admin.register(WaitListEntry)
class WaitListEntryAdmin(RecordAdmin):
    list_display = ["id", "created_at", "confirmed_at", "offers", "end"]
    exclude = ["token_hash"]
    list_filter = ["end"]


@admin.register(ChoiceLink)
class ChoiceLinkAdmin(RecordAdmin):
    exclude = ["token_hash"]
    list_display = ["id", "disruption", "order", "created_at"]
    list_select_related = ["disruption", "order"]


@admin.register(ScheduleChange)
class ScheduleChangeAdmin(RecordAdmin):
    list_display = ["at", "schedule", "position", "kind", "late_min", "reason", "source", "actor"]
    list_select_related = ["schedule", "actor"]


class DraftChangeInline(RecordInline):
    model = DraftChange
    fields = ["number", "kind", "subject", "made_by", "made_at"]
    show_change_link = False


@admin.register(TimetableDraft)
class TimetableDraftAdmin(RecordAdmin):
    list_display = ["id", "created_by", "created_at", "published_by", "published_at", "dropped_at"]
    list_select_related = ["created_by", "published_by"]
    inlines = [DraftChangeInline]


@admin.register(AuditEntry)
class AuditEntryAdmin(RecordAdmin):
    list_display = ["at", "actor", "subject", "title"]
    list_select_related = ["actor"]
    search_fields = ["subject__exact"]
