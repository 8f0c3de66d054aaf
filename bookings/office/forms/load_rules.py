"""A rule by which departures are watched."""

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.domain.reports.load_alerts import LoadAlert
from bookings.models import Route
from bookings.office.forms.timetable import WeekdaysField


class LoadRuleForm(forms.Form):
    alert = forms.ChoiceField(
        label=_("Tell when"), choices=[("above", _("it fills early")), ("below", _("it stays empty"))]
    )
    percent = forms.IntegerField(
        label=_("Per cent of the seats"),
        min_value=0,
        max_value=100,
        initial=80,
        help_text=_("Or more, where it fills early; or less, where it stays empty."),
    )
    days = forms.IntegerField(
        label=_("Days before"),
        min_value=0,
        max_value=90,
        initial=14,
        help_text=_("Or earlier, where it fills early; or later, where it stays empty."),
    )
    weekdays = WeekdaysField(label=_("Days of the week"), initial="daily")
    route = forms.ModelChoiceField(
        label=_("Route"), queryset=Route.objects.filter(is_active=True), required=False, empty_label=_("all")
    )

    def load_alert(self) -> LoadAlert:
        data = self.cleaned_data
        return LoadAlert(
            data["alert"] == "above", data["percent"], data["days"], data["weekdays"], data["route"]
        )
