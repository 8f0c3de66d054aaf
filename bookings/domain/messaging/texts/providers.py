"""A provider of text messages is an adapter: how to send one, and how to verify what it tells of it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string

from bookings.base.errors import NotFound, RuleBroken
from bookings.models import TextMessage

TextState = TextMessage.State


class ForgedCallback(RuleBroken):
    status = 400


class TextRefused(Exception):
    """The provider understood and said no, in words for staff. `is_permanent`: this number will not do."""

    def __init__(self, reason: str, *, is_permanent: bool = False) -> None:
        super().__init__(reason)
        self.is_permanent = is_permanent


class TryLater(Exception):
    """The provider certainly did not take it, and may do so later."""


class CannotAsk(Exception):
    """The provider does not tell whether it has a message."""


@dataclass(frozen=True)
class TextDelivery:
    """What a provider says of a message, by its own number of it, or by ours."""

    provider_id: str
    state: TextMessage.State
    at: datetime
    error: str = ""
    is_permanent: bool = False
    client_id: str = ""


@dataclass(frozen=True)
class Reply:
    """What somebody answered."""

    number: str  # E.164
    text: str
    at: datetime


@dataclass(frozen=True)
class TextToSend:
    to: str  # E.164
    template: str
    params: tuple[str, ...]
    language: str
    body: str  # the same in whole, for a channel without templates
    client_id: str


class TextProvider(Protocol):
    name: str
    kept_headers: tuple[str, ...]  # by which its callbacks are verified, in lower case
    tells_delivery: bool  # else what it took counts as delivered

    def send(self, text: TextToSend) -> str:
        """Its number of the message. Raises TextRefused, TryLater, or OSError when no answer came: then it
        may have been taken or not.
        """
        ...

    def find(self, client_id: str) -> str:
        """Its number of a message of ours; empty if it never got it. Raises CannotAsk, OSError."""
        ...

    def verify_callback(self, headers: Mapping[str, str], body: bytes) -> Sequence[TextDelivery | Reply]:
        """Raises ForgedCallback unless the raw body is whole and of the provider. Asks nobody."""
        ...


def provider_for(channel: str) -> TextProvider | None:
    """The adapter of a channel; None where there is none."""
    path = settings.TEXT_PROVIDERS.get(channel)
    provider: TextProvider | None = import_string(path)() if path else None
    return provider


def provider_called(name: str) -> tuple[TextProvider, str]:
    """The adapter of this name and its channel. Raises NotFound."""
    for channel in settings.TEXT_PROVIDERS:
        provider = provider_for(channel)
        if provider is not None and provider.name == name:
            return provider, channel
    raise NotFound("No provider of text messages has this name.")


def is_same(secret: str, given: str) -> bool:
    """In constant time."""
    return bool(secret) and hmac.compare_digest(secret.encode(), given.encode())


def providers_are_whole(**_check: Any) -> list[CheckMessage]:
    """A check of Django's for a deployment: half of a provider's settings is an error before the first
    message, and so is a simulated one.
    """
    wrong: list[CheckMessage] = []
    for name, needed in settings.TEXT_PROVIDER_SETTINGS.items():
        missing = [key for key in needed if not getattr(settings, key)]
        if missing and len(missing) < len(needed):
            message = f"{name} is half configured: {', '.join(missing)} must be set, or none of its settings."
            wrong.append(Error(message, id="bookings.E004"))
    for key in ("META_URL", "CLICKATELL_URL"):
        if not getattr(settings, key).startswith("https://"):
            wrong.append(Error(f"{key} must begin with https:// in production.", id="bookings.E005"))
    if settings.MESSAGE_SIMULATOR:
        message = "MESSAGE_SIMULATOR must not be set in production."
        wrong.append(Error(message, id="bookings.E006"))
    demo = [path for path in settings.TEXT_PROVIDERS.values() if ".demo." in path]
    if settings.IS_PRODUCTION and demo:
        wrong.append(Error("The demo's messages reach nobody: not in production.", id="bookings.E007"))
    return wrong
