"""JSON in, JSON out."""

import json
from collections.abc import Iterable, Mapping
from typing import IO, Any, Final, NoReturn

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

MOST_BYTES: Final = 100_000


class AlwaysJson(BaseContentNegotiation):
    """There is one format, so whatever a client would rather have (a browser says HTML) it gets that."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        sent = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        only = next(iter(renderers))
        return only, only.media_type


class TooLarge(APIException):
    status_code = 413
    default_detail = gettext_lazy("Please send 100 kB at most.")


class PlainJson(BaseParser):
    """UTF-8, of a sensible size and depth, whatever the header says of its charset."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        sent = stream.read(MOST_BYTES + 1)
        if len(sent) > MOST_BYTES:
            raise TooLarge
        try:
            return json.loads(sent.decode(), parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise ParseError(_("This is not valid JSON.")) from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity are no JSON
