from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.base.text import clean_code
from bookings.domain.boarding.check_in import Scan
from bookings.domain.counter.exchange import Till
from bookings.domain.counter.tender import Tender
from bookings.models import Account
from bookings.office.access import StaffRequest
from bookings.office.forms.approval import ApprovalFields

HIGHEST = 32_767  # of a position


class BoardingStopForm(forms.Form):
    """Which stop of the coach, by its position; what makes no sense is none."""

    stop = forms.IntegerField(required=False, min_value=0, max_value=HIGHEST)

    @property
    def chosen(self) -> int | None:
        return self.cleaned_data.get("stop") if self.is_valid() else None


class ScanForm(forms.Form):
    code = forms.CharField(
        label=_("Ticket code"),
        max_length=200,
        error_messages={"required": _("Scan a ticket, or type its code.")},
    )
    stop = forms.IntegerField(min_value=0, max_value=HIGHEST)
    nonce = forms.CharField(max_length=60)
    late = forms.BooleanField(required=False)
    scanned_at = forms.DateTimeField(
        required=False, input_formats=["%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z"]
    )

    def clean_code(self) -> str:
        return clean_code(self.cleaned_data["code"])

    def scan(self) -> Scan:
        cleaned = self.cleaned_data
        return Scan(
            cleaned["code"], cleaned["stop"], cleaned["nonce"], cleaned["late"], cleaned["scanned_at"]
        )


class UndoForm(forms.Form):
    ticket = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    stop = forms.IntegerField(min_value=0, max_value=HIGHEST)
    nonce = forms.CharField(max_length=60)
    no_show = forms.BooleanField(required=False)


class CloseForm(forms.Form):
    stop = forms.IntegerField(min_value=0, max_value=HIGHEST)
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)


class StandbyRefundForm(ApprovalFields):
    """How those who were left behind get their money: in cash now, or later."""

    stop = forms.IntegerField(min_value=0, max_value=HIGHEST)
    how = forms.CharField(required=False, max_length=10)
    reason = forms.CharField(label=_("Reason"), max_length=100, required=False)

    def till(self, request: StaffRequest) -> Till:
        """Raises Refusal, the form saying why, when a signature does not hold."""
        if self.cleaned_data["how"] != Account.CASH:
            return Till(request.user)
        approval = self.approval_for(request, self.cleaned_data["reason"])
        return Till(request.user, Tender(Account.CASH, approval=approval))
