"""A partner's terms, its keys, its transfers and its webhooks."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.domain.partners.api_keys import KeyTerms
from bookings.models import ApiKey, Partner, Webhook
from bookings.office.forms.fields import SubmissionField, ValuesForm
from bookings.web.fields import AddressField, AmountField


class PartnerTermsForm(ValuesForm):
    email = AddressField(label=_("Contact e-mail"))
    credit_limit = AmountField(_("Credit limit in rand"), min_value=Decimal(0))

    class Meta:
        model = Partner
        fields = ["email", "credit_limit"]


class NewPartnerForm(PartnerTermsForm):
    class Meta(PartnerTermsForm.Meta):
        fields = ["name", "email", "credit_limit"]
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "off"})}


class KeyForm(ValuesForm):
    scopes = forms.MultipleChoiceField(
        label=_("Permissions"),
        choices=ApiKey.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
    submission = SubmissionField()

    class Meta:
        model = ApiKey
        fields = ["name", "scopes", "limit"]
        labels = {"name": _("Purpose of the key")}
        widgets = {
            "name": forms.TextInput(attrs={"placeholder": _("website"), "autocomplete": "off"}),
            "limit": forms.TextInput(attrs={"placeholder": "120/m", "autocomplete": "off"}),
        }

    @property
    def terms(self) -> KeyTerms:
        return KeyTerms(**{name: self.cleaned_data[name] for name in self.Meta.fields})


class PartnerPaymentForm(forms.Form):
    amount = AmountField(_("Amount in rand"), min_value=Decimal("0.01"))
    reference = forms.CharField(
        label=_("Reference of the transfer"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    submission = SubmissionField()


class WebhookForm(forms.Form):
    url = forms.CharField(
        label=_("Address"),
        max_length=300,
        help_text=_("On the partner's own server, beginning with https://."),
        widget=forms.TextInput(attrs={"placeholder": "https://…", "autocomplete": "off", "inputmode": "url"}),
    )
    events = forms.MultipleChoiceField(
        label=_("Events to send"),
        choices=Webhook.Event.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
