"""A setting of the company."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.base.errors import Refusal
from bookings.domain.company.setting_changes import SettingState
from bookings.web.refusals import add_refusal


class SettingForm(forms.Form):
    value = forms.CharField(
        required=False,
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, state: SettingState, proposed: str = "") -> None:
        """`proposed` is an earlier value that somebody wants back."""
        super().__init__(data, initial={"value": proposed or state.entered, "seen": state.entered})
        self.setting = state.setting
        field = self.fields["value"]
        field.label = _("New value (%(unit)s)") % {"unit": self.setting.unit}
        field.help_text = _("From %(least)s to %(most)s. Empty: the default again.") % {
            "least": self.setting.least,
            "most": self.setting.most,
        }
        if self.setting.is_locked:
            field.disabled = True

    def clean_value(self) -> str:
        text: str = self.cleaned_data["value"]
        if text:
            try:
                self.setting.read(text)
            except Refusal as refusal:
                add_refusal(self, "value", refusal)
        return text
