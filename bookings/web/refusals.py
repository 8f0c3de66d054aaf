"""What the rules refused, counted by kind where somebody is told of it."""

from typing import TypeVar

from django.forms import BaseForm

from bookings.base.errors import RuleBroken
from bookings.base.metrics import REFUSALS

Refusable = TypeVar("Refusable", bound=RuleBroken | None)


def counted(refusal: Refusable) -> Refusable:
    """Count a refusal that the answer to a request shows, if there is one; the refusal itself."""
    if refusal is not None:
        REFUSALS.labels(type(refusal).__name__).inc()
    return refusal


def add_refusal(form: BaseForm, field: str | None, refusal: RuleBroken) -> None:
    """Show a refusal beside a field of the form, or above all of them (None), and count it."""
    form.add_error(field, counted(refusal).message)
