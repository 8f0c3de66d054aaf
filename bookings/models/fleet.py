from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class SeatKind(models.TextChoices):
    STANDARD = "standard", _("standard")
    PREMIUM = "premium", _("premium")
    ACCESSIBLE = "accessible", _("accessible")
    CREW = "crew", _("crew")  # never sold


class Amenity(models.TextChoices):
    AIRCON = "aircon", _("Air conditioning")
    TOILET = "toilet", _("Toilet")
    WIFI = "wifi", _("Wi-Fi")
    USB = "usb", _("USB power")
    RECLINE = "recline", _("Reclining seats")
    LEGROOM = "legroom", _("Extra legroom")
    WHEELCHAIR = "wheelchair", _("Wheelchair place")


class SeatLayout(models.Model):
    """The seats of a kind of coach. Frozen once a departure is sold on it."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    decks = models.PositiveSmallIntegerField(_("decks"), default=1)
    amenities = models.JSONField(_("amenities"), default=list, blank=True)  # of Amenity
    # As it was drawn, see domain.inventory.seat_plans. Empty: the seats alone say where they stand.
    plan = models.TextField(blank=True, default="", db_default="", editable=False)
    is_free_seating = models.BooleanField(
        _("free seating"), default=False, db_default=False, help_text=_("Seats are counted, not chosen.")
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("seat layout")
        verbose_name_plural = _("seat layouts")
        constraints = [
            models.CheckConstraint(condition=Q(decks__gte=1, decks__lte=2), name="layout_one_or_two_decks")
        ]

    def __str__(self) -> str:
        return self.name


class Seat(models.Model):
    """`row` counts from the front and `column` from the left of the coach, both from 1.

    A gap in the columns is the aisle.
    """

    layout = models.ForeignKey(SeatLayout, models.CASCADE, related_name="seats", db_index=False)
    label = models.CharField(_("label"), max_length=6)
    deck = models.PositiveSmallIntegerField(_("deck"), default=1)  # 1 lower, 2 upper
    row = models.PositiveSmallIntegerField(_("row"))
    column = models.PositiveSmallIntegerField(_("column"))
    kind = models.CharField(_("kind"), max_length=12, choices=SeatKind, default=SeatKind.STANDARD)
    is_window = models.BooleanField(_("window"), default=False)

    class Meta:
        ordering = ["deck", "row", "column"]
        verbose_name = _("seat")
        verbose_name_plural = _("seats")
        constraints = [
            models.UniqueConstraint(fields=["layout", "label"], name="unique_seat_label"),
            models.UniqueConstraint(fields=["layout", "deck", "row", "column"], name="unique_seat_place"),
            models.CheckConstraint(condition=Q(kind__in=SeatKind.values), name="seat_kind_known"),
        ]

    def __str__(self) -> str:
        return self.label


class Bus(models.Model):
    bus_number = models.CharField(_("bus number"), max_length=20, unique=True)
    registration = models.CharField(_("registration"), max_length=20, unique=True)
    layout = models.ForeignKey(SeatLayout, models.PROTECT, verbose_name=_("layout"))
    operator = models.CharField(_("hired from"), max_length=120, blank=True, default="", db_default="")
    in_service_from = models.DateField(_("in service from"), null=True, blank=True)
    in_service_to = models.DateField(_("in service until"), null=True, blank=True)

    class Meta:
        ordering = ["bus_number"]
        verbose_name = _("bus")
        verbose_name_plural = _("buses")
        constraints = [
            models.CheckConstraint(
                condition=Q(in_service_to__isnull=True)
                | Q(in_service_from__isnull=True)
                | Q(in_service_to__gte=F("in_service_from")),
                name="bus_in_service_in_order",
                violation_error_message=_("It cannot go out of service before it comes into service."),
            )
        ]

    def __str__(self) -> str:
        return self.bus_number


class OutOfService(models.Model):
    """Days on which a coach does not run, with the reason; without an end until further notice."""

    bus = models.ForeignKey(
        Bus, models.CASCADE, related_name="out_of_service", db_index=False, verbose_name=_("bus")
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=120)

    class Meta:
        ordering = ["starts_on", "id"]
        verbose_name = _("days out of service")
        verbose_name_plural = _("days out of service")
        indexes = [models.Index(fields=["bus", "starts_on"], name="out_of_service_idx")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="out_of_service_in_order",
            )
        ]

    def __str__(self) -> str:
        return f"{self.bus_id} {self.starts_on}"
