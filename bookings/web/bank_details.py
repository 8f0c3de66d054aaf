"""The form for a bank account, for the customer's page and for staff who type for a caller."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.base.banks import (
    Bank,
    BankAccount,
    bank_called,
    read_account_number,
    read_branch_code,
    read_holder,
    universal_code,
)
from bookings.models import BankDetails

_NO_COMPLETION = {"autocomplete": "off", "spellcheck": "false"}
_DIGITS = _NO_COMPLETION | {"inputmode": "numeric", "class": "code"}


class BankDetailsForm(forms.Form):
    """`use_required_attribute` off: the page says in its own words what is missing."""

    use_required_attribute = False

    holder = forms.CharField(
        label=gettext_lazy("Account holder"),
        max_length=200,
        help_text=gettext_lazy("The name on the account."),
        widget=forms.TextInput(_NO_COMPLETION),
        error_messages={"required": gettext_lazy("Please enter the name on the account.")},
    )
    bank = forms.ChoiceField(
        label=gettext_lazy("Bank"),
        error_messages={"required": gettext_lazy("Please choose the bank.")},
    )
    number = forms.CharField(
        label=gettext_lazy("Account number"),
        max_length=40,
        widget=forms.TextInput(_DIGITS),
        error_messages={"required": gettext_lazy("Please enter the account number.")},
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Type of account"),
        choices=[("", gettext_lazy("choose")), *BankDetails.AccountKind.choices],
        error_messages={"required": gettext_lazy("Please choose the type of the account.")},
    )
    branch_code = forms.CharField(
        label=gettext_lazy("Branch code"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("Six digits. Leave it empty if you do not know it."),
        widget=forms.TextInput(_DIGITS),
    )

    def __init__(self, *args: Any, banks: Sequence[Bank], **options: Any) -> None:
        super().__init__(*args, **options)
        self.banks = banks
        choices = [("", _("choose")), *((bank.name, bank.label) for bank in banks)]
        self.fields["bank"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField, declared above

    def clean_holder(self) -> str:
        return _read(read_holder, self.cleaned_data["holder"], _("Please use at most 100 characters."))

    def clean_number(self) -> str:
        message = _("An account number has 6 to 12 digits. Please check it.")
        return _read(read_account_number, self.cleaned_data["number"], message)

    def clean_branch_code(self) -> str:
        typed = self.cleaned_data["branch_code"].strip()
        message = _("A branch code has 6 digits. Please check it, or leave it empty.")
        return _read(read_branch_code, typed, message) if typed else ""

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        bank = bank_called(data.get("bank", ""), self.banks)
        if bank and "branch_code" in data and not data["branch_code"]:
            data["branch_code"] = universal_code(bank)
            if not data["branch_code"]:
                self.add_error("branch_code", _("Please enter the branch code of your bank, six digits."))
        return data

    @property
    def account(self) -> BankAccount:
        """Of a valid form."""
        data = self.cleaned_data
        return BankAccount(data["holder"], data["bank"], data["branch_code"], data["number"], data["kind"])


def _read(reader: Callable[[str], str], text: str, message: str) -> str:
    try:
        return reader(text)
    except ValueError as error:
        raise ValidationError(message) from error
