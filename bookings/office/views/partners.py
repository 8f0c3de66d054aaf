"""Partners who sell through the API: taken on, their terms, their keys, what they owe."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.base.codes import random_token
from bookings.base.errors import NotFound, Refusal
from bookings.base.money import format_zar
from bookings.domain.partners import api_keys
from bookings.domain.partners import partners as accounts
from bookings.models import ApiKey, Partner
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.partners import (
    CommissionForm,
    KeyForm,
    LineRateForm,
    NewPartnerForm,
    PartnerPaymentForm,
    PartnerTermsForm,
)
from bookings.office.policy import may
from bookings.office.presenters.partners import PartnerPage, PartnerRow
from bookings.web.refusals import add_refusal

_FORM = require_http_methods(["GET", "HEAD", "POST"])


@staff
@require_safe
def partners(request: StaffRequest) -> HttpResponse:
    return _list(request, NewPartnerForm())


@staff
@require_POST
def add(request: StaffRequest) -> HttpResponse:
    form = NewPartnerForm(request.POST)
    if form.is_valid():
        try:
            new_partner = accounts.add_partner(**form.cleaned_data, actor=request.user)
        except Refusal as refusal:
            add_refusal(form, "name", refusal)
        else:
            messages.success(
                request,
                _("%(partner)s can sell now. Create a key for its program.") % {"partner": new_partner.name},
            )
            return redirect("office:partner", new_partner.slug)
    return _list(request, form, status=422)


def _list(request: StaffRequest, form: NewPartnerForm, *, status: int = 200) -> HttpResponse:
    context = {
        "partners": [PartnerRow.of(summary) for summary in accounts.list_partners()],
        "form": form,
        "may_add": may(request.user.role, "partner_add", "POST"),
    }
    return render(request, "office/partners/partners.html", context, status=status)


@staff
@require_safe
def partner(request: StaffRequest, slug: str) -> HttpResponse:
    return partner_page(request, accounts.get_partner(slug))


def partner_page(
    request: StaffRequest, partner: Partner, *, status: int = 200, **replaced: Any
) -> HttpResponse:
    """The page of a partner.

    `replaced` are the forms that have errors to show (terms, key, payment), or a `new_key`, shown only once.
    """
    context = {
        "partner": partner,
        "page": PartnerPage.of(accounts.get_partner_record(partner)),
        "keys": api_keys.list_keys(partner),
        "may_change": may(request.user.role, "partner_change", "POST"),
        "terms": PartnerTermsForm(instance=partner, prefix="terms"),
        "key": KeyForm(initial={"scopes": ApiKey.Scope.values, "submission": random_token()}, prefix="key"),
        "payment": PartnerPaymentForm(initial={"submission": random_token()}, prefix="payment"),
    }
    return render(request, "office/partners/partner.html", context | replaced, status=status)


@staff
@require_POST
def change(request: StaffRequest, slug: str) -> HttpResponse:
    partner = accounts.get_partner(slug)
    form = PartnerTermsForm(request.POST, prefix="terms")
    if not form.is_valid():
        return partner_page(request, partner, terms=form, status=422)
    accounts.change_partner(partner, **form.cleaned_data, is_active=partner.is_active, actor=request.user)
    messages.success(request, _("The terms have been saved."))
    return redirect("office:partner", slug)


@staff
@_FORM
def switch(request: StaffRequest, slug: str) -> HttpResponse:
    """Ask, then switch the partner off or on: whether any of its keys opens anything."""
    partner = accounts.get_partner(slug)
    if request.method != "POST":
        return render(
            request,
            "office/partners/switch.html",
            {"partner": partner, "live": api_keys.count_live_keys(partner)},
        )
    is_on = request.POST.get("to") == "on"
    accounts.change_partner(
        partner, email=partner.email, credit_limit=partner.credit_limit, is_active=is_on, actor=request.user
    )
    message = (
        _("%(partner)s can sell again.") if is_on else _("%(partner)s is switched off: its keys do not work.")
    )
    messages.success(request, message % {"partner": partner.name})
    return redirect("office:partner", slug)


@staff
@sensitive_post_parameters("payment-approver_password", "payment-approver_code")
@require_POST
def receive_payment(request: StaffRequest, slug: str) -> HttpResponse:
    """A transfer of the partner; over the limit a second person signs."""
    partner = accounts.get_partner(slug)
    form = PartnerPaymentForm(request.POST, prefix="payment")
    if not form.is_valid():
        form.note_refusal(None)
        return partner_page(request, partner, payment=form, status=422)
    data = form.cleaned_data
    try:
        accounts.receive_payment(
            partner, form.transfer(request), actor=request.user, submission=data["submission"]
        )
    except Refusal as refusal:
        form.note_refusal(refusal)
        if not form.errors:
            add_refusal(form, None, refusal)
        return partner_page(request, partner, payment=form, status=refusal.status)
    messages.success(request, _("%(amount)s has been recorded.") % {"amount": format_zar(data["amount"])})
    return redirect("office:partner", slug)


@staff
@_FORM
def commission(request: StaffRequest, slug: str) -> HttpResponse:
    """What the partner earns from now on: on all lines, and on some."""
    partner = accounts.get_partner(slug)
    form = CommissionForm(request.POST if request.method == "POST" else None, instance=partner)
    if form.is_valid():
        data = form.cleaned_data
        try:
            accounts.set_commission(
                partner, data["commission_percent"], data["settlement"], actor=request.user
            )
        except Refusal as refusal:
            add_refusal(form, "commission_percent", refusal)
        else:
            messages.success(request, _("The commission has been saved."))
            return redirect("office:partner_commission", slug)
    return _commission_page(request, partner, form=form)


@staff
@require_POST
def line_rate(request: StaffRequest, slug: str) -> HttpResponse:
    partner = accounts.get_partner(slug)
    form = LineRateForm(request.POST)
    if not form.is_valid():
        return _commission_page(request, partner, line_form=form)
    accounts.set_line_rate(
        partner, form.cleaned_data["line"], form.cleaned_data["percent"], actor=request.user
    )
    messages.success(request, _("The commission has been saved."))
    return redirect("office:partner_commission", slug)


def _commission_page(
    request: StaffRequest,
    partner: Partner,
    *,
    form: CommissionForm | None = None,
    line_form: LineRateForm | None = None,
) -> HttpResponse:
    is_wrong = any(shown.errors for shown in (form, line_form) if shown)
    context = {
        "partner": partner,
        "form": form or CommissionForm(instance=partner),
        "line_form": line_form or LineRateForm(),
        "rates": accounts.list_line_rates(partner),
        "may_change": may(request.user.role, "partner_commission", "POST"),
    }
    return render(request, "office/partners/commission.html", context, status=422 if is_wrong else 200)


@staff
@require_POST
def add_key(request: StaffRequest, slug: str) -> HttpResponse:
    """The only page that ever shows the key."""
    partner = accounts.get_partner(slug)
    form = KeyForm(request.POST, prefix="key")
    if form.is_valid():
        try:
            new_key = api_keys.make_key(
                partner, form.terms, submission=form.cleaned_data["submission"], actor=request.user
            )
        except Refusal as refusal:
            add_refusal(form, "limit" if refusal.status == 422 else None, refusal)
        else:
            return partner_page(request, partner, new_key=new_key)
    return partner_page(request, partner, key=form, status=422)


@staff
@_FORM
def key(request: StaffRequest, slug: str, key_id: int) -> HttpResponse:
    """Another name, other scopes, another limit."""
    api_key = _get_key(slug, key_id)
    form = KeyForm(request.POST if request.method == "POST" else None, instance=api_key, prefix="key")
    if form.is_valid():
        try:
            api_keys.change_key(key_id, form.terms, actor=request.user)
        except Refusal as refusal:
            add_refusal(form, "limit" if refusal.status == 422 else None, refusal)
        else:
            messages.success(request, _("The key has been changed."))
            return redirect("office:partner", slug)
    return render(
        request,
        "office/partners/key.html",
        {"key": api_key, "form": form},
        status=422 if form.errors else 200,
    )


@staff
@_FORM
def revoke_key(request: StaffRequest, slug: str, key_id: int) -> HttpResponse:
    """Ask, then revoke: there is no way back."""
    api_key = _get_key(slug, key_id)
    if request.method != "POST":
        return render(request, "office/partners/key_revoke.html", {"key": api_key})
    api_keys.revoke_key(key_id, actor=request.user)
    messages.success(request, _("The key %(key)s… no longer works.") % {"key": api_key.prefix})
    return redirect("office:partner", slug)


def _get_key(slug: str, key_id: int) -> ApiKey:
    api_key = api_keys.get_key(key_id)
    if api_key.partner.slug != slug:
        raise NotFound(_("We could not find this key."))
    return api_key
