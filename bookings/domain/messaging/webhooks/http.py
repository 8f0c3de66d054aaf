"""One request to an address that a stranger chose.

Only to public machines, never longer than a few seconds, never led elsewhere.
"""

from __future__ import annotations

import http.client
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from bookings.base.errors import Refusal

Resolve = Callable[[str, int], Sequence[str]]

SECONDS: Final = 5.0
THIS_HOST: Final = "127.0.0.1"
_READ_BYTES: Final = 1024  # of an answer that nobody reads
# Global by their number, but gates to other networks, or a cloud's own services.
_UNICAST: Final = ipaddress.ip_network("2000::/3")  # all that has been given out of IPv6
_GATES: Final = tuple(
    ipaddress.ip_network(net) for net in ("2002::/16", "192.88.99.0/24", "168.63.129.16/32")
)


class NotDelivered(OSError):
    """In words for staff."""


def is_public(address: str) -> bool:
    """Whether anybody on the internet may be meant by it.

    No private, local, reserved or group address, in no disguise.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # with a zone, such as fe80::1%eth0
        return False
    if parsed.version == _UNICAST.version and parsed not in _UNICAST:
        return False
    return (
        parsed.is_global
        and not parsed.is_multicast
        and not any(parsed in net for net in _GATES if net.version == parsed.version)
    )


def resolve_host(host: str, port: int) -> list[str]:
    return list(
        dict.fromkeys(str(answer[4][0]) for answer in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    )


def check_url(url: str) -> SplitResult:
    """Raises Refusal for an address that no webhook may have, whatever it resolves to."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError as error:
        raise Refusal(_("This is not a valid address.")) from error
    if not host.isascii() or any(char.isspace() or ord(char) < 33 for char in url) or not url.isascii():
        raise Refusal(_("This is not a valid address."))
    if parts.username is not None or parts.fragment or port == 0:
        raise Refusal(_("Leave names, passwords and # out of the address."))
    if not host or (parts.scheme != "https" and not _is_this_host(parts)):
        raise Refusal(_("The address must begin with https://."))
    return parts


def _is_this_host(parts: SplitResult) -> bool:
    return settings.WEBHOOKS_TO_THIS_HOST and parts.scheme == "http" and parts.hostname == THIS_HOST


@dataclass(frozen=True)
class Poster:
    """Resolves the name at every request, and connects to the very address that it has checked."""

    resolve: Resolve = resolve_host
    allowed: Callable[[str], bool] = is_public
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    seconds: float = SECONDS

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """NotDelivered, unless a 2xx is the answer."""
        try:
            parts = check_url(url)
        except Refusal as problem:
            raise NotDelivered(problem.message) from problem
        until = time.monotonic() + self.seconds
        addresses = self._addresses(parts, until)
        with _TimeLimit(until) as limit:
            try:
                status = self._ask(parts, addresses[0], body, headers, limit)
            except (OSError, http.client.HTTPException, ValueError) as error:
                if limit.has_fired or isinstance(error, TimeoutError):
                    raise NotDelivered(
                        _("no answer within %(seconds)g s") % {"seconds": self.seconds}
                    ) from error
                raise NotDelivered(f"{type(error).__name__}: {error}"[:180]) from error
        if not 200 <= status <= 299:
            raise NotDelivered(_("answered %(status)d") % {"status": status})

    def _addresses(self, parts: SplitResult, until: float) -> Sequence[str]:
        """All that the name means now. One that must not be reached spoils them all."""
        host, port = str(parts.hostname), _port(parts)
        if _is_this_host(parts):
            return [THIS_HOST]
        try:
            addresses = _within(until - time.monotonic(), self.resolve, host, port)
        except OSError as error:
            raise NotDelivered(_("the name %(host)s cannot be resolved") % {"host": host[:80]}) from error
        if not addresses or not all(self.allowed(address) for address in addresses):
            raise NotDelivered(_("%(host)s is not on the public internet") % {"host": host[:80]})
        return addresses

    def _ask(
        self, parts: SplitResult, address: str, body: bytes, headers: Mapping[str, str], limit: _TimeLimit
    ) -> int:
        host, port = str(parts.hostname), _port(parts)
        connection = http.client.HTTPConnection(host, port)
        try:
            plain = limit.over(socket.create_connection((address, port), timeout=limit.left()))
            connection.sock = plain
            if parts.scheme == "https":
                wrapped = self.tls.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
                connection.sock = limit.over(wrapped)
                wrapped.do_handshake()
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, body, {**headers, "Host": parts.netloc, "Connection": "close"})
            answer = connection.getresponse()
            answer.read(_READ_BYTES)
            return answer.status
        finally:
            connection.close()


class _TimeLimit:
    """Cuts a connection at its time, also one whose other side sends a byte now and then."""

    def __init__(self, until: float) -> None:
        self._until, self.has_fired = until, False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(self.left(), self._cut)
        self._timer.daemon = True

    def __enter__(self) -> _TimeLimit:
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()

    def left(self) -> float:
        return max(0.01, self._until - time.monotonic())

    def over(self, watched: socket.socket) -> socket.socket:
        self._socket = watched
        return watched

    def _cut(self) -> None:
        self.has_fired = True
        if self._socket is not None:
            with suppress(OSError):  # it is closed already
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _within(seconds: float, resolve: Resolve, host: str, port: int) -> Sequence[str]:
    """A resolver knows no time limit: it is asked in a thread that is left behind if it hangs."""
    answers: queue.Queue[Sequence[str] | OSError] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(resolve(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.01, seconds))
    except queue.Empty as error:
        raise TimeoutError from error
    if isinstance(answer, OSError):
        raise answer
    return answer
