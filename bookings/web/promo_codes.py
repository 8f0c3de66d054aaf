"""Guessing promo codes is slowed down at every door; whoever types those that there are is not counted."""

from django.conf import settings
from django.http import HttpRequest

from bookings.domain.sales.promo_codes import is_promo_code
from bookings.web.ratelimit import Counted, enforce_limit, limit_subject


def limit_guesses_of(request: HttpRequest, code: str) -> None:
    """Raises TooMany for a visitor or network that tried many codes that are none."""
    if code:
        _forgive(enforce_limit(request, "promo"), code)


def limit_guesses(code: str, subject: str) -> None:
    """Raises TooMany for a clerk or partner who tried many codes that are none."""
    if code:
        _forgive(limit_subject("promo", subject, settings.RATE_LIMITS["promo"]), code)


def _forgive(counted: Counted, code: str) -> None:
    if is_promo_code(code):
        counted.forgive()
