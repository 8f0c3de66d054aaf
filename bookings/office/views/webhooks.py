"""A partner's webhooks: where its server hears of its orders, and what became of each message."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.base.errors import Conflict, Refusal
from bookings.base.params import read_int
from bookings.domain.partners import webhooks as hooks
from bookings.domain.partners.partners import get_partner
from bookings.domain.partners.webhooks import DeliveryState
from bookings.models import Partner, Webhook
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.partners import WebhookForm
from bookings.office.policy import may
from bookings.office.presenters.webhooks import STATES, DeliveryRow, page_address, state_tabs
from bookings.web.refusals import add_refusal, counted


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: StaffRequest, slug: str) -> HttpResponse:
    """The list, and the form that makes one; the only page that ever shows a new one's secret."""
    partner = get_partner(slug)
    form = WebhookForm(
        request.POST if request.method == "POST" else None, initial={"events": Webhook.Event.values}
    )
    if form.is_valid():
        try:
            webhook = hooks.add_webhook(partner, **form.cleaned_data, actor=request.user)
        except Refusal as refusal:
            add_refusal(form, "url", refusal)
        else:
            return _list(request, partner, WebhookForm(initial={"events": Webhook.Event.values}), new=webhook)
    return _list(request, partner, form, status=422 if form.errors else 200)


def _list(
    request: StaffRequest,
    partner: Partner,
    form: WebhookForm,
    *,
    new: Webhook | None = None,
    status: int = 200,
) -> HttpResponse:
    rows, may_change = hooks.list_webhooks(partner), may(request.user.role, "webhooks", "POST")
    context = {"partner": partner, "hooks": rows, "form": form, "new": new, "may_change": may_change}
    return render(request, "office/partners/webhooks.html", context, status=status)


@staff
@require_safe
def webhook(request: StaffRequest, slug: str, hook_id: int) -> HttpResponse:
    return _page(request, hooks.get_webhook(hook_id, slug))


def _page(request: StaffRequest, hook: Webhook, *, shows_secret: bool = False) -> HttpResponse:
    now, state = timezone.now(), request.GET.get("state", "")
    state = state if state in dict(STATES) else ""
    page = hooks.list_deliveries(
        hook,
        page=read_int(request.GET.get("page", ""), default=1, most=99_999),
        state=DeliveryState(state) if state else None,
        now=now,
    )
    context = {
        "hook": hook,
        "page": page,
        "rows": [DeliveryRow.of(delivery) for delivery in page.rows],
        "tabs": state_tabs(hook, state),
        "newer": page_address(state, page.page - 1) if page.page > 1 else "",
        "older": page_address(state, page.page + 1) if page.has_next else "",
        "fingerprint": hooks.secret_fingerprint(hook),
        "shows_secret": shows_secret,
        "old_until": hook.old_until if hook.old_until and hook.old_until > now else None,
        "may_change": may(request.user.role, "webhook_switch", "POST"),
    }
    return render(request, "office/partners/webhook.html", context)


@staff
@require_POST
def switch(request: StaffRequest, slug: str, hook_id: int) -> HttpResponse:
    hook, is_on = hooks.get_webhook(hook_id, slug), request.POST.get("to") == "on"
    hooks.switch_webhook(hook, is_on=is_on, actor=request.user)
    messages.success(
        request, _("The webhook is on.") if is_on else _("The webhook is off: nothing more is sent.")
    )
    return redirect("office:webhook", slug, hook_id)


@staff
@require_POST
def secret(request: StaffRequest, slug: str, hook_id: int) -> HttpResponse:
    """The only page that ever shows the new secret."""
    hook = hooks.get_webhook(hook_id, slug)
    return _page(
        request,
        hooks.rotate_secret(hook, fingerprint=request.POST.get("mark", ""), actor=request.user),
        shows_secret=True,
    )


@staff
@require_POST
def ping(request: StaffRequest, slug: str, hook_id: int) -> HttpResponse:
    try:
        hooks.ping(hooks.get_webhook(hook_id, slug))
    except Conflict as refusal:
        messages.error(request, counted(refusal).message)
    else:
        messages.success(request, _("A test message is on its way; check again in a moment."))
    return redirect("office:webhook", slug, hook_id)


@staff
@require_POST
def again(request: StaffRequest, slug: str, hook_id: int, message_id: int) -> HttpResponse:
    try:
        hooks.resend_message(message_id, hooks.get_webhook(hook_id, slug))
    except Conflict as refusal:
        messages.error(request, counted(refusal).message)
    else:
        messages.success(request, _("The message is being sent again; check again in a moment."))
    return redirect("office:webhook", slug, hook_id)
