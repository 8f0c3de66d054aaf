"""What the forms of a change carry: who, where to, what was quoted, how it is paid and who signs."""

from datetime import date
from decimal import Decimal
from typing import Final

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.base.dates import read_typed_day
from bookings.base.errors import Refusal
from bookings.base.money import format_zar
from bookings.domain.counter.coins import in_coins
from bookings.domain.counter.exchange import Till
from bookings.domain.counter.tender import Tender
from bookings.domain.sales.approvals import Approval
from bookings.domain.sales.waivers import Waiver, WaiverReason
from bookings.models import Account
from bookings.office.access import StaffRequest
from bookings.office.forms.approval import ApprovalFields
from bookings.web.fields import AmountField, NameField

_LONGEST: Final = 200
TENDERS: Final = [(tender.value, tender.label) for tender in (Account.CASH, Account.CARD, Account.EFT)]


class ConfirmForm(ApprovalFields):
    """Confirms what was quoted. A waived fee needs a signature, a balance needs a tender."""

    submission = forms.CharField(max_length=60)
    quoted = forms.DecimalField(max_digits=11, decimal_places=2, required=False)
    tender = forms.ChoiceField(label=_("Paid by"), choices=[("", "–"), *TENDERS], required=False)
    given = AmountField(_("Cash given"), min_value=0, required=False)
    slip = forms.CharField(label=_("Slip reference (card, EFT)"), max_length=40, required=False)
    waiver = forms.ChoiceField(
        label=_("Reason for the waiver"), choices=[("", "–"), *WaiverReason.choices], required=False
    )
    note = forms.CharField(label=_("Details"), max_length=100, required=False)
    reason = forms.CharField(label=_("Reason"), max_length=100, required=False)

    def till(self, request: StaffRequest) -> Till:
        data = self.cleaned_data
        method, given = data["tender"], data["given"]
        if not method:
            return Till(request.user)
        approval = self.approval(request)
        tender = Tender(method, given if method == Account.CASH else None, data["slip"], approval)
        return Till(request.user, tender)

    def change_text(self) -> str:
        """What the clerk hands back of the cash that was given for what was quoted; "" for none."""
        data = self.cleaned_data
        if data["tender"] != Account.CASH or data["given"] is None or not data["quoted"]:
            return ""
        change = data["given"] - in_coins(data["quoted"])
        return f" {_('Give %(amount)s change.') % {'amount': format_zar(change)}}" if change > 0 else ""

    def approval(self, request: StaffRequest) -> Approval | None:
        """What a second person signed, for the reason that was typed; raises what `approval_for` raises."""
        data = self.cleaned_data
        return self.approval_for(request, data["reason"] or data["note"] or data["waiver"])

    def signed_waiver(self, request: StaffRequest, *, is_waived: bool) -> Waiver | None:
        """The waiver that somebody signed.

        Raises Refusal, the form saying why, when the fee is to be waived and nobody did.
        """
        if not is_waived:
            return None
        approver = self.find_approver(request)
        if approver is None:
            if not self.errors:
                self.ask_for_approval()
            raise Refusal(_("Waiving the fee needs a reason and the approval of a supervisor."))
        return Waiver(self.cleaned_data["waiver"], approver, self.cleaned_data["note"])


class VoidForm(ConfirmForm):
    """Asks for the reason first."""

    reason = forms.CharField(
        label=_("Reason"), max_length=100, required=False, widget=forms.TextInput({"autofocus": True})
    )


class PayOutForm(ConfirmForm):
    """Asks for the tender first."""

    tender = forms.ChoiceField(
        label=_("Refunded in"),
        choices=[("", "–"), *TENDERS],
        required=False,
        widget=forms.Select({"autofocus": True}),
    )


class NameForm(forms.Form):
    first_name = NameField(_("First name"), required=False, widget=forms.TextInput({"autofocus": True}))
    surname = NameField(_("Surname"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=32767)
    submission = forms.CharField(widget=forms.HiddenInput, max_length=60)


class NoteForm(forms.Form):
    text = forms.CharField(label=_("Note"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))


def ids_in(given: QueryDict, name: str = "tickets") -> list[int]:
    texts = given.getlist(name)[:100]
    return sorted({int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 19})


def day_in(given: QueryDict, name: str = "day") -> date | None:
    """The day that was typed; none if nothing was. Raises Refusal for what is no day."""
    typed = given.get(name, "").strip()
    try:
        return read_typed_day(typed[:40], timezone.localdate()) if typed else None
    except ValueError as error:
        raise Refusal(_("Enter the day as +1, fri, 2512 or 2026-12-25.")) from error


def labels_in(given: QueryDict, name: str = "seats") -> list[str]:
    return [label[:6].upper() for label in given.get(name, "")[:_LONGEST].replace(",", " ").split()]


def content_of(*parts: object) -> str:
    """What a form stands for, to tell it from another one with the same token."""
    return " ".join(str(part) for part in parts)


def quoted_in(form: ConfirmForm) -> Decimal:
    """Raises Refusal for a form that was tampered with."""
    quoted = form.cleaned_data.get("quoted")
    if quoted is None:
        raise Refusal(_("This form is no longer valid. Please open the page again."))
    return quoted
