"""Vouchers: found, listed with their sum, given in goodwill, stopped, given more time."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.base.codes import random_token
from bookings.base.errors import Conflict, NotFound, Refusal, TooMany
from bookings.base.money import format_zar
from bookings.base.params import read_int
from bookings.base.voucher_codes import voucher_code_text
from bookings.domain.counter.shifts import require_shift
from bookings.domain.counter.voucher_records import export_vouchers, voucher_list, voucher_record
from bookings.domain.counter.voucher_sale import VoucherGivenBack, sell_voucher, take_voucher_back
from bookings.domain.sales.bookings import booking_called
from bookings.domain.sales.voucher_changes import VoucherStop, extend_voucher, stop_voucher
from bookings.domain.sales.voucher_page import voucher_balance
from bookings.domain.sales.voucher_sales import VoucherOrder, VoucherReturn
from bookings.domain.sales.vouchers import Goodwill, IssuedVoucher, get_voucher, give_voucher, goodwill_until
from bookings.domain.tickets.receipt_text import method_text, receipt_text
from bookings.domain.tickets.receipts import note_print, receipt_of, was_printed
from bookings.models import Shift, Voucher
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.vouchers import ExtendForm, GoodwillForm, ReturnForm, StopForm, VoucherSaleForm
from bookings.office.policy import may
from bookings.office.presenters.spreadsheet import csv_lines
from bookings.office.presenters.vouchers import VoucherRow, history_rows, voucher_file_rows
from bookings.web.paging import filtered_links
from bookings.web.refusals import add_refusal
from bookings.web.voucher_codes import VoucherForm, slow_guesses_of

_LONGEST_QUERY = 254


@staff
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def vouchers(request: StaffRequest) -> HttpResponse:
    """The list; a code is looked up by POST, so that it stands in no address."""
    form = VoucherForm(request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            with slow_guesses_of(f"staff {request.user.pk}"):
                balance = voucher_balance(form.cleaned_data["voucher_code"], now=timezone.now())
        except (Refusal, TooMany) as problem:
            add_refusal(form, "voucher_code", problem)
            status = problem.status
        else:
            return redirect("office:voucher", balance.voucher.pk)
    text = request.GET.get("q", "")[:_LONGEST_QUERY]
    number = read_int(request.GET.get("page", ""), default=1, most=99_999)
    page = voucher_list(text, page=number)
    role = request.user.role
    context = {
        "form": form,
        "q": text,
        "rows": [VoucherRow.of(voucher) for voucher in page.vouchers],
        "left": format_zar(page.left),
        "gap": format_zar(page.owed - page.left) if page.owed != page.left else "",
        "links": filtered_links(page.page, page.pages, {"q": text}),
        "may_give": may(role, "voucher_new", "POST"),
        "may_see_lapsed": may(role, "breakage"),
        "may_sell": may(role, "voucher_sell", "POST"),
        "may_export": may(role, "vouchers_csv"),
    }
    return render(request, "office/vouchers/vouchers.html", context, status=status)


@staff
@require_safe
def vouchers_csv(request: StaffRequest) -> StreamingHttpResponse:
    rows = voucher_file_rows(export_vouchers(request.GET.get("q", "")[:_LONGEST_QUERY]))
    answer = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="vouchers.csv"'
    return answer


@staff
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def voucher_new(request: StaffRequest) -> HttpResponse:
    """In goodwill; its code is shown in the answer, once."""
    fresh = {"submission": random_token(), "valid_until": goodwill_until(timezone.now()).isoformat()}
    fresh["reference"] = request.GET.get("reference", "")[:12]
    form = GoodwillForm(request.POST if request.method == "POST" else None, initial=fresh)
    status = 422 if form.is_bound else 200
    refusal = None
    if form.is_valid():
        try:
            return _issued(request, _give(request, form))
        except Refusal as broken:
            refusal, status = broken, broken.status
            if not form.errors:
                add_refusal(form, None, broken)
    form.note_refusal(refusal)
    return render(request, "office/vouchers/new.html", {"form": form}, status=status)


def _give(request: StaffRequest, form: GoodwillForm) -> IssuedVoucher:
    data = form.cleaned_data
    order = booking_called(data["reference"]).order if data["reference"] else None
    goodwill = Goodwill(
        data["value"],
        data["reason"],
        data["valid_until"],
        data["email"],
        order,
        form.approval_for(request, data["reason"]),
    )
    content = f"{data['value']} {data['reason']} {data['valid_until']} {data['email']} {data['reference']}"
    return give_voucher(goodwill, actor=request.user, submission=data["submission"], content=content)


@staff
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def voucher_sell(request: StaffRequest) -> HttpResponse:
    """Into the till; the code is shown in the answer, once, as a slip to print."""
    form = VoucherSaleForm(
        request.POST if request.method == "POST" else None, initial={"submission": random_token()}
    )
    shift = Shift.objects.open_of(request.user)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        data = form.cleaned_data
        till = require_shift(request.user)
        bought = VoucherOrder(data["value"], data["email"], data["recipient"], data["message"], shift=till)
        try:
            sold = sell_voucher(bought, form.tendered, shift=till, submission=data["submission"])
        except Refusal as refusal:
            add_refusal(form, None, refusal)
            status = refusal.status
        else:
            return _issued(request, IssuedVoucher(sold.voucher, sold.code), is_sold=True)
    context = {"form": form, "shift": shift}
    return render(request, "office/vouchers/sell.html", context, status=status)


@staff
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def voucher_return(request: StaffRequest, voucher_id: int) -> HttpResponse:
    """A bought voucher goes back for the money; late, with a second person."""
    form = ReturnForm(
        request.POST if request.method == "POST" else None, initial={"submission": random_token()}
    )
    voucher, refusal = get_voucher(voucher_id), None
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            given = _take_back(request, voucher, form)
        except Refusal as broken:
            refusal, status = broken, broken.status
            if not form.errors:
                add_refusal(form, None, broken)
        else:
            messages.success(request, _given_back_text(given))
            return redirect("office:voucher", voucher_id)
    form.note_refusal(refusal)
    context = {"form": form, "voucher": VoucherRow.of(voucher)}
    return render(request, "office/vouchers/return.html", context, status=status)


def _take_back(request: StaffRequest, voucher: Voucher, form: ReturnForm) -> VoucherGivenBack:
    if voucher.order_id is None or voucher.kind != Voucher.Kind.SOLD:
        raise Conflict(_("Only a voucher that was bought can be given back."))
    data = form.cleaned_data
    back = VoucherReturn(voucher.order_id, data["reason"], form.approval_for(request, data["reason"]))
    return take_voucher_back(
        back,
        actor=request.user,
        shift=Shift.objects.open_of(request.user),
        slip=data["slip"],
        submission=data["submission"],
    )


def _given_back_text(given: VoucherGivenBack) -> str:
    paid = [f"{method_text(row.method)} {format_zar(row.amount)}" for row in given.paid_out]
    if paid:
        return _("The voucher was given back. Hand over now: %(paid)s.") % {"paid": ", ".join(paid)}
    return _("The voucher was given back. The money goes back the way it was paid.")


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def voucher_receipt(request: StaffRequest, voucher_id: int) -> HttpResponse:
    """The receipt of its sale, as a page that prints itself; noted by a POST, from then on it is a copy."""
    voucher = get_voucher(voucher_id)
    if voucher.order_id is None or voucher.kind != Voucher.Kind.SOLD:
        raise NotFound(_("This voucher was not bought, so it has no receipt."))
    if request.method == "POST":
        note_print(voucher.order_id, now=timezone.now())
        return HttpResponse(status=204)
    view = replace(receipt_of(voucher.order_id), is_copy=was_printed(voucher.order_id))
    context = {
        "receipt": receipt_text(view),
        "reference": view.number,
        "back": reverse("office:voucher", args=[voucher_id]),
        "is_thermal": request.GET.get("paper") == "80",
        "note_address": request.path,
    }
    return render(request, "office/receipt.html", context)


def _issued(request: StaffRequest, issued: IssuedVoucher, *, is_sold: bool = False) -> HttpResponse:
    """Not by a redirect: the code is kept nowhere that a second page could read it from."""
    row = VoucherRow.of(issued.voucher)
    context = {"voucher": row, "code": voucher_code_text(issued.code), "is_sold": is_sold}
    answer = render(request, "office/vouchers/issued.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@staff
@require_safe
def voucher(request: StaffRequest, voucher_id: int) -> HttpResponse:
    return _voucher_page(request, voucher_id)


@staff
@require_POST
def voucher_stop(request: StaffRequest, voucher_id: int) -> HttpResponse:
    form = StopForm(request.POST)
    if not form.is_valid():
        return _voucher_page(request, voucher_id, stop=form, status=422)
    data = form.cleaned_data
    try:
        issued = stop_voucher(
            VoucherStop(voucher_id, data["reason"], replaces=data["replaces"], email=data["email"]),
            actor=request.user,
            submission=data["submission"],
            content=f"{voucher_id} {data['reason']} {data['replaces']} {data['email']}",
        )
    except Refusal as refusal:
        add_refusal(form, None, refusal)
        return _voucher_page(request, voucher_id, stop=form, status=refusal.status)
    messages.success(request, _("The voucher is stopped."))
    return _issued(request, issued) if issued else redirect("office:voucher", voucher_id)


@staff
@require_POST
def voucher_extend(request: StaffRequest, voucher_id: int) -> HttpResponse:
    form = ExtendForm(request.POST)
    if not form.is_valid():
        return _voucher_page(request, voucher_id, extend=form, status=422)
    data = form.cleaned_data
    try:
        extend_voucher(voucher_id, data["valid_until"], reason=data["reason"], actor=request.user)
    except Refusal as refusal:
        add_refusal(form, None, refusal)
        return _voucher_page(request, voucher_id, extend=form, status=refusal.status)
    messages.success(request, _("The voucher is valid for longer."))
    return redirect("office:voucher", voucher_id)


def _voucher_page(
    request: StaffRequest,
    voucher_id: int,
    *,
    stop: StopForm | None = None,
    extend: ExtendForm | None = None,
    status: int = 200,
) -> HttpResponse:
    record = voucher_record(voucher_id, now=timezone.now())
    role = request.user.role
    replaced_by = record.replaced_by
    context: dict[str, Any] = {
        "voucher": VoucherRow.of(record.voucher),
        "note": record.note,
        "history": history_rows(record),
        "replaces": record.voucher.replaces_id,
        "replaced_by": replaced_by.pk if replaced_by else None,
        "stop": stop or StopForm(auto_id="stop-%s", initial={"submission": random_token()}),
        "extend": extend or ExtendForm(auto_id="extend-%s"),
        "may_stop": record.can_be_stopped and may(role, "voucher_stop", "POST"),
        "may_extend": record.can_be_extended and may(role, "voucher_extend", "POST"),
        "may_be_taken": record.may_be_taken,
        "is_bought": record.voucher.kind == Voucher.Kind.SOLD,
        "may_return": record.can_be_returned and may(role, "voucher_return", "POST"),
    }
    return render(request, "office/vouchers/voucher.html", context, status=status)
