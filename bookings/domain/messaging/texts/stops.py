"""STOP and START: who answers so is sent nothing, or something again."""

import hmac
from datetime import datetime
from hashlib import sha256
from typing import Final

from django.conf import settings

from bookings.models import StoppedNumber

_STOP: Final = frozenset({"stop", "unsubscribe", "opt out", "optout", "end", "cancel", "quit"})
_START: Final = frozenset({"start", "unstop"})


def _digest(number: str) -> str:
    """Keyed, so that nobody can try all numbers."""
    return hmac.new(settings.SECRET_KEY.encode(), f"stop {number}".encode(), sha256).hexdigest()


def follow_reply(number: str, text: str, *, at: datetime) -> str:
    """Keep what a reply asks for; returns what it was."""
    word = " ".join(text.casefold().split()).strip(" .!")
    if word in _STOP:
        StoppedNumber.objects.bulk_create(
            [StoppedNumber(digest=_digest(number), stopped_at=at)], ignore_conflicts=True
        )
        return "stop"
    if word in _START:
        StoppedNumber.objects.filter(digest=_digest(number), stopped_at__lte=at).delete()
        return "start"
    return "reply"


def is_stopped(number: str) -> bool:
    return StoppedNumber.objects.filter(digest=_digest(number)).exists()
