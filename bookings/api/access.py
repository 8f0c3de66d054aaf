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
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

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
        word, _blank, text = request.headers.get("Authorization", "").partition(" ")
        key = find_key(text.strip()) if word.lower() == _BEARER else None
        if key is None:
            enforce_limit(request, "api")  # so that guessing is slow
            raise AuthenticationFailed(
                _(
                    "Send your API key as “Authorization: Bearer fbl_…”. This one is missing, "
                    "unknown or revoked."
                )
            )
        note_use(key, now=timezone.now())
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def public(*methods: str) -> Callable[[View], View]:
    """Open to anybody, counted by client; what a client has already is answered 304."""

    def decorate(view: View) -> View:
        @wraps(view)
        def counted(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            enforce_limit(request, "api")
            return view(request, *args, **kwargs)

        counted.authentication_classes = []  # type: ignore[attr-defined]  # read by api_view
        return conditional_page(_handler(counted, methods, PUBLIC))

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
            response = view(request, *args, **kwargs)
            response.setdefault("Cache-Control", "no-store, private")
            return response

        guarded.authentication_classes = [ApiKeyAuthentication]  # type: ignore[attr-defined]  # as above
        handler = _handler(guarded, tuple(scopes), API_KEY)
        handler.scopes = scopes  # type: ignore[attr-defined]  # read by the tests
        return handler

    return decorate


def _handler(view: View, methods: tuple[str, ...], mark: str) -> View:
    return marked(mark)(api_view([*methods, "HEAD"] if "GET" in methods else list(methods))(view))
