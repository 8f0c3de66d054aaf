"""A mail as it travels."""

import secrets
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
