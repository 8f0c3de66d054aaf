"""Guesses at the codes of vouchers, slowed down wherever one can be typed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from bookings.domain.sales.vouchers import CODE_MOST, VoucherUnknown
from bookings.web.ratelimit import enforce_limit, is_over

_GUESS_WEIGHS: Final = 5


@contextmanager
def slow_guesses(request: HttpRequest) -> Iterator[None]:
    """Count an unknown code against the visitor and the network that typed it, and nothing else.

    Raises TooMany before anything is looked up.
    """
    counted = enforce_limit(request, "voucher")
    try:
        yield
    except VoucherUnknown:
        if is_over("voucher_all", "everybody"):  # somebody guesses from many networks
            counted.weigh(_GUESS_WEIGHS - 1)
        raise
    except BaseException:
        counted.forgive()
        raise
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
