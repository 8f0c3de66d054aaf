"""A mail as it travels."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.mail import EmailMultiAlternatives


class Mail(EmailMultiAlternatives):
    """Its parts are kept apart by a line that nobody can have written.

    Python looks for its own line in the whole mail, by a pattern compiled for each: a millisecond.
    """

    def message(self) -> Any:  # type: ignore[override]  # the stubs know a later Django
        message = super().message()
        for part in message.walk():
            if part.is_multipart():
                part.set_boundary(f"={secrets.token_hex(16)}=")
        return message


@dataclass(frozen=True)
class Content:
    subject: str
    context: dict[str, Any]
    attachments: Sequence[tuple[str, bytes, str]] = field(default=())
    leads_to: str = ""  # what of the link, unless the booking: "keep/"
    template: str = ""  # that of the kind, unless said
