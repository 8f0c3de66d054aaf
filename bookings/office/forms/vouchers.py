"""Giving a voucher, stopping one, and giving it more time."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.office.forms.approval import ApprovalFields
from bookings.office.forms.fields import LONGEST_TEXT, SubmissionField
from bookings.web.fields import AddressField, AmountField, DayField


def _reason(label: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off"})
    return forms.CharField(label=label, max_length=LONGEST_TEXT, widget=widget)


def _address() -> AddressField:
    return AddressField(
        label=_("E-mail address for the code"),
        required=False,
        max_length=254,
        help_text=_("If left empty, the code is shown to you once, to hand over."),
        widget=forms.EmailInput({"autocomplete": "off"}),
    )


class GoodwillForm(ApprovalFields):
    use_required_attribute = False

    value = AmountField(_("Value in rand"), min_value=Decimal("0.01"))
    reason = _reason(_("Reason"))
    reference = forms.CharField(
        label=_("Booking (optional)"),
        required=False,
        max_length=40,
        widget=forms.TextInput({"autocomplete": "off", "class": "code"}),
    )
    email = _address()
    valid_until = DayField(label=_("Valid until"))
    submission = SubmissionField()

    field_order = ("value", "reason", "reference", "email", "valid_until", "submission")

    @property
    def shown(self) -> list[forms.BoundField]:
        """The fields but those of the approval."""
        return [self[name] for name in ("value", "reason", "reference", "email", "valid_until")]


class StopForm(forms.Form):
    use_required_attribute = False

    reason = _reason(_("Reason for stopping it"))
    replaces = forms.BooleanField(
        label=_("Move the balance to a new voucher with a new code"), required=False, initial=True
    )
    email = _address()
    submission = SubmissionField()


class ExtendForm(forms.Form):
    use_required_attribute = False

    valid_until = DayField(label=_("Valid until"))
    reason = _reason(_("Reason for the extension"))
