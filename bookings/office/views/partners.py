"""Partners who sell through the API: taken on, their terms, their keys, what they owe."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.base.codes import random_token
from bookings.base.errors import NotFound, Refusal
from bookings.base.money import format_zar
from bookings.domain.partners import api_keys as keys
from bookings.domain.partners import partners as company
from bookings.models import ApiKey, Partner
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.partners import KeyForm, NewPartnerForm, PartnerPaymentForm, TermsForm
from bookings.office.policy import may
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
            made = company.add_partner(**form.cleaned_data, actor=request.user)
        except Refusal as refusal:
            add_refusal(form, "name", refusal)
        else:
            messages.success(request, _("%(partner)s may sell now. Make a key for its program.") % {"partner": made.name})
            return redirect("office:partner", made.slug)
    return _list(request, form, status=422)


def _list(request: StaffRequest, form: NewPartnerForm, *, status: int = 200) -> HttpResponse:
    context = {"partners": company.partner_rows(), "form": form, "may_add": may(request.user.role, "partner_add", "POST")}
    return render(request, "office/partners/partners.html", context, status=status)


@staff
@require_safe
def partner(request: StaffRequest, slug: str) -> HttpResponse:
    return partner_page(request, company.partner_called(slug))


def partner_page(request: StaffRequest, found: Partner, *, status: int = 200, **forms: Any) -> HttpResponse:
    """The page of a partner. `forms` replaces those that have something to say: terms, key, payment; `new_key` is shown this once."""
    context = {
        "partner": found,
        "record": company.partner_record(found),
        "keys": keys.keys_of(found),
        "may_change": may(request.user.role, "partner_change", "POST"),
        "terms": TermsForm(initial={"email": found.email, "credit_limit": found.credit_limit}, prefix="terms"),
        "key": KeyForm(initial={"scopes": ApiKey.Scope.values, "submission": random_token()}, prefix="key"),
        "payment": PartnerPaymentForm(initial={"submission": random_token()}, prefix="payment"),
    }
    return render(request, "office/partners/partner.html", context | forms, status=status)


@staff
@require_POST
def change(request: StaffRequest, slug: str) -> HttpResponse:
    found = company.partner_called(slug)
    form = TermsForm(request.POST, prefix="terms")
    if not form.is_valid():
        return partner_page(request, found, terms=form, status=422)
    company.change_partner(found, **form.cleaned_data, is_active=found.is_active, actor=request.user)
    messages.success(request, _("The new terms hold."))
    return redirect("office:partner", slug)


@staff
@_FORM
def switch(request: StaffRequest, slug: str) -> HttpResponse:
    """Ask, then switch the partner off or on: whether any of its keys opens anything."""
    found = company.partner_called(slug)
    if request.method != "POST":
        return render(request, "office/partners/switch.html", {"partner": found, "live": keys.live_keys(found)})
    is_on = request.POST.get("to") == "on"
    company.change_partner(found, email=found.email, credit_limit=found.credit_limit, is_active=is_on, actor=request.user)
    words = _("%(partner)s may sell again.") if is_on else _("%(partner)s is switched off: its keys open nothing.")
    messages.success(request, words % {"partner": found.name})
    return redirect("office:partner", slug)


@staff
@require_POST
def receive_payment(request: StaffRequest, slug: str) -> HttpResponse:
    found = company.partner_called(slug)
    form = PartnerPaymentForm(request.POST, prefix="payment")
    if not form.is_valid():
        return partner_page(request, found, payment=form, status=422)
    given = form.cleaned_data
    options = {
        "reference": given["reference"],
        "submission": given["submission"],
        "content": f"{slug} {given['amount']} {given['reference']}",
    }
    company.receive_payment(found, given["amount"], actor=request.user, **options)
    messages.success(request, _("%(amount)s is booked.") % {"amount": format_zar(given["amount"])})
    return redirect("office:partner", slug)


@staff
@require_POST
def add_key(request: StaffRequest, slug: str) -> HttpResponse:
    """The only page that ever shows the key."""
    found = company.partner_called(slug)
    form = KeyForm(request.POST, prefix="key")
    if form.is_valid():
        try:
            made = keys.make_key(found, **form.fields_of_key, submission=form.cleaned_data["submission"], actor=request.user)
        except Refusal as refusal:
            add_refusal(form, "limit" if refusal.status == 422 else None, refusal)
        else:
            return partner_page(request, found, new_key=made)
    return partner_page(request, found, key=form, status=422)


@staff
@_FORM
def key(request: StaffRequest, slug: str, key_id: int) -> HttpResponse:
    """Another name, other scopes, another limit."""
    found = _key_of(slug, key_id)
    initial = {"name": found.name, "scopes": found.scopes, "limit": found.limit}
    form = KeyForm(request.POST if request.method == "POST" else None, initial=initial, prefix="key")
    if form.is_valid():
        try:
            keys.change_key(key_id, **form.fields_of_key, actor=request.user)
        except Refusal as refusal:
            add_refusal(form, "limit" if refusal.status == 422 else None, refusal)
        else:
            messages.success(request, _("The key is changed."))
            return redirect("office:partner", slug)
    return render(request, "office/partners/key.html", {"key": found, "form": form}, status=422 if form.errors else 200)


@staff
@_FORM
def revoke_key(request: StaffRequest, slug: str, key_id: int) -> HttpResponse:
    """Ask, then revoke: there is no way back."""
    found = _key_of(slug, key_id)
    if request.method != "POST":
        return render(request, "office/partners/key_revoke.html", {"key": found})
    keys.revoke_key(key_id, actor=request.user)
    messages.success(request, _("The key %(key)s… opens nothing any more.") % {"key": found.prefix})
    return redirect("office:partner", slug)


def _key_of(slug: str, key_id: int) -> ApiKey:
    found = keys.key_called(key_id)
    if found.partner.slug != slug:
        raise NotFound(_("We do not know this key."))
    return found
