from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from bookings.admin.policy import PlainAdmin, PlainInline
from bookings.domain.timetable.calendars import is_time_zone
from bookings.models import (
    Amenity,
    Branch,
    Bus,
    City,
    Company,
    DisruptionPolicy,
    FareClass,
    InterestRate,
    Line,
    LuggageRule,
    LuggageSpace,
    OutOfService,
    PassengerType,
    PlaceName,
    RefundPolicy,
    RefundTier,
    Schedule,
    Seat,
    SeatKind,
    SeatLayout,
    Stop,
)


class _KeepsAddress(PlainAdmin):
    """`address_field` is part of addresses that people have bookmarked: it is chosen once."""

    address_field = ""

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        return (self.address_field,) if obj else ()


@admin.register(Company)
class CompanyAdmin(PlainAdmin):
    list_display = ["trading_name", "legal_name", "phone", "email"]
    formfield_overrides: ClassVar = {models.URLField: {"assume_scheme": "https"}}

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is one: to add it again is to change it."""
        company = Company.objects.first()
        if company:
            return redirect("admin:bookings_company_change", company.pk)
        return super().add_view(request, form_url, extra_context)


@admin.register(City)
class CityAdmin(_KeepsAddress):
    address_field = "slug"
    list_display = ["name", "region", "country", "slug"]
    list_filter = ["country"]
    search_fields = ["name", "slug", "other_names__name"]

    def get_prepopulated_fields(
        self, request: HttpRequest, obj: models.Model | None = None
    ) -> dict[str, Sequence[str]]:
        return {} if obj else {"slug": ("name",)}


class StopAdminForm(forms.ModelForm):
    def clean_time_zone(self) -> str:
        name = self.cleaned_data["time_zone"]
        if not is_time_zone(name):
            raise ValidationError(_("Unknown time zone. Write it like Africa/Johannesburg."))
        return name


@admin.register(Stop)
class StopAdmin(_KeepsAddress):
    address_field = "code"
    form = StopAdminForm
    list_display = ["name", "city", "code", "time_zone"]
    list_select_related = ["city"]
    search_fields = ["name", "code", "city__name"]
    autocomplete_fields = ["city"]


@admin.register(PlaceName)
class PlaceNameAdmin(PlainAdmin):
    list_display = ["name", "city", "stop", "kind", "attested_by"]
    list_select_related = ["city", "stop__city"]
    list_filter = ["kind"]
    search_fields = ["name", "plain_name", "city__name", "stop__name"]
    autocomplete_fields = ["city", "stop"]


@admin.register(Line)
class LineAdmin(PlainAdmin):
    list_display = ["code", "name"]
    search_fields = ["code", "name"]


class OutOfServiceInline(PlainInline):
    model = OutOfService


@admin.register(Bus)
class BusAdmin(PlainAdmin):
    list_display = ["bus_number", "registration", "layout", "operator"]
    list_select_related = ["layout"]
    list_filter = ["layout"]
    inlines = [OutOfServiceInline]
    search_fields = ["bus_number", "registration"]


@admin.register(Branch)
class BranchAdmin(PlainAdmin):
    list_display = ["name", "code", "city", "is_active"]
    list_select_related = ["city"]
    autocomplete_fields = ["city"]


class SeatLayoutForm(forms.ModelForm):
    amenities = forms.MultipleChoiceField(
        label=_("Amenities"), choices=Amenity, required=False, widget=forms.CheckboxSelectMultiple
    )


class SeatInline(PlainInline):
    model = Seat

    def is_frozen(self, row: models.Model | None) -> bool:
        return getattr(row, "is_in_use", False)


@admin.register(SeatLayout)
class SeatLayoutAdmin(PlainAdmin):
    form = SeatLayoutForm
    list_display = ["name", "code", "decks", "seats_sold"]
    inlines = [SeatInline]
    frozen_message = _(
        "Departures are sold on this layout, so it can no longer be changed. Make a new layout instead."
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[SeatLayout]:
        sold = models.Count("seats", filter=~models.Q(seats__kind=SeatKind.CREW))
        return (
            super()
            .get_queryset(request)
            .annotate(
                sold=sold, is_in_use=models.Exists(Schedule.objects.filter(layout=models.OuterRef("pk")))
            )
        )

    @admin.display(description=_("seats"))
    def seats_sold(self, layout: Any) -> int:
        return layout.sold

    def is_frozen(self, row: models.Model | None) -> bool:
        return getattr(row, "is_in_use", False)


class PassengerTypeForm(forms.ModelForm):
    def clean_is_default(self) -> bool:
        is_default = self.cleaned_data["is_default"]
        other = (
            PassengerType.objects.filter(is_default=True).exclude(pk=self.instance.pk).first()
            if is_default
            else None
        )
        if other:
            raise ValidationError(
                _("“%(name)s” is the default. Choose another default first."), params={"name": other.name}
            )
        return is_default


@admin.register(PassengerType)
class PassengerTypeAdmin(PlainAdmin):
    form = PassengerTypeForm
    list_display = ["name", "discount_percent", "ages", "proof", "is_adult", "is_default", "is_active"]


class FareClassForm(forms.ModelForm):
    seat_kinds = forms.MultipleChoiceField(
        label=_("Seat kinds"),
        choices=[choice for choice in SeatKind.choices if choice[0] != SeatKind.CREW],
        widget=forms.CheckboxSelectMultiple,
    )

    def clean_price_factor(self) -> object:
        factor = self.cleaned_data["price_factor"]
        if factor <= 0:
            raise ValidationError(_("The price factor must be more than 0."))
        return factor


@admin.register(FareClass)
class FareClassAdmin(PlainAdmin):
    form = FareClassForm
    list_display = ["name", "price_factor", "refund_policy", "position"]
    list_select_related = ["refund_policy"]


class RefundTierInline(PlainInline):
    model = RefundTier


@admin.register(RefundPolicy)
class RefundPolicyAdmin(PlainAdmin):
    list_display = ["name", "grace_minutes", "grace_hours", "change_hours", "name_fee"]
    inlines = [RefundTierInline]


@admin.register(LuggageRule)
class LuggageRuleAdmin(PlainAdmin):
    list_display = ["__str__", "price", "most", "tax_code", "refund"]
    list_select_related = ["line", "fare_class"]
    list_filter = ["fare_class"]
    autocomplete_fields = ["line"]


@admin.register(LuggageSpace)
class LuggageSpaceAdmin(PlainAdmin):
    list_display = ["layout", "pieces"]
    list_select_related = ["layout"]


@admin.register(InterestRate)
class InterestRateAdmin(PlainAdmin):
    list_display = ["valid_from", "percent", "source"]


@admin.register(DisruptionPolicy)
class DisruptionPolicyAdmin(PlainAdmin):
    list_display = ["name", "code", "is_active"]
