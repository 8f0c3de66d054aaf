from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect


class OfficeAdminSite(AdminSite):
    """Django's admin, entered through the office's login.

    The same throttling, session rules and second factor.
    """

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """With the company's name as its heading."""
        from bookings.domain.company.details import company_name  # this file is loaded before the models are

        name = company_name()
        return {**super().each_context(request), "site_header": name, "site_title": name}

    def has_permission(self, request: HttpRequest) -> bool:
        from bookings.office.access import sign_in_first

        return sign_in_first(request) is None and super().has_permission(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from bookings.office.access import sign_in_first

        elsewhere = sign_in_first(request, destination=request.GET.get("next", request.path))
        if elsewhere:
            return elsewhere
        if not super().has_permission(request):
            raise PermissionDenied
        return redirect("admin:index")

    def logout(  # type: ignore[override]  # a redirect is an answer, too
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("office:dashboard")  # where signing out is

    def password_change(  # type: ignore[override]  # as above
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("office:account")
