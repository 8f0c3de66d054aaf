"""The link by which passengers of a disruption choose what becomes of them. Opening it changes nothing."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.base.codes import random_token
from bookings.base.errors import Refusal
from bookings.base.money import format_zar
from bookings.domain.disruptions.choice_page import PartyView, choice_page
from bookings.domain.disruptions.choices import Choice, PartyChoice, answer_by_link
from bookings.domain.tickets.choice_links import find_choice_link, find_open_choice
from bookings.domain.timetable.segments import SegmentRef
from bookings.models import ChoiceLink, Disruption
from bookings.web.access import public
from bookings.web.refusals import counted
from bookings.web.render import private


@public
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, token: str) -> HttpResponse:
    """Accept, another coach or all the money back, for each party of the order; only a button acts."""
    link = find_choice_link(token)
    if link is None:
        return private(render(request, "passenger/choice_expired.html", status=404))
    is_over = link.disruption.status == Disruption.Status.CLOSED and link.ticket_id is None
    if is_over and (newer := find_open_choice(link.order_id)):
        return private(redirect("passenger:choice", newer))
    if request.method != "POST":
        return _page(request, link)
    answer = PartyChoice(
        request.POST.get("booking", "")[:12],
        request.POST.get("choice", "")[:10],
        SegmentRef.read(request.POST.get("to", "")[:300]),
    )
    try:
        answer_by_link(token, answer, submission=request.POST.get("submission", "")[:80])
    except Refusal as refusal:
        return _page(request, link, refusal)
    messages.success(request, _done_text(answer))
    return private(redirect("passenger:choice", token))


def _done_text(answer: PartyChoice) -> str:
    if answer.choice == Choice.REFUND:
        return _("Your money goes back the way you paid. We will e-mail you how much and by when.")
    if answer.choice == Choice.OTHER:
        return _("Your seats are on the other coach now. Your tickets are on their way by e-mail.")
    return _("Thank you for telling us.")


def _page(request: HttpRequest, link: ChoiceLink, refusal: Refusal | None = None) -> HttpResponse:
    page = choice_page(link, now=timezone.now())
    context = {
        "page": page,
        "parties": [(party, _refund_text(party)) for party in page.parties],
        "address": request.path,
        "asks_refund": request.GET.get("refund", "")[:12],  # of which booking: a page that asks once more
        "refusal": counted(refusal),
        "submission": random_token(),
    }
    status = refusal.status if refusal else 200
    return private(render(request, "passenger/choice.html", context, status=status))


def _refund_text(party: PartyView) -> str:
    return format_zar(party.refund)
