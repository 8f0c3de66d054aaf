"""How a view reads what was asked, and answers."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from django.http import HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from bookings.api.access import KeyedRequest
from bookings.api.fields import BY_RULE, Shown, chosen
from bookings.api.pagination import UncountedPages, Window
from bookings.api.unknown import forgive, is_lenient, unknown_fields
from bookings.base.codes import normal_code, sha256
from bookings.base.cursors import Cursor
from bookings.domain.partners import sales as selling
from bookings.domain.sales.idempotency import Answered

IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,80}")


def query_of(request: Request, query: type[serializers.Serializer]) -> dict[str, Any]:
    """The parameters of the address, cleaned. Raises ValidationError."""
    form = query(data=request.query_params.dict())
    form.is_valid(raise_exception=True)
    values: dict[str, Any] = form.validated_data
    return values


def body_of(
    request: KeyedRequest,
    body: type[serializers.Serializer],
    *,
    look_up: Callable[[Any], object] = dict,
) -> dict[str, Any]:
    """The body, cleaned. Raises ValidationError for what is wrong, missing or unknown, all at once.

    `look_up` is called before rules that the document cannot tell (BY_RULE) refuse a body that is in order by
    the document: it raises NotFound when there is nothing that this body could be about.
    """
    form = body(data=request.data)
    is_valid, unknown = form.is_valid(), unknown_fields(form, request.data)
    if unknown and is_lenient(request.auth):
        forgive(request, request.auth, unknown)
        unknown = {}
    if unknown or not is_valid:
        if not unknown and set(_codes(form.errors)) == {BY_RULE}:
            look_up(request.data)
        raise ValidationError({**form.errors, **unknown})
    values: dict[str, Any] = form.validated_data
    return values


def _codes(errors: Any) -> Iterator[str | None]:
    if isinstance(errors, dict):
        errors = errors.values()
    for error in errors:
        if isinstance(error, ErrorDetail):
            yield error.code
        else:
            yield from _codes(error)


def idempotent_request(request: KeyedRequest, *, tell: Callable[[str], Any]) -> selling.Request:
    """By what this request is known again when it is sent twice, and what it is told of its result.

    Raises ValidationError without an Idempotency-Key.
    """
    token = request.headers.get(IDEMPOTENCY_HEADER, "")
    if not _TOKEN.fullmatch(token):
        message = _(
            "Send an Idempotency-Key of 1 to 80 letters, digits or signs, a new one for each new request: "
            "then it is safe to retry."
        )
        raise ValidationError({IDEMPOTENCY_HEADER: message})
    content = f"{request.method} {_address(request)} {json.dumps(request.data, sort_keys=True)}"

    def answer(result: str) -> str:
        return JSONRenderer().render(tell(result)).decode()

    return selling.Request(request.auth, token, content, answer)


def _address(request: Request) -> str:
    """The path with its reference as we print it, so that another dress of it is no other request."""
    reference = request.resolver_match.kwargs.get("reference", "") if request.resolver_match else ""
    return request.path.replace(reference, normal_code(reference)) if reference else request.path


def detail_response(request: Request, shape: type[Shown], thing: Any, *, status: int = 200) -> Response:
    """One thing, with the fields that were asked for."""
    return Response(shape(thing, only=chosen(request, shape)).data, status=status)


def once_response(request: selling.Request, outcome: Answered, *, status: int = 200) -> HttpResponse:
    """The first answer, byte for byte, however often the request comes.

    What was done before answers were kept is told as it is now.
    """
    content = outcome.answer or request.answer(outcome.result)
    response = HttpResponse(content, status=status, content_type=JSONRenderer.media_type)
    if outcome.is_repeat:
        response["Idempotent-Replayed"] = "true"
    return response


def list_response(request: Request, shape: type[Shown], rows: Window) -> Response:
    """A page of things. `rows` is asked for one more than is shown."""
    only = chosen(request, shape)
    pages = UncountedPages()
    page = pages.read(request, rows)
    return pages.get_paginated_response(list(shape(page, many=True, only=only).data))


def cursor_response(
    request: Request,
    shape: type[Shown],
    rows: Window,
    *,
    make: Callable[[list[Any]], Any] = list,
    cursor_of: Callable[[Any], Cursor],
) -> Response:
    """As `list_response`, for rows that have cursors; `make` gives what is shown of a page of them."""
    only, pages = chosen(request, shape), UncountedPages()
    page = pages.read(request, rows)
    shown = list(shape(make(page), many=True, only=only).data)
    cursor = str(cursor_of(page[-1])) if pages.has_next else None
    return Response({**pages.page_of(shown), "next_cursor": cursor})


def unchanged(request: Request, *version: object) -> tuple[str, HttpResponse | None]:
    """The ETag of this address at this version, and the 304 for a client that has it."""
    etag = f'"{sha256(repr((request.get_full_path(), version)))[:32]}"'
    return etag, get_conditional_response(request, etag=etag)


def cacheable(response: Response, *, seconds: int = 0, etag: str = "") -> Response:
    """For anybody's cache; with 0 seconds it asks each time whether anything changed."""
    if seconds:
        patch_cache_control(response, public=True, max_age=seconds)
    else:
        patch_cache_control(response, no_cache=True)
    if etag:
        response["ETag"] = etag
    return response
