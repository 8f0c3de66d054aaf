from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from bookings.models import Branch, User
from bookings.office.policy import DECIDERS, may

STAFF: Final = "staff"


class StaffRequest(HttpRequest):
    user: User


def staff(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For members of staff whose role has this view's name in the policy; others get the login page or 403."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), reverse("office:login"))
        if not may(request.user.role, request.resolver_match.url_name, request.method):
            raise PermissionDenied
        response = view(request, *args, **kwargs)
        response.setdefault("Cache-Control", "no-store, private")
        patch_vary_headers(response, ["Cookie"])
        return response

    guarded.access = STAFF
    return guarded


def own_branch_or_404(request: StaffRequest, rows: QuerySet, *, field: str = "branch", **wanted: Any) -> Any:
    """The one row of `rows` that is `wanted` and belongs to the user's branch; managers and auditors see every branch.

    A row of another branch does not exist for the others: the answer does not tell them that it is there.
    """
    if request.user.role not in {User.Role.MANAGER, User.Role.AUDITOR}:
        wanted[field] = branch_or_none(request)
        if wanted[field] is None:
            raise Http404
    row = rows.filter(**wanted).first()
    if row is None:
        raise Http404
    return row


def branch_or_none(request: StaffRequest) -> Branch | None:
    """The station where the user works, if it is open."""
    branch = request.user.branch
    return branch if branch and branch.is_active else None


def may_decide(user: User) -> bool:
    """Whether this user approves what a clerk may not do alone."""
    return user.role in DECIDERS
