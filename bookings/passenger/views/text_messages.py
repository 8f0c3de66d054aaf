"""Callbacks of providers of text messages, our short links, and the demo's messages."""

from anymail import urls as anymail_urls
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from bookings.base.errors import Busy, NotFound, RuleBroken
from bookings.domain.messaging.texts.deliveries import receive_callback
from bookings.domain.messaging.texts.demo import demo_texts
from bookings.domain.messaging.texts.providers import is_same
from bookings.web.access import gateway, public
from bookings.web.render import private

_MOST_BYTES = 200_000


@gateway
@csrf_exempt
@require_http_methods(["GET", "POST"])
def callback(request: HttpRequest, provider: str) -> HttpResponse:
    """A provider's word. 200 only when it is kept; 400 for what is not in order; 503 when it should tell us
    again. By GET Meta asks, once, whether the address is ours.
    """
    if request.method == "GET":
        return _challenge(request, provider)
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > _MOST_BYTES:
            return _answer("too long", 400)
        headers = {name.lower(): value for name, value in request.headers.items()}
        receive_callback(provider, headers, request.body)
    except (Busy, OperationalError):
        return _answer("try again", 503)
    except (RuleBroken, RequestDataTooBig, ValueError):
        return _answer("refused", 400)
    return _answer("ok", 200)


def _challenge(request: HttpRequest, provider: str) -> HttpResponse:
    token = request.GET.get("hub.verify_token", "")
    if provider != "meta" or not is_same(settings.META_VERIFY_TOKEN, token):
        return _answer("refused", 400)
    return _answer(request.GET.get("hub.challenge", "")[:200], 200)


def _answer(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain", status=status)


@gateway
@csrf_exempt
def mail_callback(request: HttpRequest) -> HttpResponse:
    """What the mail provider tells, if there is one; django-anymail verifies it by its WEBHOOK_SECRET."""
    name = f"{settings.MAIL_PROVIDER}_tracking_webhook"
    views = {pattern.name: pattern.callback for pattern in anymail_urls.urlpatterns}
    if not settings.MAIL_PROVIDER or name not in views or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        raise NotFound(_("We could not find this page."))
    answer: HttpResponse = views[name](request)
    return answer


@public
@require_safe
def choice_short(request: HttpRequest, token: str) -> HttpResponse:
    return private(redirect("passenger:choice", token))


@public
@require_safe
def coach_short(request: HttpRequest, schedule_id: str) -> HttpResponse:
    return redirect("passenger:coach_status", schedule_id)


@public
@require_safe
@never_cache
def demo_messages(request: HttpRequest) -> HttpResponse:
    if not settings.IS_DEMO:
        raise NotFound(_("We could not find this page."))
    return render(request, "passenger/demo_messages.html", {"texts": demo_texts()})
