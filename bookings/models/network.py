from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Upper
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from bookings.base.names import plain_name, plain_other_name


class Imported(models.Model):
    """Where an imported row came from; an importer finds it again by these two alone. Empty: our own row."""

    source = models.CharField(max_length=60, blank=True, default="", editable=False)
    source_id = models.CharField(max_length=200, blank=True, default="", editable=False)

    class Meta:
        abstract = True


def unique_source(name: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=["source", "source_id"], condition=~Q(source=""), name=name)


class City(models.Model):
    """A place that people search for."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("slug"), max_length=140, unique=True)
    plain_name = models.CharField(
        max_length=120, editable=False, db_index=True
    )  # base.names.plain_name, for type-ahead
    region = models.CharField(_("region"), max_length=80, blank=True)
    country = models.CharField(
        _("country"),
        max_length=2,
        blank=True,
        default="",
        db_default="",
        validators=[RegexValidator(r"^[A-Z]{2}$", _("Two capital letters, such as ZA or MZ."))],
        help_text=_("ISO 3166 code, such as ZA or MZ; empty if unknown"),
    )
    latitude = models.DecimalField(_("latitude"), max_digits=8, decimal_places=5, null=True, blank=True)
    longitude = models.DecimalField(_("longitude"), max_digits=8, decimal_places=5, null=True, blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("city")
        verbose_name_plural = _("cities")
        constraints = [
            models.CheckConstraint(
                condition=Q(country="")
                | Q(Exact(Length("country"), 2)) & Q(Exact(Upper("country"), F("country"))),
                name="city_country_code",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.plain_name = plain_name(self.name)
        super().save(*args, **kwargs)


class Stop(Imported):
    """A point in a city where coaches call."""

    city = models.ForeignKey(City, models.PROTECT, related_name="stops", verbose_name=_("city"))
    code = models.SlugField(_("code"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=160)
    plain_name = models.CharField(max_length=160, editable=False, db_index=True)
    address = models.CharField(_("address"), max_length=250, blank=True)
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=60, default="Africa/Johannesburg")

    class Meta:
        ordering = ["name"]
        verbose_name = _("stop")
        verbose_name_plural = _("stops")
        constraints = [unique_source("unique_stop_source")]

    def __str__(self) -> str:
        return f"{self.city.name}, {self.name}" if self.name != self.city.name else self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.plain_name = plain_name(self.name)
        super().save(*args, **kwargs)


class PlaceName(models.Model):
    """Another name of a city or of a stop, by which people find it; pages call the place by its own name.

    Some hundred rows, whose answers are cached: the indexes of the constraints are enough.
    """

    class Kind(models.TextChoices):
        OFFICIAL = "official", _("official name, or that of the municipality")
        FORMER = "former", _("former name")
        LANGUAGE = "language", _("name in another language")
        NICKNAME = "nickname", _("nickname or abbreviation")
        AIRPORT = "airport", _("airport code (IATA)")

    city = models.ForeignKey(
        City,
        models.CASCADE,
        null=True,
        blank=True,
        db_index=False,
        related_name="other_names",
        verbose_name=_("city"),
    )
    stop = models.ForeignKey(
        Stop,
        models.CASCADE,
        null=True,
        blank=True,
        db_index=False,
        related_name="other_names",
        verbose_name=_("stop"),
    )
    name = models.CharField(_("name"), max_length=120)
    plain_name = models.CharField(max_length=120, editable=False)  # base.names.plain_other_name
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    attested_by = models.CharField(
        _("source"), max_length=120, blank=True, help_text=_("Who uses this name or lists it")
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("other name of a place")
        verbose_name_plural = _("other names of places")
        constraints = [
            models.UniqueConstraint(
                fields=["plain_name", "city"],
                name="unique_name_of_city",
                violation_error_message=_("This city has this name already."),
            ),
            models.UniqueConstraint(
                fields=["plain_name", "stop"],
                name="unique_name_of_stop",
                violation_error_message=_("This stop has this name already."),
            ),
            models.CheckConstraint(
                condition=Q(city__isnull=False, stop__isnull=True) | Q(city__isnull=True, stop__isnull=False),
                name="name_of_city_or_stop",
                violation_error_message=_("Choose either a city or a stop."),
            ),
            models.CheckConstraint(
                condition=~Q(plain_name=""),
                name="place_name_has_letters",
                violation_error_message=_("The name has neither letters nor digits."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.plain_name = plain_other_name(self.name)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Also those of `plain_name`, which no form shows."""
        super().validate_constraints({*(exclude or ())} - {"plain_name"})

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.plain_name = plain_other_name(self.name)
        super().save(*args, **kwargs)


class Line(Imported):
    """What the public knows by a name or code; groups the routes that serve it (a GTFS route)."""

    code = models.CharField(_("code"), max_length=60)
    name = models.CharField(_("name"), max_length=200)

    class Meta:
        ordering = ["code"]
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        constraints = [unique_source("unique_line_source")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}".strip()


class RouteQuerySet(models.QuerySet["Route"]):
    def active(self) -> RouteQuerySet:
        return self.filter(is_active=True)


class Route(Imported):
    """One stop pattern with one timing. Frozen once a Schedule uses it: a change makes a new Route."""

    line = models.ForeignKey(Line, models.PROTECT, related_name="routes", verbose_name=_("line"))
    name = models.CharField(_("name"), max_length=250)
    origin = models.ForeignKey(
        City, models.PROTECT, related_name="+", db_index=False, verbose_name=_("origin")
    )
    destination = models.ForeignKey(
        City, models.PROTECT, related_name="+", db_index=False, verbose_name=_("destination")
    )
    distance_km = models.DecimalField(
        _("distance (km)"), max_digits=8, decimal_places=2, validators=[MinValueValidator(0)]
    )
    duration_hours = models.DecimalField(_("duration (hours)"), max_digits=6, decimal_places=2)
    is_active = models.BooleanField(_("active"), default=True)

    objects = RouteQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("route")
        verbose_name_plural = _("routes")
        indexes = [
            models.Index(fields=["origin"], name="route_origin_idx"),
            models.Index(fields=["destination"], name="route_dest_idx"),
            models.Index(fields=["origin", "destination"], name="route_origin_dest_idx"),
            models.Index(fields=["is_active"], name="route_active_idx"),
        ]
        constraints = [
            unique_source("unique_route_source"),
            models.CheckConstraint(
                condition=Q(distance_km__gt=0),
                name="positive_distance",
                violation_error_message=_("The distance must be more than 0 km."),
            ),
            models.CheckConstraint(
                condition=Q(duration_hours__gt=0),
                name="positive_duration",
                violation_error_message=_("The duration must be more than 0 hours."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RouteStop(models.Model):
    """A call of a route. Minutes count from the departure at position 0 (minutes passed, not wall clock)."""

    route = models.ForeignKey(Route, models.CASCADE, related_name="calls", db_index=False)
    position = models.PositiveSmallIntegerField()
    stop = models.ForeignKey(Stop, models.PROTECT, related_name="calls")
    arrive_min = models.PositiveIntegerField()
    depart_min = models.PositiveIntegerField()
    km = models.DecimalField(max_digits=8, decimal_places=2)
    may_board = models.BooleanField(default=True)
    may_alight = models.BooleanField(default=True)

    class Meta:
        ordering = ["route", "position"]
        constraints = [
            models.UniqueConstraint(fields=["route", "position"], name="unique_route_position"),
            models.CheckConstraint(
                condition=Q(depart_min__gte=F("arrive_min")), name="routestop_departs_after_arrival"
            ),
            models.CheckConstraint(condition=Q(km__gte=0), name="routestop_km_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.route_id}#{self.position}"

    @property
    def ref(self) -> str:
        """How an address names this call: code@position, as a coach may call at a stop twice."""
        return f"{self.stop.code}@{self.position}"
