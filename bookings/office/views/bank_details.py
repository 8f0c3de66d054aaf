"""Bank details of a refund: typed in for a caller, and looked at for a transfer by hand."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from bookings.base.banks import BankAccount
from bookings.base.errors import Conflict, Refusal
from bookings.base.money import format_zar
from bookings.domain.sales.bank_details import details_request, give_bank_details, show_account
from bookings.domain.tickets.booking_files import refund_of_reference
from bookings.domain.timetable.trips import local_text
from bookings.models import BankDetails, Refund
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.bank_details import StaffBankDetailsForm
from bookings.office.policy import may
from bookings.web.refusals import counted


@dataclass(frozen=True)
class BankDetailLine:
    label: str
    value: str


@staff
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def bank_details(request: StaffRequest, reference: str, refund_id: int) -> HttpResponse:
    refund = refund_of_reference(reference, refund_id)
    form = _form(request, refund)
    refusal = None
    if form.is_valid():
        try:
            amount = give_bank_details(refund.order_id, form.account, by=form.entered_by(request))
        except Refusal as broken:
            refusal = broken
        else:
            message = _("Saved. %(amount)s goes to this account.") % {"amount": format_zar(amount)}
            messages.success(request, message)
            return redirect("office:booking", reference)
    form.note_refusal(refusal)
    return _page(request, reference, refund, form=form, refusal=refusal)


@staff
@require_POST
def show_bank_details(request: StaffRequest, reference: str, refund_id: int) -> HttpResponse:
    """The account, for the person who makes the transfer; that they saw it is written down."""
    refund = refund_of_reference(reference, refund_id)
    try:
        account = show_account(refund, to=request.user, now=timezone.now())
    except Conflict as waits:
        messages.warning(request, waits.message)
        return redirect("office:bank_details", reference, refund_id)
    if account is None:
        messages.info(request, _("There are no bank details for this refund."))
        return redirect("office:bank_details", reference, refund_id)
    return _page(request, reference, refund, form=_form(request, refund, is_sent=False), account=account)


def _form(request: StaffRequest, refund: Refund, *, is_sent: bool = True) -> StaffBankDetailsForm:
    data = request.POST if is_sent and request.method == "POST" else None
    return StaffBankDetailsForm(data, banks=details_request(refund.order_id).banks, auto_id="bank-%s")


def _page(
    request: StaffRequest,
    reference: str,
    refund: Refund,
    *,
    form: StaffBankDetailsForm,
    refusal: Refusal | None = None,
    account: BankAccount | None = None,
) -> HttpResponse:
    waiting = details_request(refund.order_id)
    context = {
        "reference": reference,
        "refund": refund,
        "form": form,
        "refusal": counted(refusal),
        "amount": format_zar(waiting.amount) if waiting.amount else "",
        "given_at": local_text(waiting.given_at) if waiting.given_at else "",
        "may_look": may(request.user.role, "show_bank_details", "POST"),
        "account": _lines(account) if account else (),
    }
    status = refusal.status if refusal else 422 if form.errors else 200
    return render(request, "office/refund/bank_details.html", context, status=status)


def _lines(account: BankAccount) -> list[BankDetailLine]:
    return [
        BankDetailLine(_("Account holder"), account.holder),
        BankDetailLine(_("Bank"), account.bank),
        BankDetailLine(_("Branch code"), account.branch_code),
        BankDetailLine(_("Account number"), account.number),
        BankDetailLine(_("Type of account"), str(BankDetails.AccountKind(account.kind).label)),
    ]
