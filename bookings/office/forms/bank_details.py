from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.domain.sales.bank_details import EnteredByStaff
from bookings.office.access import StaffRequest
from bookings.office.forms.approval import ApprovalFields
from bookings.web.bank_details import BankDetailsForm


class StaffBankDetailsForm(BankDetailsForm, ApprovalFields):
    """Typed in for a customer on the telephone, with how the clerk knows who that is."""

    reason = forms.CharField(
        label=_("How do you know that it is the customer?"),
        max_length=100,
        help_text=_("It is kept with your name; the account is not."),
        widget=forms.TextInput({"autocomplete": "off"}),
        error_messages={"required": _("Enter how you know that this is the customer's account.")},
    )

    def entered_by(self, request: StaffRequest) -> EnteredByStaff:
        """Raises what `approval_for` raises."""
        reason = self.cleaned_data["reason"]
        return EnteredByStaff(request.user, reason, self.approval_for(request, reason))
