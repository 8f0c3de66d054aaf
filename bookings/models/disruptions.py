from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .fleet import Seat, SeatLayout
from .network import City, RouteStop, Stop
from .sales import Order, Ticket
from .timetable import Schedule


class Disruption(models.Model):
    """A case: what went wrong with departures, and what becomes of their passengers.

    Its plan may be made anew until it is confirmed; each time `version` is raised.
    """

    class Kind(models.TextChoices):
        CANCEL = "cancel", _("cancellation")
        REINSTATE = "reinstate", _("runs again")
        SWAP_COACH = "swap_coach", _("another coach")
        RELIEF = "relief", _("relief coach")
        DELAY = "delay", _("delay")
        RETIME = "retime", _("another time")
        SKIP_STOP = "skip_stop", _("stop skipped")
        MOVE_STOP = "move_stop", _("another stop")
        SHORT_TURN = "short_turn", _("ends early")
        BREAKDOWN = "breakdown", _("breakdown on the road")
        CLOSURE = "closure", _("closed border or road")
        INCIDENT = "incident", _("incident")
        MISSED = "missed", _("missed coach")
        LEFT_BEHIND = "left_behind", _("left behind")

    class Reason(models.TextChoices):
        BREAKDOWN = "breakdown", _("breakdown of the coach")
        NO_COACH = "no_coach", _("no coach available")
        NO_DRIVER = "no_driver", _("no driver available")
        ROAD_CLOSED = "road_closed", _("road closed")
        BORDER_CLOSED = "border_closed", _("border closed")
        WEATHER = "weather", _("severe weather")
        STRIKE = "strike", _("strike or unrest")
        ACCIDENT = "accident", _("accident")
        OTHER = "other", _("another reason")

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PROPOSED = "proposed", _("waiting for approval")
        CONFIRMED = "confirmed", _("confirmed")
        CLOSED = "closed", _("closed")

    OPEN = (Status.DRAFT, Status.PROPOSED, Status.CONFIRMED)

    kind = models.CharField(max_length=12, choices=Kind)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    reason = models.CharField(max_length=16, choices=Reason)
    text = models.CharField(max_length=300, blank=True)  # in the dispatcher's words, told to passengers
    layout = models.ForeignKey(  # of the other coach, where it is swapped
        SeatLayout, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    target = models.ForeignKey(  # the relief coach
        Schedule, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # The stop that it is about: passed by, moved, or the last one that the coach serves
    position = models.SmallIntegerField(null=True, blank=True)
    stop = models.ForeignKey(  # where the coach calls instead
        Stop, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    departs_at = models.DateTimeField(null=True, blank=True)  # the new time at its first stop
    city = models.ForeignKey(  # the place that is closed, since when, until the case is closed
        City, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    since = models.DateTimeField(null=True, blank=True)
    is_beyond_control = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    proposed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    approver = models.ForeignKey(  # the second person, who confirmed it in a session of their own
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["draft", "proposed"], confirmed_at__isnull=True)
                | Q(status="confirmed", confirmed_at__isnull=False, closed_at__isnull=True)
                | Q(status="closed", closed_at__isnull=False),
                name="disruption_times_fit_status",
            ),
        ]

    def __str__(self) -> str:
        return f"case {self.pk}"


class DisruptedSchedule(models.Model):
    """A departure that a case is about, or one that takes its passengers; with the revision that its plan
    was made for.
    """

    disruption = models.ForeignKey(Disruption, models.CASCADE, related_name="schedules")
    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="disruptions")
    is_target = models.BooleanField(default=False)
    revision = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["disruption", "schedule"], name="unique_disrupted_schedule")
        ]

    def __str__(self) -> str:
        return f"{self.disruption_id}: departure {self.schedule_id}"


class DisruptionLine(models.Model):
    """One ticket of a case: where it was, what the company proposed, and what its passenger chose."""

    class Choice(models.TextChoices):
        NONE = "", _("no answer yet")
        ACCEPTED = "accepted", _("accepted")
        OTHER = "other", _("another departure")
        REFUND = "refund", _("refund")

    class Action(models.TextChoices):
        MOVE = "move", _("gets the new seat")
        WAIT = "wait", _("waits")
        STAY = "stay", _("keeps what they have")

    class By(models.TextChoices):
        NOBODY = "", _("nobody")
        LINK = "link", _("by the link")
        STAFF = "staff", _("by staff")

    disruption = models.ForeignKey(Disruption, models.PROTECT, related_name="lines")
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="disruption_lines")
    from_schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="+", db_index=False)
    from_stop = models.ForeignKey(RouteStop, models.PROTECT, related_name="+", db_index=False)
    to_stop = models.ForeignKey(RouteStop, models.PROTECT, related_name="+", db_index=False)
    from_seat = models.ForeignKey(
        Seat, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    from_place = models.CharField(max_length=8, choices=Ticket.Place)
    boards_at = models.DateTimeField()  # before
    # What the company does at once; where somebody is moved, where to
    action = models.CharField(max_length=4, choices=Action, default=Action.WAIT, db_default="wait")
    new_schedule = models.ForeignKey(
        Schedule, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    new_from_stop = models.ForeignKey(
        RouteStop, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    new_to_stop = models.ForeignKey(
        RouteStop, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    new_seat = models.ForeignKey(
        Seat, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    note = models.CharField(max_length=200, blank=True)  # why so, in words
    entitlements = models.JSONField(default=list)  # codes of what is due besides
    choice = models.CharField(max_length=8, choices=Choice, blank=True, default=Choice.NONE)
    chosen_by = models.CharField(max_length=5, choices=By, blank=True, default=By.NOBODY)
    chosen_at = models.DateTimeField(null=True, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["disruption", "ticket"], name="unique_disruption_line"),
            models.CheckConstraint(
                condition=Q(choice="", chosen_at__isnull=True) | (~Q(choice="") & Q(chosen_at__isnull=False)),
                name="disruption_choice_has_time",
            ),
            models.CheckConstraint(
                condition=Q(new_schedule__isnull=True, new_from_stop__isnull=True, new_to_stop__isnull=True)
                | Q(new_schedule__isnull=False, new_from_stop__isnull=False, new_to_stop__isnull=False),
                name="disruption_line_proposal_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.disruption_id}: ticket {self.ticket_id}"


class ChoiceLink(models.Model):
    """The mailed link by which passengers answer a case: the buyer's for an order, or (with a ticket) that of
    one passenger. Its token is made of the row and a secret, and only its hash is kept.
    """

    disruption = models.ForeignKey(Disruption, models.PROTECT, related_name="links")
    order = models.ForeignKey(Order, models.PROTECT, related_name="choice_links")
    ticket = models.ForeignKey(Ticket, models.PROTECT, null=True, blank=True, related_name="+")
    token_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token_hash"], name="unique_choice_link"),
            models.UniqueConstraint(
                fields=["disruption", "order"],
                condition=Q(ticket__isnull=True),
                name="one_choice_link_per_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.disruption_id}: link of order {self.order_id}"


class DisruptionPolicy(models.Model):
    """What a law, or the company's own promise, gives to passengers of a case, besides another coach or the
    money: by kind of case, distance and planned duration.
    """

    class Entitlement(models.TextChoices):
        CHOICE = "choice", _("another coach, or all your money back")
        FOOD = "food", _("food and drink while you wait")
        HOTEL = "hotel", _("a hotel and the transfer to it, if you have to stay the night")
        INTEREST = "interest", _("interest on what you paid until it is paid back")
        COSTS = "costs", _("costs that are a direct result")

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    kinds = models.JSONField(_("kinds of case"), default=list)
    min_km = models.IntegerField(_("from so many kilometres"), default=0)
    min_minutes = models.IntegerField(_("from so many minutes of planned ride"), default=0)
    trigger_minutes = models.SmallIntegerField(
        _("from so many minutes late"),
        default=0,
        db_default=0,
        help_text=_("Of a delay, where the passenger gets on."),
    )
    entitlements = models.JSONField(_("gives"), default=list)
    not_beyond_control = models.JSONField(_("not if beyond our control"), default=list, blank=True)
    not_in_weather = models.JSONField(_("not in severe weather"), default=list, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["code"]
        verbose_name = _("disruption policy")
        verbose_name_plural = _("disruption policies")

    def __str__(self) -> str:
        return self.name


class InterestRate(models.Model):
    """The prescribed rate of interest from a day on (Act 55 of 1975): the repurchase rate plus 3.5 percent,
    as the Gazette has it.
    """

    valid_from = models.DateField(_("from"), unique=True)
    percent = models.DecimalField(_("percent a year"), max_digits=5, decimal_places=2)
    source = models.CharField(_("source"), max_length=120, blank=True)

    class Meta:
        ordering = ["-valid_from"]
        verbose_name = _("prescribed rate of interest")
        verbose_name_plural = _("prescribed rates of interest")
        constraints = [
            models.CheckConstraint(condition=Q(percent__gte=0), name="interest_rate_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.percent} % from {self.valid_from}"
