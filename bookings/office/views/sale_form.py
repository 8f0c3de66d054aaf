"""The form of a sale's last step as it was posted, kept with the sale's hold."""

from django.utils import timezone

from bookings.base.errors import TooMany
from bookings.domain.counter.sale import Sale, keep_typed, keep_typed_code
from bookings.domain.counter.sale_page import held_sale, segment_view
from bookings.domain.counter.tender import Tender
from bookings.domain.sales.checkout_page import CheckoutView, PromoView
from bookings.office.access import StaffRequest
from bookings.office.forms.sale import PayForm
from bookings.office.forms.sale_query import SaleQuery, held_people, standby_people, type_names
from bookings.office.forms.tender import TenderForm
from bookings.web.promo_codes import limit_guesses


def typed_form(request: StaffRequest, query: SaleQuery) -> TenderForm:
    """The form of the last step; what was typed for a held sale is kept."""
    if query.order:
        return TenderForm(request.POST)
    if query.segment and query.standby:
        view = segment_view(query.segment, clerk=request.user, now=timezone.now())
        return PayForm(standby_people(view, query.standby), type_names(), request.POST, country=view.country)
    return held_form(request, query, held_sale(query.hold, clerk=request.user, now=timezone.now()))


def held_form(request: StaffRequest, query: SaleQuery, view: CheckoutView) -> PayForm:
    """The form of a held sale as it was posted; what was typed is kept, with the promo code."""
    form = PayForm(held_people(view), type_names(), request.POST, country=view.country)
    keep_typed(query.hold, clerk=request.user, **form.draft())
    code = form.cleaned_data.get("promo_code", "")
    try:
        if code != view.promo.code:
            limit_guesses(code, f"clerk {request.user.pk}")
            keep_typed_code(query.hold, code, clerk=request.user)
    except TooMany as problem:
        form.take_promo(PromoView(code, refusal=problem.message))
        return form
    if code:
        form.take_promo(held_sale(query.hold, clerk=request.user, now=timezone.now()).promo)
    return form


def sale_of(form: PayForm, tender: Tender, query: SaleQuery) -> Sale:
    email, phone = form.cleaned_data["contact"]
    return Sale(
        tuple(form.passengers),
        tender,
        query.hold,
        email=email,
        phone=phone,
        promo_code=form.cleaned_data["promo_code"],
    )
