from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.dates import read_typed_day
from bookings.base.errors import Refusal
from bookings.domain.fares.prices import Party, passenger_types, read_party
from bookings.domain.network.places import Place
from bookings.passenger.addresses import search_path
from bookings.passenger.forms.search_query import (
    DAYS_AHEAD,
    LONGEST,
    SearchQuery,
    clean_typed,
    default_passenger_type,
    is_count,
    party_text,
    read_count,
    read_search,
)
from bookings.web.places import PlaceChoice, PlaceField, place_choices, place_notes
from bookings.web.refusals import add_refusal


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **attrs: Any) -> None:
        super().__init__(attrs=attrs, format="%Y-%m-%d")


class TravelDayField(forms.DateField):
    """A day as a browser sends it; without a browser's help also as our pages print it, or by few keys."""

    def to_python(self, value: Any) -> date | None:
        try:
            return super().to_python(value)
        except forms.ValidationError:
            try:
                return read_typed_day(str(value), timezone.localdate())
            except ValueError:
                pass
            raise


class NearDay(NamedTuple):
    label: str
    iso: str


class SearchForm(forms.Form):
    """What a visitor asks for. The fields of the party follow from the passenger types."""

    data: dict[str, str]  # a place or a day that was understood is shown in its usual form

    def __init__(
        self,
        data: Mapping[str, str] | None = None,
        *,
        now: datetime,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        self.types = passenger_types()
        self.default_type = default_passenger_type()
        self.now = now
        named = set(data or ())
        self.is_canonical = {"date", "passengers"} <= named and self.default_type not in named
        today = self.today = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
        start = {"date": today + timedelta(days=1), self.default_type: 1, **(initial or {})}
        super().__init__(
            self._as_fields(data, today) if data else None,
            initial=start,
            auto_id="search-%s",
            use_required_attribute=False,
        )
        days = {"min": today.isoformat(), "max": (today + timedelta(days=DAYS_AHEAD)).isoformat()}
        places = {"from": (_("From"), _("City or stop")), "to": (_("To"), _("City or stop"))}
        for name, (label, hint) in places.items():
            attrs = {
                "placeholder": hint,
                "data-combobox": "/places/",
                "aria-controls": f"{name}-list",
                "autocomplete": "off",
                "maxlength": LONGEST,
            }
            missing = _("Where are you travelling from?") if name == "from" else _("Where do you want to go?")
            field = PlaceField(
                label=label, widget=forms.TextInput(attrs), error_messages={"required": missing}
            )
            self.fields[name] = field
        wrong = {
            "invalid": _("Please enter the day as in 2026-12-31."),
            "required": _("Please choose a day."),
        }
        formats = ["%Y-%m-%d", "%d/%m/%Y", "%d %B %Y"]
        self.fields["date"] = TravelDayField(
            label=_("Leave on"), input_formats=formats, widget=DayInput(**days), error_messages=wrong
        )
        self.fields["return"] = TravelDayField(
            label=_("Return on"),
            required=False,
            input_formats=formats,
            widget=DayInput(**days, **{"data-not-before": "search-date"}),
            error_messages=wrong,
        )
        for slug, kind in self.types.items():
            attrs = {
                "min": 0,
                "max": settings.HOLD_MAX_SEATS,
                "inputmode": "numeric",
                "placeholder": 0,
                "data-one": kind.name.lower(),
                "data-many": kind.name_plural.lower(),
            }
            if slug == self.default_type:
                attrs["data-default-type"] = True
            self.fields[slug] = forms.IntegerField(
                label=kind.name_plural or kind.name,
                help_text=kind.ages,
                required=False,
                # Fewer than nobody: of the default type alone, where others were chosen beyond the total.
                min_value=None if slug == self.default_type else 0,
                widget=forms.NumberInput(attrs),
                error_messages={
                    name: _("Please enter the number of passengers in digits.")
                    for name in ("invalid", "min_value")
                },
            )

        self.fields["wheelchair"] = forms.BooleanField(
            label=_("One of us uses a wheelchair"),
            required=False,
            widget=forms.CheckboxInput({"value": self.wheelchairs or 1}),
        )

    def _as_fields(self, data: Mapping[str, str], today: date) -> dict[str, str]:
        """An address says how many travel in all; the fields ask for each type."""
        typed = clean_typed(data)
        typed.setdefault("date", (today + timedelta(days=1)).isoformat())
        if self.default_type not in typed:
            total = typed.get("passengers", "1")
            others = [typed[slug] for slug in self.types if typed.get(slug)]
            if all(is_count(text) for text in [total, *others]):
                total = str(int(total) - sum(int(text) for text in others))
            typed[self.default_type] = total
        return typed

    def _clean_day(self, name: str, earliest: date) -> date | None:
        day = self.cleaned_data.get(name)
        if day is None:
            return None
        self.is_canonical &= self.data[name] == day.isoformat()
        self.data[name] = day.isoformat()  # the only way a browser shows it
        if day < earliest:
            late = (
                _("The return trip cannot be before the outward trip.")
                if name == "return"
                else _("This day is in the past. Please choose today or later.")
            )
            self.add_error(name, late)
        elif day > self.now.date() + timedelta(days=DAYS_AHEAD):
            self.add_error(name, _("We sell tickets up to a year ahead. Please choose an earlier day."))
        return day

    def _clean_party(self) -> Party | None:
        if any(slug in self.errors for slug in self.types):
            return None
        counts = {slug: self.cleaned_data.get(slug) or 0 for slug in self.types}
        try:
            return read_party(sum(counts.values()), counts, self.wheelchairs)
        except Refusal as refusal:
            add_refusal(
                self, self.default_type if self.types else None, refusal
            )  # a company that has no passenger types yet
            return None

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        origin, destination = cleaned.get("from"), cleaned.get("to")
        self._show("from", origin)
        self._show("to", destination)
        if (
            origin
            and destination
            and (origin.ref == destination.ref or set(origin.stop_ids) == set(destination.stop_ids))
        ):
            self.add_error("to", _("Please choose two different places."))
        zone = ZoneInfo(origin.time_zone if origin else settings.TIME_ZONE)
        day = self._clean_day("date", self.now.astimezone(zone).date())
        self._clean_day("return", day or date.min)
        cleaned["party"] = self._clean_party()
        return cleaned

    def mark_places(self, origin: Place, destination: Place) -> None:
        """Offer these two places in an empty form."""
        for name, place in {"from": origin, "to": destination}.items():
            self.initial[name] = place.name
            self.fields[name].widget.attrs["data-ref"] = place.ref

    def _show(self, name: str, place: Place | None) -> None:
        """People read the name; what is sent again is the ref, if there is script."""
        if place:
            self.is_canonical &= self.data[name] == place.ref
            self.data[name] = place.name
            self.fields[name].widget.attrs["data-ref"] = place.ref

    @property
    def near_days(self) -> tuple[NearDay, NearDay]:
        """What most people look for, to be chosen with one tap."""
        tomorrow = self.today + timedelta(days=1)
        return (
            NearDay(_("Leave today"), self.today.isoformat()),
            NearDay(_("Leave tomorrow"), tomorrow.isoformat()),
        )

    @property
    def notes(self) -> list[str]:
        """Of a valid form: which places were found by another name, or guessed."""
        return place_notes(self)

    @property
    def place_choices(self) -> dict[str, list[PlaceChoice]]:
        """For a place that is refused what may have been meant."""
        return place_choices(self, self._address_with)

    def _address_with(self, name: str, ref: str) -> str:
        typed = {
            key: text for key, text in self.data.items() if text and (key in self.fields or key == "hold")
        }
        return f"{search_path()}?{urlencode({**typed, name: ref}, safe='@')}"

    @property
    def party_text(self) -> str:
        counts = {slug: read_count(str(self[slug].value() or ""), 0) for slug in self.types}
        return party_text(Party(tuple(counts.items()), self.wheelchairs))

    @property
    def party_errors(self) -> list[str]:
        """What is wrong with the party, once, in the order of the types."""
        return list(dict.fromkeys(str(error) for slug in self.types for error in self.errors.get(slug, [])))

    @property
    def party_fields(self) -> list[forms.BoundField]:
        return [self[slug] for slug in self.types]

    @property
    def wheelchairs(self) -> int:
        """An address may say more than the one of the box."""
        return read_count(self.data.get("wheelchair"), 0)

    @property
    def wheelchair_field(self) -> forms.BoundField:
        return self["wheelchair"]

    @property
    def query(self) -> SearchQuery:
        """The search of a valid form."""
        cleaned = self.cleaned_data
        ends = cleaned["from"], cleaned["to"]
        search = read_search(self.data, *ends, cleaned["date"], cleaned["party"])
        return SearchQuery.of(self.data, search, cleaned.get("return"))
