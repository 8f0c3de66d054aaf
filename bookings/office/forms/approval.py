"""The fields by which a second person approves something on the clerk's screen.

Shown by templates/office/_approval.html.
"""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.base.errors import Refusal
from bookings.domain.sales.alarms import report_refusal
from bookings.domain.sales.approvals import Approval, NeedsApproval
from bookings.domain.staff.approvals import approve
from bookings.models import User
from bookings.office.access import StaffRequest, branch_or_none
from bookings.web.refusals import add_refusal


class ApprovalFields(forms.Form):
    """A base of the forms of actions that may need an approval; all three fields may stay empty."""

    asks_approval = False  # whether the page shows the fields
    _approver: User | None = None

    approver_name = forms.CharField(
        label=_("User name of the second person"),
        required=False,
        max_length=150,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
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

    def find_approver(self, request: StaffRequest) -> User | None:
        """Who approves. None if nobody signed, or, with an error in the form, if the signature does not hold.

        To be called on a valid form, before the transaction of the action: a wrong try is counted.
        """
        data = self.cleaned_data
        if self._approver or not data.get("approver_name"):
            return self._approver  # a code is good for one proof
        try:
            self._approver = approve(
                data["approver_name"],
                data["approver_password"],
                data["approver_code"],
                for_user=request.user,
                branch=branch_or_none(request),
            )
        except Refusal as refusal:
            add_refusal(self, "approver_name", refusal)
        return self._approver

    def approval_for(self, request: StaffRequest, reason: str) -> Approval | None:
        """What a second person signed, for this reason; None if nobody did.

        Raises Refusal, the form saying why, when a signature does not hold.
        """
        approver = self.find_approver(request)
        if approver is None and self.errors:
            raise Refusal(_("The approval does not hold."))
        return Approval(approver, reason) if approver else None

    def note_refusal(self, refusal: Refusal | None) -> None:
        """Ask for a signature where that is what is missing, or where one was tried. What a supervisor should
        hear of is told; the refused transaction is over.
        """
        report_refusal(refusal, now=timezone.now())
        self.asks_approval = isinstance(refusal, NeedsApproval) or bool(
            self.data.get(self.add_prefix("approver_name"))
        )

    def ask_for_approval(self) -> None:
        """Say that the action needs a second person, and nobody signed."""
        self.add_error("approver_name", _("A supervisor or manager must approve this."))
