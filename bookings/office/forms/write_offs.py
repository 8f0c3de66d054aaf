"""Writing a difference off, and taking that back."""

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.office.forms.approval import ApprovalFields
from bookings.office.forms.fields import LONGEST_TEXT, SubmissionField


class WriteOffForm(ApprovalFields):
    use_required_attribute = False

    subject = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)
    amount = forms.DecimalField(
        label=_("Amount in rand"),
        max_digits=11,
        decimal_places=2,
        help_text=_("What our books get more; with a minus, what they lose."),
        widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off", "class": "code"}),
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=LONGEST_TEXT, widget=forms.TextInput({"autocomplete": "off"})
    )
    submission = SubmissionField()

    field_order = ("amount", "reason", "subject", "submission")


class TakeBackForm(forms.Form):
    reason = forms.CharField(max_length=LONGEST_TEXT)
