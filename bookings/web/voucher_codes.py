"""Guesses at the codes of vouchers, slowed down wherever one can be typed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from bookings.domain.sales.vouchers import CODE_MOST, VoucherUnknown
from bookings.web.ratelimit import Counted, enforce_limit, is_over, limit_subject

_GUESS_WEIGHS: Final = 5


@contextmanager
def slow_guesses(request: HttpRequest) -> Iterator[None]:
    """Count an unknown code against the visitor and the network that typed it, and nothing else.

    Raises TooMany before anything is looked up.
    """
    counted = enforce_limit(request, "voucher")
    try:
        with _forgiven_unless_unknown(counted):
            yield
    except VoucherUnknown:
        if is_over("voucher_all", "everybody"):  # somebody guesses from many networks
            counted.weigh(_GUESS_WEIGHS - 1)
        raise


@contextmanager
def slow_guesses_of(subject: str, *, has_code: bool = True) -> Iterator[None]:
    """As `slow_guesses`, against one member of staff or partner: a whole station types at one network."""
    if not has_code:
        yield
        return
    with _forgiven_unless_unknown(limit_subject("voucher", subject, settings.RATE_LIMITS["voucher"])):
        yield


@contextmanager
def _forgiven_unless_unknown(counted: Counted) -> Iterator[None]:
    is_guess = False
    try:
        yield
    except VoucherUnknown:
        is_guess = True
        raise
    finally:
        if not is_guess:
            counted.forgive()


class VoucherForm(forms.Form):
    """The code of a voucher, as it is typed."""

    use_required_attribute = False

    voucher_code = forms.CharField(
        label=_("Voucher code"),
        max_length=CODE_MOST,
        widget=forms.TextInput(
            {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "class": "code"}
        ),
        error_messages={"required": _("Please enter the code of your voucher.")},
    )
    submission = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)
