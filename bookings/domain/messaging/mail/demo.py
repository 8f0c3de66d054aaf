"""Reads the mails that the demo wrote to files instead of sending them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.errors import NotFound

_NAME: Final = re.compile(r"^(\d{8}-\d{6}-\d{1,20})-(\d{1,4})$")
_BETWEEN: Final = b"\n" + b"-" * 79 + b"\n"  # what the file backend writes after each mail
_MOST_FILES: Final = 200


@dataclass(frozen=True)
class DemoAttachment:
    number: int
    name: str
    kind: str
    size: int  # bytes


@dataclass(frozen=True)
class DemoMail:
    name: str
    subject: str
    to: str
    sent_at: datetime | None
    text: str = ""
    attachments: tuple[DemoAttachment, ...] = ()


@dataclass(frozen=True)
class File:
    name: str
    kind: str
    content: bytes


def demo_mails(limit: int = 50) -> list[DemoMail]:
    """The newest mails first, without their text."""
    mails: list[DemoMail] = []
    paths = sorted(_folder().glob("*.log"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in paths[:_MOST_FILES]:
        parts = list(enumerate(_split(path)))
        mails += [_summary(f"{path.stem}-{number}", _parse(raw)) for number, raw in reversed(parts)]
        if len(mails) >= limit:
            break
    return mails[:limit]


def demo_mail(name: str) -> DemoMail:
    """One mail with its text and what is attached, its HTML form among it. Raises NotFound."""
    message = _message(name)
    body = message.get_body(preferencelist=("plain",))
    head = _summary(name, message)
    attached = tuple(
        DemoAttachment(number, part_name, kind, len(content))
        for number, (part_name, kind, content) in enumerate(_files(message))
    )
    return DemoMail(
        head.name, head.subject, head.to, head.sent_at, body.get_content() if body else "", attached
    )


def demo_file(name: str, number: int) -> File:
    """What is attached to a mail; never to be shown within our own pages. Raises NotFound."""
    files = _files(_message(name))
    if number >= len(files):
        raise NotFound(_("This e-mail has no such attachment."))
    return File(*files[number])


def _files(message: EmailMessage) -> list[tuple[str, str, bytes]]:
    html = message.get_body(preferencelist=("html",))
    files = [("mail.html", "text/html; charset=utf-8", html.get_content().encode())] if html else []
    for part in message.iter_attachments():
        content = part.get_payload(decode=True) or b""
        plain = re.sub(r"[^\w.-]+", "_", part.get_filename() or "attachment")[-80:]
        files.append((plain, part.get_content_type(), content))
    return files


def _folder() -> Path:
    return Path(settings.EMAIL_FILE_PATH)


def _message(name: str) -> EmailMessage:
    match = _NAME.match(name)
    path = _folder() / f"{match[1]}.log" if match else None
    mails = _split(path) if path and path.is_file() else []
    if not match or int(match[2]) >= len(mails):
        raise NotFound(_("We could not find this e-mail."))
    return _parse(mails[int(match[2])])


def _split(path: Path) -> list[bytes]:
    return [raw for raw in path.read_bytes().split(_BETWEEN) if raw.strip()]


def _parse(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def _summary(name: str, message: EmailMessage) -> DemoMail:
    try:
        sent = parsedate_to_datetime(str(message["Date"]))
        sent_at = timezone.localtime(sent.replace(tzinfo=sent.tzinfo or UTC))  # -0000 reads as no zone
    except ValueError:  # no date, or none that can be read
        sent_at = None
    return DemoMail(name, " ".join(str(message["Subject"] or "").split()), str(message["To"] or ""), sent_at)
