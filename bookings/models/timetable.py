from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .fleet import Bus, SeatLayout
from .network import Imported, Route, unique_source

EVERY_DAY: Final = 0b1111111


class Service(Imported):
    """The recurring plan from which Schedules are made.

    `departs_min` counts from noon minus 12 hours of the service day, in `time_zone`, and may pass 1440 (the
    GTFS rule). `weekdays` has bit 0 for Monday to bit 6 for Sunday.
    """

    route = models.ForeignKey(Route, models.PROTECT, related_name="services")
    departs_min = models.PositiveIntegerField()
    time_zone = models.CharField(max_length=60, default="Africa/Johannesburg")
    weekdays = models.PositiveSmallIntegerField(default=EVERY_DAY)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    layout = models.ForeignKey(SeatLayout, models.PROTECT)
    price_zar = models.DecimalField(max_digits=9, decimal_places=2)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["route", "departs_min"]
        constraints = [
            unique_source("unique_service_source"),
            models.CheckConstraint(
                condition=Q(weekdays__gte=0, weekdays__lte=EVERY_DAY), name="service_weekdays_mask"
            ),
            models.CheckConstraint(condition=Q(price_zar__gte=0), name="service_price_not_negative"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="service_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.route_id} {self.departs_min // 60:02d}:{self.departs_min % 60:02d}"


class ServiceException(models.Model):
    """A day on which the service runs although its weekdays say no, or the other way round."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="exceptions", db_index=False)
    date = models.DateField()
    runs = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "date"], name="unique_service_exception")]

    def __str__(self) -> str:
        return f"{self.service_id} {self.date} {'+' if self.runs else '-'}"


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def on_sale(self) -> ScheduleQuerySet:
        """Sold at all; when sales close is a matter of the boarding stop (domain.timetable)."""
        return self.filter(is_active=True, status__in=Schedule.SOLD_IN)

    def departing_between(self, start: datetime, end: datetime) -> ScheduleQuerySet:
        return self.filter(departure_time__gte=start, departure_time__lt=end)


class Schedule(Imported):
    """One dated departure of a coach. Pages call it a departure."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")
        ON_SALE = "on_sale", _("on sale")
        CLOSED = "closed", _("closed")
        BOARDING = "boarding", _("boarding")
        DEPARTED = "departed", _("departed")
        ARRIVED = "arrived", _("arrived")
        CANCELLED = "cancelled", _("cancelled")

    # A coach that has left its first stop is still sold further down the road.
    SOLD_IN: Final = (Status.ON_SALE, Status.BOARDING, Status.DEPARTED)

    route = models.ForeignKey(
        Route, models.PROTECT, related_name="schedules", db_index=False, verbose_name=_("route")
    )
    service = models.ForeignKey(
        Service, models.SET_NULL, null=True, blank=True, related_name="schedules", db_index=False
    )
    service_date = models.DateField(null=True, blank=True)
    departure_time = models.DateTimeField(_("departure"))
    coach = models.PositiveSmallIntegerField(_("coach"), default=1)
    layout = models.ForeignKey(SeatLayout, models.PROTECT, verbose_name=_("seat layout"))
    bus = models.ForeignKey(Bus, models.PROTECT, null=True, blank=True, verbose_name=_("bus"))
    price_zar = models.DecimalField(_("price"), max_digits=9, decimal_places=2)
    available_seats = models.PositiveSmallIntegerField(
        _("available seats"), default=0
    )  # seats with no claim on any leg: a summary
    is_active = models.BooleanField(_("active"), default=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ON_SALE)
    revision = models.PositiveIntegerField(
        default=0
    )  # raised by any change to claims, price, state, delay or bus
    # What its ScheduleChanges come to, for domain.timetable.call_times; empty: all goes by plan
    call_changes = models.TextField(blank=True, default="", db_default="")

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        ordering = ["departure_time", "id"]
        verbose_name = _("departure")
        verbose_name_plural = _("departures")
        indexes = [
            models.Index(fields=["departure_time"], name="schedule_departure_idx"),
            models.Index(fields=["route", "departure_time"], name="schedule_route_time_idx"),
            models.Index(fields=["is_active", "departure_time"], name="schedule_active_time_idx"),
            models.Index(fields=["available_seats"], name="schedule_seats_idx"),
        ]
        constraints = [
            unique_source("unique_schedule_source"),
            models.UniqueConstraint(
                fields=["route", "departure_time", "coach"],
                name="unique_route_time",
                violation_error_message=_("This route already has this coach at this time."),
            ),
            models.UniqueConstraint(fields=["service", "service_date", "coach"], name="unique_service_day"),
            models.CheckConstraint(condition=Q(price_zar__gte=0), name="schedule_price_not_negative"),
            models.CheckConstraint(condition=Q(coach__gte=1), name="schedule_coach_from_one"),
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "planned",
                        "on_sale",
                        "closed",
                        "boarding",
                        "departed",
                        "arrived",
                        "cancelled",
                    ]
                ),
                name="schedule_status_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.route_id} {self.departure_time:%Y-%m-%d %H:%M}Z"

    @property
    def is_withdrawn(self) -> bool:
        """Taken out of the timetable or cancelled: nobody may get a place on it, whatever they hold."""
        return not self.is_active or self.status == Schedule.Status.CANCELLED


class ScheduleEventQuerySet(models.QuerySet["ScheduleEvent"]):
    def of_stops(self) -> ScheduleEventQuerySet:
        """Boarding closed at a stop, or the stop left, as far as nobody has undone it."""
        kinds = (ScheduleEvent.Kind.STEP, ScheduleEvent.Kind.LEFT)
        return self.filter(position__isnull=False, kind__in=kinds, undone_at=None)

    def leavings(self) -> ScheduleEventQuerySet:
        return self.filter(kind=ScheduleEvent.Kind.LEFT, undone_at=None)


class ScheduleEvent(models.Model):
    """What staff did to a departure, and when.

    A step of its state, or (both states alike, with a `position`) boarding closed at a stop, or what its kind
    says. What was undone stays, with the time of that; an event of its own says by whom.
    """

    class Kind(models.TextChoices):
        STEP = "", "step or closing"
        LEFT = "left", "left a stop"
        WITHDRAWN = "withdrawn", "withdrawn from the timetable"
        UNDONE = "undone", "undone"

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="events", db_index=False)
    from_status = models.CharField(max_length=10)
    to_status = models.CharField(max_length=10)
    position = models.PositiveSmallIntegerField(null=True, blank=True)  # of the call that it is about
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind.choices, blank=True, default=Kind.STEP, db_default="")
    undone_at = models.DateTimeField(null=True, blank=True)

    objects = ScheduleEventQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["schedule"], name="schedule_event_idx"),
            models.Index(
                fields=["at", "id"], name="schedule_event_staff_idx", condition=Q(actor__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_status=F("to_status")) | Q(position__isnull=False),
                name="schedule_event_says_something",
            )
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id}: {self.from_status} → {self.to_status}"


class ScheduleChange(models.Model):
    """What was told of a departure's times from one of its calls on.

    The newest of a position holds until the next position that has one. `late_min` counts against the plan;
    without it the delay is not known, and `next_word_at` says when there will be news. Whether a call is
    skipped is told apart from how late the coach is.
    """

    class Kind(models.TextChoices):
        LATE = "late", _("late")
        SKIPPED = "skipped", _("stop skipped")
        SERVED = "served", _("stop served again")

    class Source(models.TextChoices):
        MANUAL = "manual", _("staff")
        DRIVER = "driver", _("driver")
        GPS = "gps", _("position of the coach")

    class Reason(models.TextChoices):
        TRAFFIC = "traffic", _("heavy traffic")
        ROAD_CLOSED = "road_closed", _("road closed")
        WEATHER = "weather", _("weather")
        TECHNICAL = "technical", _("technical fault")
        ACCIDENT = "accident", _("accident")
        BORDER = "border", _("border or police check")
        STRIKE = "strike", _("strike or unrest")
        STAFF = "staff", _("driver not available")
        CONNECTION = "connection", _("waiting for another coach")
        OTHER = "other", _("other reason")

    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="changes", db_index=False)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=7, choices=Kind, default=Kind.LATE)
    late_min = models.PositiveSmallIntegerField(null=True, blank=True)
    next_word_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=12, choices=Reason, blank=True, default="")
    source = models.CharField(max_length=6, choices=Source, default=Source.MANUAL)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["schedule"], name="schedule_change_idx"),
            models.Index(fields=["at"], name="schedule_change_at_idx"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="late", late_min__isnull=False, next_word_at__isnull=True)
                | Q(kind="late", late_min__isnull=True, next_word_at__isnull=False)
                | Q(kind__in=["skipped", "served"], late_min__isnull=True, next_word_at__isnull=True),
                name="schedule_change_says_one_thing",
            )
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id}@{self.position}: {self.kind} {self.late_min}"
