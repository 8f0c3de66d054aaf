"""What programs get instead of an error page: RFC 9457 problem details, for everything under /api/."""

import re
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.base.errors import AlreadySubmitted, ReferenceTaken, RuleBroken, SeatTaken, SoldOut
from bookings.web.refusals import counted

CONTENT_TYPE: Final = "application/problem+json"
PROGRAMS: Final = "/api/"
TITLES: Final = {
    400: gettext_lazy("The request is not valid"),
    401: gettext_lazy("An API key is required"),
    403: gettext_lazy("Not allowed"),
    404: gettext_lazy("Not found"),
    405: gettext_lazy("Method not allowed"),
    409: gettext_lazy("Changed in the meantime"),
    413: gettext_lazy("The request is too large"),
    415: gettext_lazy("Format not supported"),
    422: gettext_lazy("Not allowed by the booking rules"),
    429: gettext_lazy("Too many requests"),
    500: gettext_lazy("Server error"),
    503: gettext_lazy("Temporarily unavailable"),
}
# What a rule's refusal is called; the rest are called by their status.
RULES: Final[dict[str, int]] = {
    "already-submitted": 422,
    "busy": 409,
    "credit-exceeded": 409,
    "hold-expired": 409,
    "quote-outdated": 409,
    "reference-taken": 409,
    "sales-closed": 409,
    "seat-taken": 409,
    "sold-out": 409,
}
RETRY_SECONDS: Final = 10


def is_program(request: HttpRequest) -> bool:
    return request.path.startswith(PROGRAMS)


def problem(
    status: int, detail: str = "", *, kind: str = "", retry_after: int | None = None, **extra: Any
) -> JsonResponse:
    """A problem of the given kind, whose `type` leads to the list of them."""
    kind = kind or str(status)
    body = {
        "type": problem_type(kind),
        "title": str(TITLES[status]),
        "status": status,
        "detail": detail,
        **extra,
    }
    response = JsonResponse(body, status=status, content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def problem_type(kind: str) -> str:
    return f"{settings.SITE_URL}{PROGRAMS}v1/problems/#{kind}"


def rule_problem(error: RuleBroken) -> JsonResponse:
    """The one place where a broken rule becomes a problem."""
    counted(error)
    if isinstance(error, AlreadySubmitted):
        message = _(
            "This Idempotency-Key was used with another request before. Nothing was changed; "
            "use a new key for a new request."
        )
        return problem(422, message, kind="already-submitted")
    kind = re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()
    extra: dict[str, Any] = {}
    if isinstance(error, SeatTaken):
        extra = {"seats": error.labels, "nearest": error.nearest}
    elif isinstance(error, SoldOut):
        extra = {"free": error.free}
    elif isinstance(error, ReferenceTaken):
        extra = {"order": error.order}
    retry_after = getattr(error, "retry_after", None)
    return problem(
        error.status, error.message, kind=kind if kind in RULES else "", retry_after=retry_after, **extra
    )


def unavailable_problem() -> JsonResponse:
    return problem(503, _("Please try again in a moment; nothing was changed."), retry_after=RETRY_SECONDS)
