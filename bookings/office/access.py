from collections.abc import Callable
from functools import wraps
from typing import Final

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from bookings.models import User
from bookings.office.policy import POLICY

STAFF: Final = "staff"


class StaffRequest(HttpRequest):
    user: User


def staff(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For members of staff whose role has this view's name in the policy; others get the login page or 403."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), reverse("office:login"))
        if request.user.role not in POLICY.get(request.resolver_match.url_name, frozenset()):
            raise PermissionDenied
        response = view(request, *args, **kwargs)
        response.setdefault("Cache-Control", "no-store, private")
        return response

    guarded.access = STAFF
    return guarded
