"""One address from the held seats to the order: details, review, pay. Nothing that was typed is ever lost."""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.base.codes import random_token
from bookings.base.emails import suggest_email
from bookings.base.errors import HoldExpired, Refusal, SeatTaken, TooMany
from bookings.domain.fares.prices import fare_classes
from bookings.domain.sales.checkout import save_draft
from bookings.domain.sales.checkout_page import CheckoutView, PromoView, checkout_view
from bookings.domain.sales.checkout_review import (
    PAY_BY_VOUCHER,
    PAY_LATER,
    PAY_NOW,
    fare_rules,
    place_and_pay,
    review_digest,
)
from bookings.domain.sales.gateways import offered_ways
from bookings.domain.sales.hold_renewal import rehold, release_hold, renew_hold
from bookings.domain.sales.luggage import keep_luggage
from bookings.domain.sales.promo_codes import CODE_LENGTH, keep_promo_code
from bookings.domain.timetable.trips import TripView, clock_text
from bookings.passenger.forms.checkout import DetailsForm
from bookings.passenger.presenters.trip_facts import OfferedTrip, trip_facts_list
from bookings.web.access import public
from bookings.web.promo_codes import limit_guesses_of
from bookings.web.ratelimit import enforce_limit
from bookings.web.refusals import counted
from bookings.web.render import private
from bookings.web.visitor import grant_order, visitor_key

_PAY_ACTIONS: Final = ("pay", "pay_later", "pay_voucher")
_CHOICES: Final = {"pay_later": PAY_LATER, "pay_voucher": PAY_BY_VOUCHER}


@public
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest, token: str) -> HttpResponse:
    action = request.POST.get("action", "")
    chosen = request.POST.get("gateway", "") or PAY_NOW
    if action == "place":
        pay = request.POST.get("pay", "")
        choice = pay if pay in _CHOICES.values() else chosen
        return _place(request, token, choice=choice, digest=request.POST.get("digest", ""))
    view = _view(request, token)
    if view.order_token:
        return redirect("passenger:order_status", view.order_token)
    if request.method != "POST":
        return _page(request, view, step=request.GET.get("step", ""))
    try:
        form = _keep_typed(request, view) if "email" in request.POST else None
    except TooMany as problem:
        tried = request.POST.get("promo_code", "")[:CODE_LENGTH]
        view = replace(_view(request, token), promo=PromoView(tried, refusal=problem.message))
        return _page(request, view, status=problem.status)
    act = {"renew": _renew, "release": _release, "rehold": _rehold, "correct": _correct}.get(action)
    if act:
        return act(request, view)
    if form is None or view.is_expired:
        return redirect("passenger:checkout", token)
    has_promo = bool(view.promo.code or request.POST.get("promo_code"))
    if form.is_valid() and action not in (*_PAY_ACTIONS, "promo") and not has_promo:
        return redirect(_review_address(request, token))
    view = _view(request, token)
    if action == "promo" and not view.promo.refusal and "promo_code" not in form.errors:
        return _promo_applied(request, view)
    if view.promo.refusal and (action == "promo" or form.is_valid()):
        return _page(request, view, status=422)
    if not form.is_valid():
        return _page(request, view, form=form, status=422)
    if action not in _PAY_ACTIONS:
        return redirect(_review_address(request, token))
    if question := _question_before_paying(view, request.POST.get("total", "")):
        messages.warning(request, question)
        return redirect(_review_address(request, token))
    return _place(request, view.token, choice=_CHOICES.get(action, chosen), digest=review_digest(view))


def _view(request: HttpRequest, token: str) -> CheckoutView:
    return checkout_view(token, owner=visitor_key(request), now=timezone.now())


def _review_address(request: HttpRequest, token: str) -> str:
    """The review page, with the way to pay that was chosen."""
    gateway = request.POST.get("gateway", "")[:20]
    query = {"step": "review"} | ({"gateway": gateway} if gateway else {})
    return f"{reverse('passenger:checkout', args=[token])}?{urlencode(query)}"


def _keep_typed(request: HttpRequest, view: CheckoutView) -> DetailsForm:
    """Raises TooMany for who has tried many promo codes that are none; the rest is kept."""
    form = DetailsForm(view, request.POST)
    save_draft(view.token, owner=visitor_key(request), **form.draft())
    promo_code = form.cleaned_data.get("promo_code", view.promo.code)
    if "promo_code" in request.POST and promo_code != view.promo.code:
        limit_guesses_of(request, promo_code)
        keep_promo_code(view.token, promo_code, owner=visitor_key(request))
    if form.is_valid() and (form.luggage_fields or view.keeps_luggage):
        try:
            keep_luggage(view.token, owner=visitor_key(request))
        except Refusal as refusal:
            form.refuse_luggage(refusal)
    return form


def _promo_applied(request: HttpRequest, view: CheckoutView) -> HttpResponse:
    if view.promo.code:
        facts = {"code": view.promo.code, "total": view.total_text}
        messages.success(request, _("Promo code %(code)s is applied. The total is %(total)s.") % facts)
    return redirect(view_address(view))


def _renew(request: HttpRequest, view: CheckoutView) -> HttpResponse:
    try:
        hold = renew_hold(view.token, owner=visitor_key(request))
    except HoldExpired:
        return redirect("passenger:checkout", view.token)
    except Refusal as refusal:
        return _page(
            request,
            _view(request, view.token),
            refusal=refusal,
            step=request.POST.get("step", ""),
            status=refusal.status,
        )
    messages.success(request, _("Your seats are held until %(time)s.") % {"time": _until(hold.expires_at)})
    return redirect(
        _review_address(request, view.token) if request.POST.get("step") == "review" else view_address(view)
    )


def _release(request: HttpRequest, view: CheckoutView) -> HttpResponse:
    release_hold(view.token, owner=visitor_key(request))
    messages.success(request, _("Your seats have been released. Thank you."))
    return redirect(seats_address(view))


def _correct(request: HttpRequest, view: CheckoutView) -> HttpResponse:
    """Take the address that was suggested."""
    draft = _view(request, view.token).draft
    if address := suggest_email(draft.get("email", "")):
        save_draft(
            view.token,
            owner=visitor_key(request),
            passengers=draft.get("passengers", []),
            email=address,
            phone=draft.get("phone", ""),
            problem=draft.get("problem", ""),
        )
    return redirect(_review_address(request, view.token))


def _rehold(request: HttpRequest, view: CheckoutView) -> HttpResponse:
    enforce_limit(request, "hold")
    try:
        hold = rehold(view.token, owner=visitor_key(request))
    except Refusal as refusal:
        return _page(request, _view(request, view.token), refusal=refusal, status=refusal.status)
    messages.success(
        request, _("Your seats are held again, until %(time)s.") % {"time": _until(hold.expires_at)}
    )
    return redirect(view_address(view))


def _question_before_paying(view: CheckoutView, shown_total: str) -> str:
    """Why the order is to be looked at once more, although all is filled in. Empty: pay at once."""
    if shown_total != total_value(view):
        return _("The total is %(total)s. Please check your order, then pay.") % {"total": view.total_text}
    if suggest_email(view.draft.get("email", "")):
        return _("Please check the e-mail address, then pay.")
    return ""


def total_value(view: CheckoutView) -> str:
    """The sum that a page showed, as it comes back with its form; the script adds it up anew."""
    return f"{view.total:.2f}"


def _place(request: HttpRequest, token: str, *, choice: str, digest: str) -> HttpResponse:
    """Order what was shown, and go on to the payment. `digest` is of what was shown."""
    enforce_limit(request, "booking")
    try:
        placed = place_and_pay(
            token,
            owner=visitor_key(request),
            submission=request.POST.get("submission", "")[:80],
            digest=digest,
            choice=choice,
        )
    except Refusal as refusal:
        view = _view(request, token)
        if view.order_token:
            raise
        return _page(request, view, step="review", refusal=refusal, status=refusal.status)
    grant_order(request, placed.order.pk, placed.order.contact_version)
    page = reverse("passenger:order_status", args=[placed.order.token])
    return redirect(placed.pay_at or (f"{page}?voucher=1#voucher" if choice == PAY_BY_VOUCHER else page))


def _until(moment: datetime) -> str:
    return clock_text(moment, timezone.now())


def view_address(view: CheckoutView) -> str:
    return reverse("passenger:checkout", args=[view.token])


def seats_address(view: CheckoutView, index: int = 0) -> str:
    """The seat map of a trip of the checkout, for the same party; the other trip stays held."""
    trip = view.trips[index]
    members = Counter(row.passenger_type for row in view.passengers)
    query = {"from": trip.ref.from_ref, "to": trip.ref.to_ref, "passengers": len(view.passengers)}
    query |= {
        kind.slug: members[kind.slug] for kind in view.types if kind.slug in members and not kind.is_default
    }
    if wheelchairs := sum(row.in_wheelchair for row in view.passengers):
        query["wheelchair"] = wheelchairs
    if len(view.trips) > 1:
        query["hold"] = view.token
    return f"{reverse('passenger:departure', args=[trip.ref.schedule_id])}?{urlencode(query, safe='@')}"


def _page(
    request: HttpRequest,
    view: CheckoutView,
    *,
    step: str = "",
    form: DetailsForm | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    is_review = step == "review" and view.is_complete and not view.is_expired
    context: dict[str, Any] = {
        "view": view,
        "refusal": counted(refusal),
        "until": _until(view.expires_at),
        "trips": _trips(view),
        "is_gone": isinstance(refusal, SeatTaken),
        "is_free": not view.total,
        "ways": offered_ways(request.POST.get("gateway", "") or request.GET.get("gateway", "")),
        "submission": random_token(),
        "suggestion": suggest_email(view.draft.get("email", "")),
    }
    if is_review:
        context |= {
            "step": "review",
            "rules": fare_rules(view),
            "digest": review_digest(view),
        }
        context["people"] = [(row, _type_name(view, row.passenger_type)) for row in view.passengers]
        return private(render(request, "passenger/review.html", context, status=status))
    if step == "review" and not view.is_expired and not refusal:
        return redirect(view_address(view))
    context |= {
        "step": "details",
        "form": form or DetailsForm(view),
        "total_value": total_value(view),
        "proofs": [kind for kind in view.types if kind.proof],
    }
    return private(render(request, "passenger/checkout.html", context, status=status))


def _trips(view: CheckoutView) -> list[tuple[TripView, str, SafeString]]:
    """Each trip with the address of its seats and what is to be known of it."""
    now = timezone.now()
    held = [fare_class for fare_class in fare_classes() if fare_class.pk in view.class_ids]
    facts = [
        trip_facts_list(OfferedTrip.of_segment(segment, held), now, has_route=False)
        for segment in view.segments
    ]
    addresses = [seats_address(view, index) for index in range(len(view.trips))]
    return list(zip(view.trips, addresses, facts, strict=True))


def _type_name(view: CheckoutView, slug: str) -> str:
    return next((kind.name for kind in view.types if kind.slug == slug), slug)
