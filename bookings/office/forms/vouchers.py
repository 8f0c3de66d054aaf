"""Giving a voucher, stopping one, and giving it more time."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.domain.counter.tender import Tender, TenderPart
from bookings.domain.sales.voucher_sales import MESSAGE_MOST
from bookings.models import Account
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


class VoucherSaleForm(forms.Form):
    """A voucher sold here: in cash, by card, or a part of it by card and the rest in cash."""

    use_required_attribute = False

    value = AmountField(_("Value in rand"), min_value=Decimal("0.01"), attrs={"autofocus": True})
    tender = forms.ChoiceField(
        label=_("Paid by"), choices=[(tender.value, tender.label) for tender in (Account.CASH, Account.CARD)]
    )
    given = AmountField(_("Cash given"), min_value=0, required=False)
    card_part = AmountField(_("Of which by card, if the rest is cash"), min_value=0, required=False)
    slip = forms.CharField(label=_("Slip of the card terminal"), max_length=40, required=False)
    email = AddressField(
        label=_("E-mail address of the customer (optional)"),
        required=False,
        max_length=254,
        help_text=_("If left empty, the code is shown to you once, to hand over."),
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
    recipient = AddressField(
        label=_("E-mail address of who gets it (optional)"),
        required=False,
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
    message = forms.CharField(label=_("Message to them (optional)"), required=False, max_length=MESSAGE_MOST)
    submission = SubmissionField()

    @property
    def shown(self) -> list[forms.BoundField]:
        return [field for field in self if not field.is_hidden]

    @property
    def tendered(self) -> Tender:
        data = self.cleaned_data
        if data["tender"] == Account.CARD:
            return Tender(Account.CARD, reference=data["slip"])
        part = data["card_part"]
        parts = (TenderPart(Account.CARD, part, data["slip"]),) if part else ()
        return Tender(Account.CASH, data["given"], parts=parts)


class ReturnForm(ApprovalFields):
    use_required_attribute = False

    reason = _reason(_("Reason"))
    slip = forms.CharField(label=_("Slip reference (card)"), max_length=40, required=False)
    submission = SubmissionField()

    field_order = ("reason", "slip", "submission")


class BreakageForm(forms.Form):
    use_required_attribute = False

    reason = _reason(_("Reason"))
    total = forms.DecimalField(max_digits=11, decimal_places=2, widget=forms.HiddenInput)
    submission = SubmissionField()
