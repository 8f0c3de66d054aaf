"""The form by which a buyer or staff put a contact right."""

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.web.fields import AddressField, PhoneField


class ContactForm(forms.Form):
    submission = forms.CharField(widget=forms.HiddenInput, max_length=60)
    email = AddressField(
        label=_("E-mail address"),
        required=False,
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "email", "autofocus": True}),
    )
    phone = PhoneField(
        label=_("Mobile number"),
        required=False,
        max_length=40,
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )
