"""Bank accounts in South Africa as people type them, and the banks that most have."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bookings.base.text import clean_code, clean_text

_HOLDER_LENGTH: Final = 100
_BRANCH_CODE: Final = re.compile(r"[0-9]{6}")
_NUMBER: Final = re.compile(r"[0-9]{6,12}")
_SIGNS: Final = str.maketrans("", "", " -./")


@dataclass(frozen=True)
class Bank:
    """`name` is what a gateway calls it, `label` what people do."""

    name: str
    label: str


# Each with the branch code that is good for all of its branches
_UNIVERSAL: Final = {
    "Absa": "632005",
    "African Bank": "430000",
    "Bank Zero": "888000",
    "Bidvest Bank": "462005",
    "Capitec Bank": "470010",
    "Discovery Bank": "679000",
    "FNB": "250655",
    "Investec": "580105",
    "Nedbank": "198765",
    "Standard Bank": "051001",
    "TymeBank": "678910",
}
_OTHER_NAMES: Final = {"firstnationalbank": "fnb", "capitec": "capitecbank", "bidvest": "bidvestbank"}
BANKS: Final = tuple(Bank(label, label) for label in _UNIVERSAL)


@dataclass(frozen=True)
class BankAccount:
    """Who has it and its number are shown to nobody by accident."""

    holder: str = field(repr=False)
    bank: str  # Bank.name
    branch_code: str = field(repr=False)
    number: str = field(repr=False)
    kind: str  # current, savings


def universal_code(bank: Bank) -> str:
    """The branch code of all of its branches, "" if it is not known."""
    codes = {_plain(label): code for label, code in _UNIVERSAL.items()}
    names = (_plain(bank.label), _plain(bank.name))
    return next((code for name in names if (code := codes.get(_OTHER_NAMES.get(name, name)))), "")


def bank_called(name: str, banks: Sequence[Bank]) -> Bank | None:
    return next((bank for bank in banks if bank.name == name), None)


def read_holder(text: str) -> str:
    """The name on the account. Raises ValueError for none, or one of more than 100 characters."""
    holder = clean_text(text)
    if not holder or len(holder) > _HOLDER_LENGTH:
        raise ValueError
    return holder


def read_branch_code(text: str) -> str:
    """Six digits, however they are set apart. Raises ValueError."""
    return _digits(text, _BRANCH_CODE)


def read_account_number(text: str) -> str:
    """Six to twelve digits, however they are set apart. Raises ValueError."""
    return _digits(text, _NUMBER)


def _digits(text: str, pattern: re.Pattern[str]) -> str:
    digits = clean_code(text).translate(_SIGNS)
    if not pattern.fullmatch(digits):
        raise ValueError
    return digits


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())
