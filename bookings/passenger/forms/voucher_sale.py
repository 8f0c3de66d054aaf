"""Buying a voucher."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.domain.sales.voucher_sales import MESSAGE_MOST
from bookings.web.fields import AddressField, AmountField


class VoucherOrderForm(forms.Form):
    use_required_attribute = False

    value = AmountField(_("Amount in rand"), min_value=Decimal("0.01"))
    email = AddressField(
        label=_("Your e-mail address"),
        max_length=254,
        help_text=_("For the receipt, and for the code unless somebody else gets it."),
        widget=forms.EmailInput({"autocomplete": "email"}),
    )
    recipient = AddressField(
        label=_("E-mail address of who gets it (optional)"),
        required=False,
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
    message = forms.CharField(
        label=_("Message to them (optional)"),
        required=False,
        max_length=MESSAGE_MOST,
        widget=forms.Textarea({"rows": 3}),
    )
    submission = forms.CharField(max_length=80, widget=forms.HiddenInput)

    @property
    def shown(self) -> list[forms.BoundField]:
        return [self[name] for name in ("value", "email", "recipient", "message")]
