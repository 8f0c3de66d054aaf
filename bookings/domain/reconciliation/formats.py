"""Which columns a statement has that comes as a file, as data: another bank or terminal is other words here.

The headings are compared in small letters, without what is neither letter nor digit; of several that fit, the
first of the list counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bookings.models import Account


@dataclass(frozen=True)
class StatementFormat:
    """`columns`: what a column is to us, and the headings that it may have. An amount is one column, signed,
    or one of what came and one of what went.
    """

    columns: Mapping[str, tuple[str, ...]]
    # In the column of the kind, where money that went is printed without a sign: of a refund, of what a
    # customer's bank took back, of what it gave again
    refund_words: tuple[str, ...] = ()
    chargeback_words: tuple[str, ...] = ()
    returned_words: tuple[str, ...] = ()


_DAY: Final = (
    "transaction date",
    "trans date",
    "txn date",
    "posting date",
    "date",
    "effective date",
    "value date",
)
_AMOUNT: Final = (
    "transaction amount",
    "trans amount",
    "txn amount",
    "gross amount",
    "gross",
    "amount",
    "amount zar",
)
FORMATS: Final[Mapping[str, StatementFormat]] = {
    Account.CARD.value: StatementFormat(
        {
            "day": (*_DAY, "settlement date", "date time", "datetime"),
            "time": ("transaction time", "trans time", "txn time", "time"),
            "amount": (*_AMOUNT, "sale amount"),
            "fee": (
                "fee", "fees", "commission", "merchant fee", "service fee", "msc", "merchant service charge",
            ),
            "reference": (
                "slip number", "slip no", "slip", "receipt number", "invoice number", "trace number", "stan",
                "rrn", "retrieval reference number", "reference number", "reference", "ref",
            ),
            "text": ("terminal", "terminal id", "tid", "description", "merchant", "card type", "scheme"),
            "kind": ("transaction type", "trans type", "txn type", "type"),
        },
        refund_words=("refund", "credit voucher", "reversal"),
        chargeback_words=("chargeback", "charge back", "dispute"),
        returned_words=("chargeback reversal", "charge back reversal", "representment", "dispute won"),
    ),
    Account.EFT.value: StatementFormat(
        {
            "day": _DAY,
            "amount": _AMOUNT,
            "came": ("credit", "credits", "credit amount", "money in", "deposit", "paid in"),
            "went": ("debit", "debits", "debit amount", "money out", "withdrawal", "paid out"),
            "fee": ("fee", "service fee", "bank charge"),
            "reference": (
                "reference", "statement reference", "payment reference", "beneficiary reference",
                "their reference", "customer reference", "ref",
            ),
            "text": ("description", "transaction description", "narrative", "details", "transaction details"),
        }
    ),
}  # fmt: skip
# Lines of a bank that are no movement
SUMMARIES: Final = (
    "opening balance",
    "closing balance",
    "balance brought forward",
    "balance carried forward",
    "total",
)
