"""A partner's webhooks: where its server hears of its orders, and what became of each message."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.base.errors import Conflict, Refusal
from bookings.domain.partners import webhooks as hooks
from bookings.domain.partners.partners import partner_called
from bookings.models import Partner, Webhook
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.partners import WebhookForm
from bookings.office.policy import may
from bookings.web.refusals import add_refusal, counted

_STATES = (
    ("", gettext_lazy("All")),
    ("waiting", gettext_lazy("Waiting")),
    ("failed", gettext_lazy("Given up")),
    ("sent", gettext_lazy("Taken")),
)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: StaffRequest, slug: str) -> HttpResponse:
    """The list, and the form that makes one; the only page that ever shows a new one's secret."""
    partner = partner_called(slug)
    form = WebhookForm(request.POST if request.method == "POST" else None, initial={"events": Webhook.Event.values})
    if form.is_valid():
        try:
            made = hooks.add_webhook(partner, **form.cleaned_data, actor=request.user)
        except Refusal as refusal:
            add_refusal(form, "url", refusal)
        else:
            return _list(request, partner, WebhookForm(initial={"events": Webhook.Event.values}), new=made)
    return _list(request, partner, form, status=422 if form.errors else 200)


def _list(request: StaffRequest, partner: Partner, form: WebhookForm, *, new: Webhook | None = None, status: int = 200) -> HttpResponse:
    rows, may_change = hooks.webhooks_of(partner), may(request.user.role, "webhooks", "POST")
    context = {"partner": partner, "hooks": rows, "form": form, "new": new, "may_change": may_change}
    return render(request, "office/partners/webhooks.html", context, status=status)


@staff
@require_safe
def webhook(request: StaffRequest, slug: str, hook_id: int) -> HttpResponse:
    return _page(request, hooks.webhook_called(hook_id, slug))


def _page(request: StaffRequest, hook: Webhook, *, shows_secret: bool = False) -> HttpResponse:
    page, state = request.GET.get("page", ""), request.GET.get("state", "")
    number = int(page) if page.isdecimal() and len(page) < 6 else 1
    state = state if state in dict(_STATES) else ""
    now = timezone.now()
    context = {
        "hook": hook,
        "found": hooks.deliveries(hook, page=number, state=state, now=now),
        "state": state,
        "states": _STATES,
        "mark": hooks.secret_mark(hook),
        "shows_secret": shows_secret,
        "old_until": hook.old_until if hook.old_until and hook.old_until > now else None,
        "may_change": may(request.user.role, "webhook_switch", "POST"),
    }
    return render(request, "office/partners/webhook.html", context)


@staff
@require_POST
def switch(request: StaffRequest, slug: str, hook_id: int) -> HttpResponse:
    hook, is_on = hooks.webhook_called(hook_id, slug), request.POST.get("to") == "on"
    hooks.switch_webhook(hook, is_on=is_on, actor=request.user)
    messages.success(request, _("The webhook is on.") if is_on else _("The webhook is off: nothing more is told to it."))
    return redirect("office:webhook", slug, hook_id)


@staff
@require_POST
def secret(request: StaffRequest, slug: str, hook_id: int) -> HttpResponse:
    """The only page that ever shows the new secret."""
    hook = hooks.webhook_called(hook_id, slug)
    return _page(request, hooks.rotate_secret(hook, mark=request.POST.get("mark", ""), actor=request.user), shows_secret=True)


@staff
@require_POST
def ping(request: StaffRequest, slug: str, hook_id: int) -> HttpResponse:
    try:
        hooks.ping(hooks.webhook_called(hook_id, slug))
    except Conflict as refusal:
        messages.error(request, counted(refusal).message)
    else:
        messages.success(request, _("A test message is on its way; look again in a moment."))
    return redirect("office:webhook", slug, hook_id)


@staff
@require_POST
def again(request: StaffRequest, slug: str, hook_id: int, message_id: int) -> HttpResponse:
    try:
        hooks.send_again(message_id, hooks.webhook_called(hook_id, slug))
    except Conflict as refusal:
        messages.error(request, counted(refusal).message)
    else:
        messages.success(request, _("The message is sent again; look again in a moment."))
    return redirect("office:webhook", slug, hook_id)
