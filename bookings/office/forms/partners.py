"""A partner's terms, its keys, its transfers and its webhooks."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.domain.partners.api_keys import KeyTerms
from bookings.domain.partners.partners import Transfer
from bookings.models import ApiKey, Line, Partner, Webhook
from bookings.office.access import StaffRequest
from bookings.office.forms.approval import ApprovalFields
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


class PartnerPaymentForm(ApprovalFields):
    amount = AmountField(_("Amount in rand"), min_value=Decimal("0.01"))
    reference = forms.CharField(
        label=_("Reference of the transfer"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    submission = SubmissionField()

    def transfer(self, request: StaffRequest) -> Transfer:
        """Raises what `approval_for` raises."""
        data = self.cleaned_data
        approval = self.approval_for(request, data["reference"])
        return Transfer(data["amount"], data["reference"], approval)


class CommissionForm(ValuesForm):
    """What a partner earns where a line has no rate of its own, and when it is credited."""

    class Meta:
        model = Partner
        fields = ["commission_percent", "settlement"]
        field_classes = {"commission_percent": AmountField}
        labels = {"commission_percent": _("Commission in percent")}


class LineRateForm(forms.Form):
    line = forms.ModelChoiceField(
        label=_("Line"), queryset=Line.objects.order_by("code"), empty_label=_("choose")
    )
    percent = AmountField(
        _("Commission in percent"),
        min_value=Decimal(0),
        max_value=Decimal(100),
        required=False,
        help_text=_("Leave it empty to take the line's own rate away."),
    )


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
