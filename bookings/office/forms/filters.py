from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.domain.counter.booking_search import search_bookings
from bookings.models import Booking, Channel, SaleStatus
from bookings.web.fields import DayField


class DayFilter(filters.Filter):
    """A local day as the bound of a moment: from its start, or until its end."""

    field_class = DayField

    def __init__(self, field_name: str, *, until: bool = False, **options: Any) -> None:
        super().__init__(
            field_name=field_name,
            **options,
        )
        self.until = until

    def filter(self, rows: QuerySet, value: date | None) -> QuerySet:
        if value is None:
            return rows
        start = timezone.make_aware(datetime.combine(value + timedelta(days=int(self.until)), time.min))
        return rows.filter(**{f"{self.field_name}__{'lt' if self.until else 'gte'}": start})


class BookingFilter(filters.FilterSet):
    q = filters.CharFilter(label=_("Search"), method="search", max_length=254)
    status = filters.ChoiceFilter(label=_("Status"), choices=SaleStatus.choices, empty_label=_("any"))
    channel = filters.ChoiceFilter(
        label=_("Channel"), field_name="order__channel", choices=Channel.choices, empty_label=_("any")
    )
    booked_from = DayFilter("booking_date", label=_("Booked from"))
    booked_to = DayFilter("booking_date", until=True, label=_("Booked until"))
    travels_from = DayFilter("boards_at", label=_("Travels from"))
    travels_to = DayFilter("boards_at", until=True, label=_("Travels until"))
    departure = filters.NumberFilter(
        label=_("Departure"), field_name="schedule", min_value=1, max_value=2**62, widget=forms.HiddenInput
    )

    class Meta:
        model = Booking
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return search_bookings(rows, value)
