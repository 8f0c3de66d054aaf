"""The form by which a buyer or staff ask for the tax invoice of a booking."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from bookings.base.codes import random_token
from bookings.base.text import clean_code
from bookings.domain.tickets.invoice_page import InvoicePage
from bookings.domain.tickets.invoices import Recipient


class VatNumberField(forms.CharField):
    """Ten digits, typed with or without spaces."""

    def to_python(self, value: Any) -> str:
        return "".join(clean_code(super().to_python(value) or "").split())


class InvoiceForm(forms.Form):
    submission = forms.CharField(widget=forms.HiddenInput, max_length=60)
    name = forms.CharField(
        label=_("Name on the invoice"),
        max_length=160,
        required=False,
        help_text=_("Yours, or your company’s"),
        widget=forms.TextInput({"autocomplete": "organization"}),
        error_messages={"required": _("Enter the name to which the invoice is made out.")},
    )
    address = forms.CharField(
        label=_("Address"),
        max_length=300,
        required=False,
        widget=forms.Textarea({"rows": 3, "autocomplete": "street-address"}),
        error_messages={"required": _("Enter the address to which the invoice is made out.")},
    )
    vat_number = VatNumberField(
        label=_("VAT number"),
        max_length=20,
        required=False,
        help_text=_("If the recipient is registered for VAT"),
        validators=[
            RegexValidator(r"^4[0-9]{9}$", _("A VAT number has ten digits, of which the first is 4."))
        ],
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, data: Any, page: InvoicePage) -> None:
        recipient = page.recipient
        initial = {
            "submission": random_token(),
            "name": recipient.name,
            "address": recipient.address,
            "vat_number": recipient.vat_number,
        }
        super().__init__(data, initial=initial)
        for name in ("name", "address"):
            self.fields[name].required = page.needs_recipient

    @property
    def recipient(self) -> Recipient:
        data = self.cleaned_data
        address = "\n".join(filter(None, (line.strip() for line in data["address"].splitlines())))
        return Recipient(data["name"], address, data["vat_number"])
