"""What is kept about an e-mail address: asked for, proved by a mailed link, read, taken along, erased."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from bookings.base.errors import NotFound
from bookings.domain.privacy.erasure import ErasureRequest, erase_orders, review_erasure
from bookings.domain.privacy.export import personal_records, subject_export
from bookings.domain.privacy.requests import ask_for_data, find_data_request
from bookings.domain.privacy.subjects import Subject, orders_of
from bookings.models import Erasure
from bookings.passenger.forms.privacy import AskForDataForm, EraseForm
from bookings.web.access import public
from bookings.web.erasures import erasure_rows
from bookings.web.ratelimit import enforce_limit
from bookings.web.render import private
from bookings.web.visitor import forget_guest


@public
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The answer is the same whether or not anything is kept: nobody learns who travels with us."""
    form = AskForDataForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        subject = Subject(email=form.cleaned_data["email"].lower())
        enforce_limit(request, "resend", f"data {subject}")
        ask_for_data(subject)
        return private(render(request, "passenger/data_link_sent.html"))
    status = 422 if form.is_bound else 200
    return private(render(request, "passenger/ask_for_data.html", {"form": form}, status=status))


@public
@require_http_methods(["GET", "HEAD", "POST"])
def own_data(request: HttpRequest, token: str) -> HttpResponse:
    subject = _subject_of(token)
    orders = orders_of(subject)
    form = EraseForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        reviews = erase_orders(orders, ErasureRequest(subject, Erasure.Cause.ASKED))
        erased = sum(review.obstacle is None for review in reviews)
        if erased:
            forget_guest(request)
            text = ngettext(
                "The personal data of %(count)d order are erased.",
                "The personal data of %(count)d orders are erased.",
                erased,
            )
            messages.success(request, text % {"count": erased})
        return redirect("passenger:own_data", token)
    rows = erasure_rows(review_erasure(orders, now=timezone.now()))
    context = {
        "form": form,
        "subject": subject,
        "token": token,
        "records": personal_records(orders),
        "rows": rows,
        "can_erase": any(not row.obstacle for row in rows),
    }
    status = 422 if form.is_bound else 200
    return private(render(request, "passenger/own_data.html", context, status=status))


@public
@require_safe
def own_data_file(request: HttpRequest, token: str) -> HttpResponse:
    subject = _subject_of(token)
    content = subject_export(subject, orders_of(subject), now=timezone.now())
    response = private(HttpResponse(content, content_type="application/zip"))
    response["Content-Disposition"] = 'attachment; filename="my-data.zip"'
    return response


def _subject_of(token: str) -> Subject:
    data_request = find_data_request(token, now=timezone.now())
    if data_request is None:
        raise NotFound(_("This link is no longer valid. Please ask for your data again."))
    return Subject(email=data_request.email)
