from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import conditional_page, require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from bookings.api import access
from bookings.api.requests import cacheable
from bookings.api.schema import document
from bookings.web.access import public
from bookings.web.problems import RULES, TITLES, problem_type

_OPEN: Final = (
    "cities",
    "stops",
    "passenger_types",
    "routes",
    "schedules",
    "search",
    "problems",
    "schema",
    "docs",
)


@public
@require_safe
@conditional_page
def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document of all of this."""
    response = HttpResponse(document(), content_type="application/vnd.oai.openapi+json; charset=utf-8")
    response["Cache-Control"] = "public, max-age=300"
    return response


@public
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The same, to read and to try."""
    return render(request, "api/docs.html")


@extend_schema(exclude=True)
@access.public("GET")
def index(request: Request) -> Response:
    """Where to begin."""
    return cacheable(
        Response({name: f"{settings.SITE_URL}{reverse(f'v1:{name}')}" for name in _OPEN}), seconds=300
    )


@extend_schema(exclude=True)
@access.public("GET")
def problems(request: Request) -> Response:
    """Each problem that an answer may name in its `type`."""
    by_status = [
        {"type": problem_type(str(status)), "status": status, "title": str(title)}
        for status, title in TITLES.items()
    ]
    by_rule = [
        {"type": problem_type(kind), "status": status, "title": str(TITLES[status])}
        for kind, status in RULES.items()
    ]
    invalid = {"type": problem_type("invalid"), "status": 400, "title": str(TITLES[400])}
    return cacheable(Response([*by_status, invalid, *by_rule]), seconds=300)
