"""Requests as bytes: to the WSGI application in this process, or over a socket to a real server.

Nothing tidies them on the way.
"""

from __future__ import annotations

import io
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from django.core.signals import got_request_exception
from django.core.wsgi import get_wsgi_application

_HOST: Final = "127.0.0.1"
_PATIENCE: Final = 30.0


@dataclass(frozen=True)
class Request:
    method: str
    target: bytes  # path and query, as they stand in the first line
    headers: tuple[tuple[str, bytes], ...] = ()
    body: bytes = b""

    def __str__(self) -> str:
        headers = ", ".join(f"{name}: {value[:60]!r}" for name, value in self.headers)
        return f"{self.method} {self.target[:200]!r} [{headers}] {self.body[:200]!r}"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    trouble: str = ""  # the last lines of the traceback

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")


Transport = Callable[[Request], Answer]


def in_process() -> Transport:
    application = get_wsgi_application()

    def send(request: Request) -> Answer:
        path, _question, query = request.target.partition(b"?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "SCRIPT_NAME": "",
            "SERVER_NAME": _HOST,
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": _HOST,
            "HTTP_HOST": _HOST,
            "CONTENT_LENGTH": str(len(request.body)),
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        for name, value in request.headers:
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value.decode("latin-1")
        started: list[Any] = []
        troubles: list[str] = []

        def note(**_signal: Any) -> None:
            troubles.append("".join(traceback.format_exc().splitlines(keepends=True)[-14:]))

        got_request_exception.connect(note)
        try:
            response = application(environ, lambda status, headers, *_more: started.extend((status, headers)))
            body = b"".join(response)
            response.close()
        finally:
            got_request_exception.disconnect(note)
        return Answer(int(started[0].split()[0]), tuple(started[1]), body, "\n".join(troubles))

    return send


def over_socket(port: int) -> Transport:
    def send(request: Request) -> Answer:
        lines = [f"{request.method} ".encode() + request.target + b" HTTP/1.1", b"Connection: close"]
        lines += [name.encode() + b": " + value for name, value in request.headers]
        if not any(name.lower() == "host" for name, _value in request.headers):
            lines.append(b"Host: 127.0.0.1")
        lines.append(b"Content-Length: " + str(len(request.body)).encode())
        with socket.create_connection((_HOST, port), timeout=_PATIENCE) as talk:
            with suppress(OSError):  # the server may have heard enough; its answer counts
                talk.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + request.body)
            return _read(talk)

    return send


def _read(talk: socket.socket) -> Answer:
    pieces = []
    with suppress(ConnectionError):
        while piece := talk.recv(65536):
            pieces.append(piece)
    head, _blank, body = b"".join(pieces).partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    status = int(first.split()[1]) if first else 400  # a server that hangs up on what is no HTTP
    headers = tuple((name, value.strip()) for name, _colon, value in (line.partition(":") for line in lines))
    return Answer(status, headers, body)
