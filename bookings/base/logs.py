"""How a line of the log is written, and which request it belongs to."""

import json
import logging
from contextvars import ContextVar
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="")


class Fields(dict[str, Any]):
    """A message that is nothing but names and values.

    `name=value …` as text, members of their own in JSON.
    """

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.items())


class BoundToRequest(logging.Filter):
    """Gives every line the id of its request.

    What Django says of a request names its route: a path may hold a reference or a token.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get() or "-"
        request = getattr(record, "request", None)
        if request is not None and isinstance(record.args, tuple) and hasattr(request, "resolver_match"):
            named = route_name(request)
            paths = {request.path, request.get_full_path()}
            record.args = tuple(named if argument in paths else argument for argument in record.args)
        return True


def route_name(request: Any) -> str:
    match = request.resolver_match
    return match.view_name or "unnamed" if match else "unmatched"


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": record.getMessage(),
        }
        if isinstance(record.msg, Fields):
            line |= {"message": record.name.rpartition(".")[2], **record.msg}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)
