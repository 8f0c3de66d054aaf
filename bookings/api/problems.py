"""Every refusal of a view becomes problem details here."""

import logging
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ValidationError

from bookings.base.errors import RuleBroken
from bookings.web.problems import problem, rule_problem, unavailable_problem

logger = logging.getLogger("bookings.api")


def handle(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """DRF's exception handler.

    What nobody expected is left to Django, which logs it and answers by `handler500`.
    """
    if isinstance(error, RuleBroken):
        return rule_problem(error)
    if isinstance(error, ValidationError):
        return problem(
            400, _("Some fields are not valid."), kind="invalid", errors=list(field_errors(error.detail))
        )
    if isinstance(error, Http404):
        return problem(404, _("There is nothing at this address."))
    if isinstance(error, DjangoPermissionDenied):
        return problem(403)
    if isinstance(error, OperationalError | InterfaceError):
        logger.exception("database unavailable")
        return unavailable_problem()
    if isinstance(error, APIException):
        response = problem(error.status_code, str(error.detail))
        if header := getattr(error, "auth_header", None):
            response["WWW-Authenticate"] = header
        if wait := getattr(error, "wait", None):
            response["Retry-After"] = str(wait)
        return response
    return None


def field_errors(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """DRF's nested errors as a flat list.

    {"field": "passengers.0.surname", "detail": …}; field "" is the request as a whole.
    """
    if isinstance(detail, dict):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else str(name)
            yield from field_errors(inner, ".".join(part for part in (path, step) if part))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from field_errors(inner, f"{path}.{index}" if isinstance(inner, dict) and inner else path)
    else:
        yield {"field": path, "detail": str(detail)}
