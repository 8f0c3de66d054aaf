"""Seat layouts and coaches as they are typed."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy

from bookings.base.text import clean_text
from bookings.domain.fleet.coaches import MOST_FREE_SEATS, CoachSheet, DaysOut
from bookings.domain.fleet.layouts import LayoutSheet, layout_sheet
from bookings.domain.inventory.seat_plans import LabelRule
from bookings.models import Amenity, Bus, SeatLayout
from bookings.office.forms.fields import SubmissionField
from bookings.web.fields import DayField

_DECK: Final = {"rows": 14, "cols": 8, "spellcheck": "false", "autocomplete": "off", "autocapitalize": "off"}


class DeckField(forms.CharField):
    """The drawing of a deck; blanks count."""

    def __init__(self, label: Any, **kwargs: Any) -> None:
        widget = forms.Textarea(attrs=_DECK | {"class": "input seat-grid", "data-seat-grid": ""})
        super().__init__(label=label, strip=False, max_length=400, widget=widget, **kwargs)


class LayoutForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    lower = DeckField(gettext_lazy("Seats, or lower deck"))
    upper = DeckField(gettext_lazy("Upper deck"), required=False)
    rule = forms.ChoiceField(label=gettext_lazy("Labels"), choices=LabelRule.choices, initial=LabelRule.ROWS)
    labels = forms.CharField(
        label=gettext_lazy("Labels, row by row"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("A line for each row of seats. To change them, choose “as typed below”."),
        widget=forms.Textarea(
            attrs={"rows": 8, "cols": 20, "spellcheck": "false", "class": "input seat-labels"}
        ),
    )
    amenities = forms.MultipleChoiceField(
        label=gettext_lazy("On board"),
        choices=Amenity,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    submission = SubmissionField()

    def sheet(self) -> LayoutSheet:
        """What was typed, as far as it is well formed."""
        self.is_valid()
        typed = {name: self.cleaned_data.get(name) or "" for name in ("name", "lower", "upper", "labels")}
        rows = (tuple(line.split()) for line in typed["labels"].splitlines())
        return LayoutSheet(
            clean_text(typed["name"]),
            typed["lower"],
            typed["upper"],
            rule=self.cleaned_data.get("rule", LabelRule.ROWS),
            labels=tuple(row for row in rows if row),
            amenities=tuple(self.cleaned_data.get("amenities", ())),
        )


def layout_values(layout: SeatLayout) -> dict[str, Any]:
    """As the form begins with them."""
    sheet = layout_sheet(layout)
    return {
        "name": sheet.name,
        "lower": sheet.lower,
        "upper": sheet.upper,
        "rule": sheet.rule,
        "labels": "\n".join(" ".join(row) for row in sheet.labels),
        "amenities": list(sheet.amenities),
    }


class CoachForm(forms.Form):
    number = forms.CharField(
        label=gettext_lazy("Number or name"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    registration = forms.CharField(
        label=gettext_lazy("Registration"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "code"}),
    )
    layout = forms.ModelChoiceField(
        label=gettext_lazy("Seat layout"),
        queryset=SeatLayout.objects.filter(is_free_seating=False),
        required=False,
        empty_label=gettext_lazy("free seating"),
    )
    free_seats = forms.IntegerField(
        label=gettext_lazy("Seats, for free seating"),
        required=False,
        min_value=1,
        max_value=MOST_FREE_SEATS,
        help_text=gettext_lazy("Only without a layout: seats are counted, not chosen."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    operator = forms.CharField(
        label=gettext_lazy("Hired from"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("Empty: it is our own."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    in_service_from = DayField(label=gettext_lazy("In service from"), required=False)
    in_service_to = DayField(label=gettext_lazy("In service until"), required=False)

    def sheet(self, days_out: Any) -> CoachSheet:
        data = self.cleaned_data
        return CoachSheet(
            number=clean_text(data["number"]),
            registration=clean_text(data["registration"]).upper(),
            layout=data["layout"],
            free_seats=data["free_seats"],
            operator=clean_text(data["operator"]),
            in_service_from=data["in_service_from"],
            in_service_to=data["in_service_to"],
            days_out=tuple(
                DaysOut(row["starts_on"], row["ends_on"], clean_text(row["reason"]))
                for row in (form.cleaned_data for form in days_out.forms)
                if row.get("starts_on")
            ),
        )


def coach_values(coach: Bus) -> dict[str, Any]:
    """As the form begins with them; reads the seats of a layout for free seating."""
    is_free = coach.layout.is_free_seating
    return {
        "number": coach.bus_number,
        "registration": coach.registration,
        "layout": None if is_free else coach.layout_id,
        "free_seats": coach.layout.seats.count() if is_free else None,
        "operator": coach.operator,
        "in_service_from": coach.in_service_from,
        "in_service_to": coach.in_service_to,
    }


class DaysOutForm(forms.Form):
    starts_on = DayField(label=gettext_lazy("From"), required=False)
    ends_on = DayField(label=gettext_lazy("Until"), required=False)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "starts_on" in data and "ends_on" in data:
            if (data["ends_on"] or data.get("reason")) and not data["starts_on"]:
                self.add_error("starts_on", gettext_lazy("Enter the first day."))
            elif data["starts_on"] and not data.get("reason"):
                self.add_error("reason", gettext_lazy("Enter the reason."))
        return data


DaysOutFormSet = forms.formset_factory(DaysOutForm, extra=2, max_num=40, absolute_max=60)


def days_out_rows(coach: Bus) -> list[dict[str, Any]]:
    return [
        {"starts_on": days.starts_on, "ends_on": days.ends_on, "reason": days.reason}
        for days in coach.out_of_service.all()
    ]
