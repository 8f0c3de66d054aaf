"""Who may call what, and how often.

Each view is public or wants a key with the scope of its method; the middleware refuses any other.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import api_view
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, ValidationError
from rest_framework.request import Request

from bookings.api.unknown import forgive, is_lenient, unknown_parameters, warn
from bookings.base.errors import TooMany
from bookings.domain.partners.api_keys import find_key, note_use
from bookings.models import ApiKey
from bookings.web.access import API_KEY, PUBLIC, marked
from bookings.web.ratelimit import enforce_limit, limit_subject

View = Callable[..., HttpResponse]
_BEARER: Final = "bearer"


class KeyedRequest(Request):
    auth: ApiKey


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer fbl_…`. The key acts, not a user of ours."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey]:
        key = _key_of(request)
        if key is None:
            raise _refuse_key(request)
        note_use(key, now=timezone.now())
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def _key_of(request: Request) -> ApiKey | None:
    word, _blank, text = request.headers.get("Authorization", "").partition(" ")
    return find_key(text.strip()) if word.lower() == _BEARER else None


def _refuse_key(request: Request) -> AuthenticationFailed:
    """401 however often: who has no good key is told so, and from some number on also to wait."""
    refusal = AuthenticationFailed(
        _("Send your API key as “Authorization: Bearer fbl_…”. This one is missing, unknown or revoked.")
    )
    try:
        enforce_limit(request, "api")
    except TooMany as too_many:
        refusal.wait = too_many.retry_after  # type: ignore[attr-defined]  # DRF's name; see problems.handle
    return refusal


def public(*methods: str) -> Callable[[View], View]:
    """Open to anybody, counted by client; what a client has already is answered 304."""

    def decorate(view: View) -> View:
        @wraps(view)
        def counted(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            enforce_limit(request, "api")
            _check_parameters(request, handler, None)
            response = view(request, *args, **kwargs)
            warn(request, response)
            return response

        counted.authentication_classes = []  # type: ignore[attr-defined]  # read by api_view
        handler = conditional_page(_handler(counted, methods, PUBLIC))
        return handler

    return decorate


def keyed(**scopes: str) -> Callable[[View], View]:
    """For a key whose scopes hold that of the method: keyed(GET="read", POST="book"). Counted by key."""
    by_method = {"HEAD": scopes["GET"], **scopes} if "GET" in scopes else scopes

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: KeyedRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            key = request.auth
            limit_subject("api_key", f"key:{key.pk}", key.limit or settings.RATE_LIMITS["api_key"])
            scope = by_method[request.method or ""]
            if not key.allows(scope):
                raise PermissionDenied(_("This key lacks the scope “%(scope)s”.") % {"scope": scope})
            _check_parameters(request, handler, key)
            response = view(request, *args, **kwargs)
            warn(request, response)
            response.setdefault("Cache-Control", "no-store, private")
            return response

        guarded.authentication_classes = [ApiKeyAuthentication]  # type: ignore[attr-defined]  # as above
        handler = _handler(guarded, tuple(scopes), API_KEY)
        handler.scopes = scopes  # type: ignore[attr-defined]  # read by the tests
        return handler

    return decorate


def _check_parameters(request: Request, handler: View, key: ApiKey | None) -> None:
    """Raises ValidationError for parameters of the address that `documented` does not name."""
    method = "GET" if request.method == "HEAD" else request.method
    unknown = unknown_parameters(request, getattr(handler, "parameters", {}).get(method, ()))
    if not unknown:
        return
    key = key or _key_of(request)  # which public addresses need not, and may, be sent
    if key is None or not is_lenient(key):
        raise ValidationError(unknown)
    forgive(request, key, unknown)


def _handler(view: View, methods: tuple[str, ...], mark: str) -> View:
    return marked(mark)(api_view([*methods, "HEAD"] if "GET" in methods else list(methods))(view))
