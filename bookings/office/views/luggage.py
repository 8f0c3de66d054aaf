"""Extra luggage of a ticket that is paid: how many, the quote, and the money."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from bookings.base.codes import random_token
from bookings.base.errors import Refusal
from bookings.base.params import read_int
from bookings.domain.counter.exchange import luggage_at_till
from bookings.domain.counter.exchange_page import ticket_of
from bookings.domain.counter.luggage_page import luggage_view
from bookings.domain.fares.luggage import MOST_PIECES
from bookings.domain.sales.luggage_changes import LuggageChange
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.exchange import ConfirmForm, content_of, quoted_in
from bookings.web.refusals import counted
from bookings.web.render import render_page


@staff
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def change_luggage(request: StaffRequest, reference: str, ticket_id: int) -> HttpResponse:
    """Choose how many pieces, see the quote, confirm."""
    if request.method != "POST":
        return _page(request, reference, ticket_id)
    form, pieces = ConfirmForm(request.POST), _pieces_in(request)
    version = request.POST.get("version", "")
    if not form.is_valid() or pieces is None or not version.isdecimal():
        return _page(request, reference, ticket_id, form=form, status=422)
    try:
        ticket_of(reference, ticket_id)
        luggage_at_till(
            LuggageChange(ticket_id, pieces, version=int(version[:6]), quoted=quoted_in(form)),
            till=form.till(request),
            submission=form.cleaned_data["submission"],
            content=content_of(ticket_id, pieces, quoted_in(form)),
        )
    except Refusal as refusal:
        return _page(request, reference, ticket_id, form=form, refusal=refusal, status=refusal.status)
    done = _("Extra pieces of luggage: %(pieces)d. The ticket can be printed again.") % {"pieces": pieces}
    messages.success(request, done + form.change_text())
    return redirect("office:booking", reference)


def _pieces_in(request: StaffRequest) -> int | None:
    typed = (request.POST if request.method == "POST" else request.GET).get("pieces", "")
    pieces = read_int(typed, default=-1, most=MOST_PIECES)
    return None if pieces < 0 else pieces


def _page(
    request: StaffRequest,
    reference: str,
    ticket_id: int,
    *,
    form: ConfirmForm | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    form = form or ConfirmForm()
    form.note_refusal(refusal)
    view = luggage_view(reference, ticket_id, _pieces_in(request), user=request.user, now=timezone.now())
    context = {"view": view, "form": form, "refusal": counted(refusal), "submission": random_token()}
    return render_page(
        request,
        "office/ticket_changes/change_luggage.html",
        context,
        fragment="office/ticket_changes/_change_luggage.html",
        target="luggage",
        status=status,
    )
