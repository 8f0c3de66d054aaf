"""Cities and stops, and what else they are called."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain.network.editing import CITY_FIELDS, STOP_FIELDS, NewStop, OtherName
from bookings.domain.timetable.calendars import is_time_zone
from bookings.models import City, PlaceName, Stop
from bookings.office.forms.fields import ValuesForm

_COORDINATE = {"inputmode": "decimal", "autocomplete": "off", "placeholder": "-26.20"}


def _check_place(form: forms.BaseForm) -> None:
    """Latitude and longitude go together, and are on the Earth."""
    latitude, longitude = (form.cleaned_data.get(name) for name in ("latitude", "longitude"))
    if (latitude is None) != (longitude is None) and not {"latitude", "longitude"} & set(form.errors):
        form.add_error("longitude", _("Enter both the latitude and the longitude, or neither."))
    if latitude is not None and abs(latitude) > 90:
        form.add_error("latitude", _("A latitude lies between -90 and 90."))
    if longitude is not None and abs(longitude) > 180:
        form.add_error("longitude", _("A longitude lies between -180 and 180."))


class StopDetailsForm(ValuesForm):
    class Meta:
        model = Stop
        fields = list(STOP_FIELDS)
        widgets = {
            "latitude": forms.TextInput(attrs=_COORDINATE),
            "longitude": forms.TextInput(attrs=_COORDINATE | {"placeholder": "28.04"}),
            "time_zone": forms.TextInput(attrs={"autocomplete": "off"}),
        }

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"]
        if not is_time_zone(name):
            raise ValidationError(_("Unknown time zone. Write it like Africa/Johannesburg."))
        return name

    def clean(self) -> dict[str, Any]:
        _check_place(self)
        return self.cleaned_data


class NewStopForm(StopDetailsForm):
    city = forms.CharField(
        label=gettext_lazy("City"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "cities"}),
        help_text=gettext_lazy("A name that is not known yet creates a new city."),
    )
    country = forms.RegexField(
        r"^[A-Za-z]{2}$",
        label=gettext_lazy("Country of a new city"),
        required=False,
        initial="ZA",
        help_text=gettext_lazy("Two letters, such as ZA or MZ."),
    )
    name = forms.CharField(
        label=gettext_lazy("Name of the stop"),
        max_length=160,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Empty: as its city."),
    )
    code = forms.SlugField(
        label=gettext_lazy("Code"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "code"}),
        help_text=gettext_lazy(
            "Part of web addresses; it cannot be changed later. If left empty, it is made from the names."
        ),
    )
    field_order = ["city", "country", "name", "code", *STOP_FIELDS[1:]]

    def new_stop(self) -> NewStop:
        data = self.cleaned_data
        names = ("city", "name", "code", *STOP_FIELDS[1:])
        return NewStop(country=data["country"].upper(), **{name: data[name] for name in names})


class CityForm(ValuesForm):
    class Meta:
        model = City
        fields = list(CITY_FIELDS)
        widgets = {
            "latitude": forms.TextInput(attrs=_COORDINATE),
            "longitude": forms.TextInput(attrs=_COORDINATE | {"placeholder": "28.04"}),
        }

    def clean(self) -> dict[str, Any]:
        _check_place(self)
        return self.cleaned_data


class OtherNameForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Other name"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "input"}),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=PlaceName.Kind.choices,
        initial=PlaceName.Kind.FORMER,
        widget=forms.Select(attrs={"class": "input"}),
    )
    attested_by = forms.CharField(
        label=gettext_lazy("Who uses it"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "input"}),
    )


OtherNameFormSet = forms.formset_factory(OtherNameForm, extra=2, max_num=20, absolute_max=40)


def other_names(formset: Any) -> list[OtherName]:
    """Of valid forms; an empty name takes the row away."""
    rows = (form.cleaned_data for form in formset.forms)
    return [OtherName(row["name"], row["kind"], row["attested_by"]) for row in rows if row.get("name")]


def name_rows(place: City | Stop) -> list[dict[str, str]]:
    """As the forms begin with them."""
    return [
        {"name": other.name, "kind": other.kind, "attested_by": other.attested_by}
        for other in place.other_names.all()
    ]
