"""Every view says who may call it; one without a mark is refused."""

from collections.abc import Callable
from typing import Final, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

PUBLIC: Final = "public"  # anybody
GATEWAY: Final = "gateway"  # a payment provider, known by its signature
OPERATIONS: Final = "operations"  # balancers and monitors
API_KEY: Final = "api_key"  # a partner's program, known by its key
MARKED_ELSEWHERE: Final = ("admin", "djdt")  # namespaces with a guard of their own


def marked(mark: str) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        view.access = mark  # type: ignore[attr-defined]  # a function carries what we put on it
        return view

    return decorate


public, gateway, operations = marked(PUBLIC), marked(GATEWAY), marked(OPERATIONS)


class AccessMarks:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict) -> None:
        match = request.resolver_match
        if (
            match
            and getattr(view, "access", None) is None
            and not set(match.namespaces) & set(MARKED_ELSEWHERE)
        ):
            raise PermissionDenied(f"{match.view_name} has no access mark.")
