"""Routes, services and extra departures as they are typed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.base.clock import DAY, clock_text, read_clock
from bookings.base.dates import read_typed_day
from bookings.base.money import cents
from bookings.base.weekdays import read_weekdays, weekdays_text
from bookings.domain.timetable.drafts.sheets import DepartureSheet, RouteSheet, ServiceSheet
from bookings.domain.timetable.public_holidays import (
    LIKE_SUNDAY,
    RULES,
    holiday_exceptions,
    public_holidays,
)
from bookings.models import SeatLayout
from bookings.web.fields import AmountField, DayField

_DAYS: Final = ("runs_not", "runs_also", "holidays", "since")
_MOST_DAYS: Final = 400  # that a service names one by one


class ClockField(forms.CharField):
    """A time of the timetable, in minutes; see `read_clock`."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "off", "class": "code", "size": 7, "placeholder": "08:30"}
        super().__init__(max_length=12, widget=forms.TextInput(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> Any:
        if isinstance(value, int):  # of a field that is disabled
            return value
        typed = super().clean(value)
        if not typed:
            return None
        try:
            return read_clock(typed)
        except ValueError as error:
            raise ValidationError(_("Enter the time as 08:30, or 01:15+1 for the next day.")) from error

    def prepare_value(self, value: Any) -> Any:
        return clock_text(value) if isinstance(value, int) else value


class WeekdaysField(forms.CharField):
    """Days of the week as bits; see `read_weekdays`."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "off", "placeholder": "mon-fri"}
        super().__init__(max_length=60, widget=forms.TextInput(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> Any:
        if isinstance(value, int):
            return value
        typed = super().clean(value)
        try:
            return read_weekdays(typed) if typed else None
        except ValueError as error:
            raise ValidationError(_("Enter the days as daily, mon-fri, 135 or fri sun.")) from error

    def prepare_value(self, value: Any) -> Any:
        return weekdays_text(value) if isinstance(value, int) else value


class DaysField(forms.CharField):
    """Some single days, one a line or with commas between."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 3, "autocomplete": "off"})
        super().__init__(max_length=8000, required=False, widget=widget, **kwargs)

    def clean(self, value: Any) -> Any:
        texts = [text for line in super().clean(value).splitlines() for text in line.split(",")]
        days, wrong = set(), []
        for text in (text.strip() for text in texts):
            try:
                if text:
                    days.add(read_typed_day(text, timezone.localdate()))
            except ValueError:
                wrong.append(text[:30])
        if wrong:
            message = _("Not a day: %(texts)s. Enter each as 25 dec or 2026-12-25.")
            raise ValidationError(message % {"texts": ", ".join(wrong[:5])})
        if len(days) > _MOST_DAYS:
            raise ValidationError(_("Enter at most %(most)d days.") % {"most": _MOST_DAYS})
        return tuple(sorted(days))

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return "\n".join(day.isoformat() for day in value)
        return value


def tomorrow() -> date:
    """From when a change holds unless it is said."""
    return timezone.localdate() + timedelta(days=1)


def _check_since(day: date | None) -> date | None:
    if day and day < timezone.localdate():
        raise ValidationError(_("A change cannot begin before today."))
    return day


class SinceField(DayField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=gettext_lazy("Valid from"), initial=tomorrow, **kwargs)

    def clean(self, value: Any) -> date | None:
        return _check_since(super().clean(value))


class RouteForm(forms.Form):
    """What stands above the calls of a route."""

    line_code = forms.CharField(
        label=gettext_lazy("Line"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "lines-known", "class": "code"}),
        help_text=gettext_lazy("The code of a line. A new code starts a new line."),
    )
    line_name = forms.CharField(
        label=gettext_lazy("Name of a new line"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    name = forms.CharField(
        label=gettext_lazy("Name of the route"),
        max_length=250,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("If left empty, the route is named after its first and last stop."),
    )
    since = SinceField()

    @staticmethod
    def initial_of(sheet: RouteSheet) -> dict[str, Any]:
        return {name: getattr(sheet, name) for name in ("line_code", "line_name", "name", "since")}


class ServiceForm(forms.Form):
    departs = ClockField(label=gettext_lazy("Departs"))
    weekdays = WeekdaysField(label=gettext_lazy("Days"))
    starts_on = DayField(label=gettext_lazy("First day"), initial=tomorrow)
    ends_on = DayField(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("If left empty, until further notice."),
    )
    layout = forms.ModelChoiceField(
        label=gettext_lazy("Seat layout"), queryset=SeatLayout.objects.all(), empty_label=None
    )
    price = AmountField(
        gettext_lazy("Price of the whole route"),
        min_value=Decimal(0),
        help_text=gettext_lazy("In rand; shared by distance where a pair of stops has no fare of its own."),
    )
    runs_not = DaysField(label=gettext_lazy("Does not run on"))
    runs_also = DaysField(label=gettext_lazy("Runs also on"))
    since = SinceField(
        help_text=gettext_lazy("For a service that already runs: when these changes take effect.")
    )
    holidays = forms.ChoiceField(label=gettext_lazy("On public holidays"), choices=RULES, required=False)

    def __init__(self, *args: Any, is_new: bool = False, only_days: bool = False, **kwargs: Any) -> None:
        """`only_days`: single days may be changed, and nothing else."""
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.disabled = only_days and name not in _DAYS
        if is_new:
            del self.fields["since"]

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        first, last = data.get("starts_on"), data.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", _("The last day is before the first."))
        both = set(data.get("runs_not", ())) & set(data.get("runs_also", ()))
        if both:
            days = ", ".join(day.isoformat() for day in sorted(both))
            self.add_error(
                "runs_also",
                _("These days are entered both as running and as not running: %(days)s.") % {"days": days},
            )
        departs = data.get("departs")
        if departs is not None and departs >= DAY:
            self.add_error("departs", _("Enter the time of the day on which the coach leaves."))
        return data

    def with_holidays(self, country: str) -> dict[str, str]:
        """The days of valid data as they are typed, those of the public holidays among them."""
        data = self.cleaned_data
        first = max(data["starts_on"], data.get("since") or timezone.localdate())
        days = public_holidays(country, first, data["ends_on"])
        exceptions = holiday_exceptions(data["holidays"] or LIKE_SUNDAY, data["weekdays"], days)
        typed = {day: runs for name, runs in (("runs_also", True), ("runs_not", False)) for day in data[name]}
        typed = {day: runs for day, runs in typed.items() if day not in days} | exceptions
        return {
            name: "\n".join(day.isoformat() for day in sorted(typed) if typed[day] is runs)
            for name, runs in (("runs_also", True), ("runs_not", False))
        }

    def sheet(self, route: str) -> ServiceSheet:
        """Of valid data."""
        data = self.cleaned_data
        return ServiceSheet(
            route=route,
            departs_min=data["departs"],
            weekdays=data["weekdays"],
            starts_on=data["starts_on"],
            since=data.get("since") or data["starts_on"],
            layout=data["layout"].pk,
            price=cents(data["price"]),
            ends_on=data["ends_on"],
            runs_also=data["runs_also"],
            runs_not=data["runs_not"],
        )

    @staticmethod
    def initial_of(sheet: ServiceSheet) -> dict[str, Any]:
        names = ("weekdays", "starts_on", "ends_on", "layout", "price", "runs_also", "runs_not", "since")
        return {name: getattr(sheet, name) for name in names} | {"departs": sheet.departs_min}


class DepartureForm(forms.Form):
    day = DayField(label=gettext_lazy("Day"))
    departs = ClockField(label=gettext_lazy("Departs"))
    layout = forms.ModelChoiceField(
        label=gettext_lazy("Seat layout"), queryset=SeatLayout.objects.all(), empty_label=None
    )
    price = AmountField(gettext_lazy("Price of the whole route"), min_value=Decimal(0))

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if day < timezone.localdate():
            raise ValidationError(_("This day is over."))
        return day

    def sheet(self, route: str) -> DepartureSheet:
        """Of valid data."""
        data = self.cleaned_data
        return DepartureSheet(route, data["day"], data["departs"], data["layout"].pk, cents(data["price"]))

    @staticmethod
    def initial_of(sheet: DepartureSheet) -> dict[str, Any]:
        return {
            "day": sheet.day,
            "departs": sheet.departs_min,
            "layout": sheet.layout,
            "price": sheet.price,
        }
