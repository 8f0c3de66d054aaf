"""What a benchmark asks of the site by a header of its request."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

from django.db import connection
from django.http import HttpRequest, HttpResponse

COUNT: Final = (
    "X-Count"  # tell the number of queries; it costs a little, so it is asked for apart from what is measured
)
QUERIES: Final = "X-Queries"
FORGET: Final = "X-Forget"  # read nothing from the cache whose key is like one of these, as results:*,days:*

forgotten: ContextVar[str] = ContextVar("forgotten", default="")


class ProbeHeaders:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        forgotten.set(request.headers.get(FORGET, ""))
        if COUNT not in request.headers:
            return self.get_response(request)
        statements: list[str] = []

        def note(execute: Callable, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
            statements.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            response = self.get_response(request)
        response[QUERIES] = str(len(statements))
        return response
