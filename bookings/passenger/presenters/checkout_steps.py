"""The steps from the seats to the payment, as every page of a purchase shows them."""

from typing import NamedTuple

from django.utils.translation import gettext as _


class CheckoutStep(NamedTuple):
    label: str
    css_class: str  # "done" once it is behind
    current: str  # "step" where the visitor is


def checkout_steps(at: int) -> list[CheckoutStep]:
    """`at` is the number of the current one, from 1."""
    labels = (_("Seats"), _("Details"), _("Pay"))
    return [
        CheckoutStep(label, "done" if number < at else "", "step" if number == at else "")
        for number, label in enumerate(labels, start=1)
    ]
