"""A setting as it is declared, read and typed.

An environment variable wins; else what a manager entered counts; else the default, which stands in
falcon_web/settings/business.py with the variable.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, Generic, TypeVar

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.base.errors import Refusal
from bookings.domain.company.stored_settings import stored_settings

Value = TypeVar("Value", int, float, Decimal)

HOLDING, PAYING_LATER = gettext_lazy("Holding seats"), gettext_lazy("Paying later and reserving")
BOARDING, MONEY = gettext_lazy("Closing sale and boarding"), gettext_lazy("Money and approvals")
VOUCHERS, WARNINGS = gettext_lazy("Vouchers and refunds"), gettext_lazy("Warnings")
GROUPS: Final = (HOLDING, PAYING_LATER, BOARDING, MONEY, VOUCHERS, WARNINGS)
MINUTES, HOURS, DAYS = gettext_lazy("minutes"), gettext_lazy("hours"), gettext_lazy("days")
RAND, COACH, SEATS = gettext_lazy("rand"), gettext_lazy("of a coach, 0 to 1"), gettext_lazy("seats")


@dataclass(eq=False)
class Setting(Generic[Value]):
    """`kind` reads what is typed; `least` and `most` are its bounds, both allowed. Its variable is its name
    in capitals.

    A limit of `MONEY` is changed only by who proves again who they are.
    """

    kind: type[Value]
    group: str | Promise
    label: str | Promise
    unit: str | Promise
    least: str = "0"
    most: str = "1000000"
    help_text: str | Promise = ""
    name: str = ""

    def __set_name__(self, _owner: type, name: str) -> None:
        self.name = name

    def __get__(self, _instance: object, _owner: type | None = None) -> Value:
        if not self.is_locked and (text := stored_settings().get(self.name)):
            return self.kind(text)
        return self.default

    @property
    def variable(self) -> str:
        return self.name.upper()

    @property
    def is_locked(self) -> bool:
        """Whether the environment sets it."""
        return self.variable in settings.SET_BY_ENVIRONMENT

    @property
    def default(self) -> Value:
        """The environment's value, or what counts where nobody set anything."""
        value: Value = self.kind(getattr(settings, self.variable))
        return value

    @property
    def is_of_money(self) -> bool:
        return self.group == MONEY

    def read(self, text: str) -> Value:
        """What was typed. Raises Refusal for what is no number or outside of the bounds."""
        try:
            number = Decimal("".join(text.split()).replace(",", "."))
        except InvalidOperation:
            raise Refusal(_("Enter a number, such as %(least)s.") % {"least": self.least}) from None
        if not number.is_finite() or not Decimal(self.least) <= number <= Decimal(self.most):
            bounds = {"least": self.least, "most": self.most, "unit": self.unit}
            raise Refusal(_("Enter a number from %(least)s to %(most)s (%(unit)s).") % bounds)
        if self.kind is int and number != int(number):
            raise Refusal(_("Enter a whole number."))
        if number != round(number, 2):
            raise Refusal(_("Enter at most two digits after the point."))
        return self.kind(number)


def text_of(value: float | Decimal) -> str:
    """A value as it is stored and typed: 10, 0.25."""
    return f"{Decimal(str(value)).normalize():f}"
