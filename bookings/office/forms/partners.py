from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.models import ApiKey, Webhook
from bookings.office.forms.till import RandField


class _Once(forms.Form):
    submission = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)


class TermsForm(forms.Form):
    email = forms.EmailField(label=_("Contact e-mail"), max_length=254)
    credit_limit = RandField(_("Credit limit in rand"), min_value=Decimal(0))


class NewPartnerForm(TermsForm):
    name = forms.CharField(label=_("Name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    field_order = ["name", "email", "credit_limit"]


class KeyForm(_Once):
    name = forms.CharField(
        label=_("What the key is for"), max_length=60, widget=forms.TextInput(attrs={"placeholder": _("website"), "autocomplete": "off"})
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=ApiKey.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
    limit = forms.CharField(
        label=_("Requests at most"),
        max_length=12,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "120/m", "autocomplete": "off"}),
    )

    @property
    def fields_of_key(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("name", "scopes", "limit")}


class PartnerPaymentForm(_Once):
    amount = RandField(_("Amount in rand"), min_value=Decimal("0.01"))
    reference = forms.CharField(label=_("Reference of the transfer"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class WebhookForm(forms.Form):
    url = forms.CharField(
        label=_("Address"),
        max_length=300,
        help_text=_("Of the partner's own server, beginning with https://."),
        widget=forms.TextInput(attrs={"placeholder": "https://…", "autocomplete": "off", "inputmode": "url"}),
    )
    events = forms.MultipleChoiceField(
        label=_("What it is told"),
        choices=Webhook.Event.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
