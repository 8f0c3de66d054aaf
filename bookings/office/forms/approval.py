"""The fields by which a second person signs on the clerk's screen. Shown by templates/office/_approval.html."""

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.base.errors import Refusal
from bookings.domain.staff.approvals import approve
from bookings.models import User
from bookings.office.access import StaffRequest, branch_or_none
from bookings.web.refusals import add_refusal


class ApprovalFields(forms.Form):
    """To be mixed into the form of an action: class RefundForm(ApprovalFields): …

    All three may stay empty as long as the action turns out to need nobody else.
    """

    approver_name = forms.CharField(
        label=_("User name of the second person"),
        required=False,
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    approver_password = forms.CharField(
        label=_("Their password"),
        required=False,
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    approver_code = forms.CharField(
        label=_("Their code"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "class": "code"}),
    )

    def is_signed(self) -> bool:
        return bool(self.cleaned_data.get("approver_name"))

    def approver(self, request: StaffRequest) -> User | None:
        """Who signed. None, with an error in the form, if the signature does not hold; None alone if nobody signed.

        To be called on a valid form, before the action.
        """
        if not self.is_signed():
            return None
        data = self.cleaned_data
        try:
            return approve(
                data["approver_name"],
                data["approver_password"],
                data["approver_code"],
                for_user=request.user,
                branch=branch_or_none(request),
            )
        except Refusal as refusal:
            add_refusal(self, "approver_name", refusal)
            return None

    def ask_for_approval(self) -> None:
        """The action needs a second person, and nobody signed."""
        self.add_error("approver_name", _("A supervisor or manager must sign this."))
