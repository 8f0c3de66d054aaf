"""A real mail server for tests, with moods."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bookings.tests.servers import free_port


class Sink:
    """Takes mail; `rcpt` and `data` are what it answers instead of 250 while they are set, `refuses` the
    address it never knows.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.rcpt = self.data = self.refuses = ""
        self.pause = 0.0

    async def handle_RCPT(  # noqa: N802 - the server calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]
    ) -> str:
        if self.refuses and address == self.refuses:
            return "550 no such user"
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.pause)
        if self.data:
            return self.data
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@contextmanager
def sink_server(*, port: int = 0, sink: Sink | None = None) -> Iterator[tuple[Sink, int]]:
    """The sink and its port. Mail goes into a sink of its own, or into that of a server which went away."""
    sink = sink or Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=port or free_port())
    controller.start()
    try:
        yield sink, controller.port
    finally:
        controller.stop()


@contextmanager
def mail_server(settings: Any, *, port: int = 0, sink: Sink | None = None) -> Iterator[Sink]:
    with sink_server(port=port, sink=sink) as (mails, at_port):
        use_server(settings, at_port)
        yield mails


def use_server(settings: Any, port: int, *, timeout: float = 5) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, timeout
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""


@contextmanager
def hanging_server(port: int = 0) -> Iterator[int]:
    """Lets one in and never says a word."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen(20)
        taken: list[socket.socket] = []
        stop = threading.Event()

        def take() -> None:
            while not stop.is_set():
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            stop.set()
            server.close()
            for one in taken:
                one.close()
