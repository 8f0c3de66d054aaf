from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, Final
from urllib.parse import urlsplit

from django.contrib import auth, messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import ResolverMatch, reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from bookings.base.errors import RuleBroken
from bookings.domain.staff import second_factor
from bookings.domain.staff.office_events import note_office_event
from bookings.domain.staff.roles import SEES_ALL_BRANCHES
from bookings.models import Branch, OfficeEvent, User
from bookings.office import sessions
from bookings.office.policy import EXPORTS, may
from bookings.web.access import marked

STAFF: Final = "staff"
_CHOOSE_PASSWORD: Final = {
    "office:account",
    "office:logout",
}  # open to somebody whose password was given by somebody else
_ENROLLING: Final = {
    "office:second_factor",
    "office:enrol",
    "office:logout",
}  # open to somebody who must set up a second factor first


class StaffRequest(HttpRequest):
    """What a view behind `staff` is called with: an address that was resolved, by somebody signed in."""

    user: User
    method: str
    resolver_match: ResolverMatch


def sign_in_first(request: HttpRequest, destination: str = "") -> HttpResponse | None:
    """Where somebody must go before any page of the office opens to them.

    None if nowhere. Sessions end here.
    """
    destination = destination or _address_to_return_to(request)
    if not request.user.is_authenticated:
        return redirect_to_login(destination, reverse("office:login"))
    if sessions.has_ended(request):
        auth.logout(request)
        messages.info(
            request,
            _(
                "You were signed out because you were inactive for a while. Only what you had not sent was "
                "lost."
            ),
        )
        return redirect_to_login(destination, reverse("office:login"))
    if request.user.has_initial_password:
        return None if _is_at(request, _CHOOSE_PASSWORD) else redirect("office:account")
    if second_factor.is_needed(request.user) and not sessions.has_second_factor(request):
        if not second_factor.has_second_factor(request.user):
            return None if _is_at(request, _ENROLLING) else redirect("office:second_factor")
        auth.logout(request)  # it was set up in another session since: here, too, a code is due
        return redirect_to_login(destination, reverse("office:login"))
    sessions.note_use(request)
    return None


def _is_at(request: HttpRequest, names: Collection[str]) -> bool:
    return request.resolver_match is not None and request.resolver_match.view_name in names


def _address_to_return_to(request: HttpRequest) -> str:
    """A form cannot be sent again after signing in, so the way leads to the page that it stood on."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    return urlsplit(request.headers.get("Referer", "")).path or reverse("office:dashboard")


def staff(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """For members of staff whose role has this view's name in the policy.

    Others get the login page or 403.
    """

    @marked(STAFF)
    @wraps(view)
    def guarded(request: StaffRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        elsewhere = sign_in_first(request)
        if elsewhere:
            return elsewhere
        if not may(request.user.role, request.resolver_match.url_name or "", request.method):
            raise PermissionDenied
        response = view(request, *args, **kwargs)
        if request.method == "GET" and response.status_code == 200:
            _note_export(request)
        response.setdefault("Cache-Control", "no-store, private")
        patch_vary_headers(response, ["Cookie"])
        return response

    return guarded


def _note_export(request: StaffRequest) -> None:
    """Who takes a file along is kept, with which: of what, and of which days."""
    match = request.resolver_match
    if title := EXPORTS.get(match.url_name or ""):
        of = [str(value) for value in match.kwargs.values()]
        days = [request.GET[name] for name in ("first", "last") if request.GET.get(name)]
        detail = " ".join([str(title), *of, *days])
        note_office_event(request.user, OfficeEvent.Kind.EXPORTED, detail)


def own_branch_or_404(request: StaffRequest, rows: QuerySet, *, field: str = "branch", **lookup: Any) -> Any:
    """The one row of `rows` that fits `lookup` and belongs to the user's branch; managers and auditors see
    every branch.

    A row of another branch does not exist for the others: the answer does not tell them that it is there.
    """
    if request.user.role not in SEES_ALL_BRANCHES:
        lookup[field] = branch_or_none(request)
        if lookup[field] is None:
            raise Http404
    row = rows.filter(**lookup).first()
    if row is None:
        raise Http404
    return row


def branch_or_none(request: StaffRequest) -> Branch | None:
    """The station where the user works, if it is open."""
    branch = request.user.branch
    return branch if branch and branch.is_active else None


def own_branch(request: StaffRequest) -> Branch:
    """For everything to do with money: it belongs to a station."""
    branch = branch_or_none(request)
    if branch is None:
        raise RuleBroken(
            _(
                "You are not assigned to an open branch, so there is no till for you. "
                "Ask a manager to assign you to one."
            )
        )
    return branch
