"""Changes to a booking: each shows its quote first and does nothing before it is confirmed."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from bookings.base.codes import random_token
from bookings.base.errors import Refusal
from bookings.base.names import full_name
from bookings.domain.counter.exchange import exchange_at_till, seat_at_till
from bookings.domain.counter.exchange_page import ExchangeQuery, move_view, reseat_view, ticket_of
from bookings.domain.sales.exchange_quotes import TripChange
from bookings.domain.sales.ticket_changes import NameChange, SeatChange
from bookings.domain.sales.ticket_changes import change_name as rename
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import Booking
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.exchange import (
    ConfirmForm,
    NameForm,
    content_of,
    day_in,
    ids_in,
    labels_in,
    quoted_in,
)
from bookings.office.presenters.exchange import announcement
from bookings.office.presenters.seat_map import seats_to_change_to
from bookings.web.refusals import counted
from bookings.web.render import render_page

_FORM = require_http_methods(["GET", "HEAD", "POST"])


@staff
@sensitive_post_parameters()
@_FORM
def exchange(request: StaffRequest, reference: str) -> HttpResponse:
    """Another departure: choose who and which, see the quote, confirm."""
    if request.method != "POST":
        return _exchange_page(request, reference)
    form, to = ConfirmForm(request.POST), SegmentRef.read(request.POST.get("ride", ""))
    if not form.is_valid() or to is None:
        return _exchange_page(request, reference, form=form, status=422)
    try:
        moved = _exchange(request, reference, form, to)
    except Refusal as refusal:
        return _exchange_page(request, reference, form=form, refusal=refusal, status=refusal.status)
    done = _("Moved. The new tickets are ready to print; the old ones are no longer valid.")
    messages.success(request, done + form.change_text())
    return redirect("office:booking", moved.booking_reference)


def _exchange(request: StaffRequest, reference: str, form: ConfirmForm, to: SegmentRef) -> Booking:
    tickets, labels, quoted = ids_in(request.POST), labels_in(request.POST), quoted_in(form)
    return exchange_at_till(
        TripChange(
            reference,
            to,
            ticket_ids=tickets,
            labels=labels,
            quoted=quoted,
            waiver=form.signed_waiver(request, is_waived="waive" in request.POST),
        ),
        till=form.till(request),
        submission=form.cleaned_data["submission"],
        content=content_of(reference, tickets, to, labels, quoted),
    )


def _exchange_page(
    request: StaffRequest,
    reference: str,
    *,
    form: ConfirmForm | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    try:
        day = day_in(given)
    except Refusal as wrong:
        day, refusal, status = None, refusal or wrong, max(status, wrong.status)
    query = ExchangeQuery(
        reference,
        ticket_ids=ids_in(given) if "tickets" in given or "asked" in given else None,
        day=day,
        to=SegmentRef.read(given.get("ride", "")),
        labels=labels_in(given),
        waived="waive" in given,
    )
    view = move_view(query, user=request.user, now=timezone.now())
    chosen = view.to.schedule_id if view.to else None
    context = {
        "view": view,
        "offers": [(offer, offer.schedule_id == chosen) for offer in view.offers],
        # Not the seats that a quote chose: those would be asked for on the next departure, too.
        "seats_typed": " ".join(labels_in(given, "wanted" if request.method == "POST" else "seats")),
        "waived": "waive" in given,
        "announcement": announcement(view),
    } | _confirmation_context(form, refusal)
    return render_page(
        request,
        "office/exchange/exchange.html",
        context,
        fragment="office/exchange/_exchange.html",
        target="exchange",
        status=status,
    )


def _confirmation_context(form: ConfirmForm | None, refusal: Refusal | None) -> dict[str, Any]:
    form = form or ConfirmForm()
    form.note_refusal(refusal)
    return {"form": form, "refusal": counted(refusal), "submission": random_token()}


@staff
@sensitive_post_parameters()
@_FORM
def change_seat(request: StaffRequest, reference: str, ticket_id: int) -> HttpResponse:
    """Another seat on the same coach."""
    if request.method != "POST":
        return _seat_page(request, reference, ticket_id)
    form, labels = ConfirmForm(request.POST), labels_in(request.POST, "seat")
    version = request.POST.get("version", "")
    if not form.is_valid() or len(labels) != 1 or not version.isdecimal():
        return _seat_page(request, reference, ticket_id, form=form, status=422)
    quoted = form.cleaned_data["quoted"]
    try:
        ticket_of(reference, ticket_id)
        seat_at_till(
            SeatChange(ticket_id, labels[0], version=int(version[:6]), quoted=quoted_in(form)),
            till=form.till(request),
            submission=form.cleaned_data["submission"],
            content=content_of(ticket_id, labels[0], quoted),
        )
    except Refusal as refusal:
        return _seat_page(request, reference, ticket_id, form=form, refusal=refusal, status=refusal.status)
    done = _("The seat is now %(seat)s. The ticket can be printed again.") % {"seat": labels[0]}
    messages.success(request, done + form.change_text())
    return redirect("office:booking", reference)


def _seat_page(
    request: StaffRequest,
    reference: str,
    ticket_id: int,
    *,
    form: ConfirmForm | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    label = next(iter(labels_in(given, "seat")), "")
    view = reseat_view(reference, ticket_id, label, user=request.user, now=timezone.now())
    context = {"view": view, "decks": seats_to_change_to(view)} | _confirmation_context(form, refusal)
    return render_page(
        request,
        "office/ticket_changes/change_seat.html",
        context,
        fragment="office/ticket_changes/_change_seat.html",
        target="reseat",
        status=status,
    )


@staff
@_FORM
def change_name(request: StaffRequest, reference: str, ticket_id: int) -> HttpResponse:
    """Another name on one ticket: it is issued again, and the old code is dead."""
    ticket = ticket_of(reference, ticket_id)
    initial = {
        "first_name": ticket.first_name,
        "surname": ticket.surname,
        "version": ticket.version,
        "submission": random_token(),
    }
    form = NameForm(request.POST if request.method == "POST" else None, initial=initial)
    refusal, status = None, 422 if form.is_bound else 200
    if form.is_valid():
        data = form.cleaned_data
        try:
            rename(
                NameChange(ticket_id, data["first_name"], data["surname"], data["version"]),
                actor=request.user,
                submission=data["submission"],
                content=content_of(ticket_id, data["first_name"], data["surname"]),
            )
        except Refusal as broken:
            refusal, status = broken, broken.status
        else:
            messages.success(
                request,
                _("The ticket is now in the name of %(name)s.")
                % {"name": full_name(data["first_name"], data["surname"])},
            )
            return redirect("office:booking", reference)
    context = {"form": form, "ticket": ticket, "reference": reference, "refusal": counted(refusal)}
    return render(request, "office/ticket_changes/change_name.html", context, status=status)
