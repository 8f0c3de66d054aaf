"""What a line of a statement says of our books, apart from the payment or refund itself."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from bookings.models import Account, LedgerEntry, Posting, StatementLine

# What a clerk takes by a slip lies on the tender's own account until the settlement brings it to the bank
TENDERS: Final = (Account.CARD.value, Account.EFT.value)
STATEMENT_CAUSE: Final = "statement:"
WRITE_OFF_CAUSE: Final = "write-off:"
_Kind = StatementLine.Kind


def posting_cause(line: StatementLine) -> str:
    return f"{STATEMENT_CAUSE}{line.pk}"


def amounts_of(line: StatementLine, *, is_matched: bool) -> Mapping[Account, Decimal]:
    """The entries that a line must have, in rand; none where nothing moves but what is posted already.

    A fee is a cost of its own, a payout goes to the bank, a settled slip leaves its tender's account for the
    bank. A payment or refund that nobody has matched posts nothing.
    """
    if line.kind == _Kind.PAYOUT:
        amounts = {Account.GATEWAY: line.net, Account.BANK: -line.gross, Account.GATEWAY_FEES: -line.fee}
    elif line.kind == _Kind.FEE:
        amounts = {Account.GATEWAY: line.net, Account.GATEWAY_FEES: -line.net}
    elif not is_matched:
        amounts = {}
    elif line.gateway in TENDERS:
        tender = Account(line.gateway)
        amounts = {Account.BANK: line.net, Account.GATEWAY_FEES: -line.fee, tender: -line.gross}
    else:
        amounts = {Account.GATEWAY: line.fee, Account.GATEWAY_FEES: -line.fee}
    return {account: amount for account, amount in amounts.items() if amount}


def post_line(line: StatementLine, *, is_matched: bool) -> None:
    """Within the caller's transaction; of the day on which it moved. Twice is an IntegrityError."""
    amounts = amounts_of(line, is_matched=is_matched)
    if amounts:
        LedgerEntry.objects.post(Posting(posting_cause(line), amounts, at=line.at, gateway=line.gateway))
