"""What the simulated Payfast knows: its payments, and what moved."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

SAST: Final = timezone(timedelta(hours=2))
_FEE: Final = Decimal("0.035")
CHARGEBACK_FEE: Final = Decimal("50.00")
_CUSTOM: Final = [f"custom_{kind}{number}" for kind in ("str", "int") for number in range(1, 6)]
BANKS: Final = {"absa": "ABSA", "capitec": "Capitec Bank", "fnb": "FNB", "credit_union": "A credit union"}
Form = list[tuple[str, str]]


@dataclass(frozen=True)
class Merchant:
    id: str
    key: str
    passphrase: str


@dataclass
class SimulatedPayment:
    """One hand-over that was taken, paid or not."""

    id: str
    form: dict[str, str]
    way: str = "cc"  # ef goes back to a bank account only
    is_paid: bool = False
    sent: list[str] = field(default_factory=list)  # the notifications that Payfast itself stands by
    moves: list[Movement] = field(default_factory=list)

    @property
    def amount(self) -> Decimal:
        return Decimal(self.form["amount"])

    @property
    def left(self) -> Decimal:
        return sum((move.gross for move in self.moves), Decimal(0))

    @property
    def way_back(self) -> str:
        return {"cc": "PAYMENT_SOURCE", "ef": "BANK_PAYOUT"}.get(self.way, "NOT_AVAILABLE")

    @property
    def bank_names(self) -> list[dict[str, str]]:
        banks = BANKS if self.way_back == "BANK_PAYOUT" else {}
        return [{"bank_name": name, "label": label} for name, label in banks.items()]

    def goes_back(self, sent: Mapping[str, str]) -> bool:
        """A card needs nothing more; instant EFT goes to a bank account, which is kept nowhere here."""
        if self.way == "cc":
            return True
        number, code = sent.get("bank_account_number", ""), sent.get("bank_branch_code", "")
        return (
            self.way == "ef"
            and 0 < len(sent.get("bank_account_holder", "")) <= 100
            and sent.get("bank_name") in BANKS
            and len(code) == 6
            and code.isdecimal()
            and 1 <= len(number) <= 12
            and number.isdecimal()
            and sent.get("bank_account_type") in ("current", "savings")
        )


@dataclass(frozen=True)
class Movement:
    """Money in or, negative, out: of one payment, or of none when it is paid out to the merchant's bank."""

    at: datetime
    payment: SimulatedPayment | None
    gross: Decimal
    fee: Decimal = Decimal(0)
    kind: str = "FUNDS_RECEIVED"

    @property
    def net(self) -> Decimal:
        return self.gross + self.fee


class SimulatedAccount:
    """All payments of one merchant. Used under its lock by many threads at once."""

    def __init__(self, merchant: Merchant) -> None:
        self.merchant = merchant
        self.lock = threading.RLock()
        self.payments: dict[str, SimulatedPayment] = {}
        self.moves: list[Movement] = []

    def take(self, form: Form) -> SimulatedPayment:
        with self.lock:
            payment = SimulatedPayment(str(1_000_000 + len(self.payments) + 1), dict(form))
            self.payments[payment.id] = payment
            return payment

    def settle(self, payment: SimulatedPayment) -> None:
        """The customer's bank has paid, once."""
        with self.lock:
            if not payment.is_paid:
                payment.is_paid = True
                self.move(payment, payment.amount, fee=-fee_of(payment.amount))

    def move(
        self,
        payment: SimulatedPayment,
        gross: Decimal,
        *,
        fee: Decimal = Decimal(0),
        kind: str = "FUNDS_RECEIVED",
    ) -> None:
        move = Movement(datetime.now(SAST), payment, gross, fee, kind)
        payment.moves.append(move)
        self.moves.append(move)

    def give_back(self, payment: SimulatedPayment, gross: Decimal) -> None:
        self.move(payment, -gross, kind="FUNDS_REFUNDED")

    def charge_back(self, payment: SimulatedPayment) -> None:
        """The customer's bank takes what is left of a payment, and Payfast a fee for it."""
        with self.lock:
            if payment.left > 0:
                self.move(payment, -payment.left, fee=-CHARGEBACK_FEE, kind="CHARGEBACK")

    def pay_out(self) -> Decimal:
        """Send the whole balance to the merchant's bank, and say how much that is."""
        with self.lock:
            balance = sum((move.net for move in self.moves), Decimal(0))
            if balance > 0:
                self.moves.append(Movement(datetime.now(SAST), None, -balance, kind="PAYOUT"))
            return balance

    def notification(self, payment: SimulatedPayment, status: str, *, amount: Decimal | None = None) -> Form:
        """Its fields in Payfast's order, without the signature."""
        gross = payment.amount if amount is None else amount
        fee = fee_of(gross) if status == "COMPLETE" else Decimal(0)
        form = payment.form
        return [
            ("m_payment_id", form.get("m_payment_id", "")),
            ("pf_payment_id", payment.id),
            ("payment_status", status),
            ("item_name", form.get("item_name", "")),
            ("item_description", form.get("item_description", "")),
            ("amount_gross", f"{gross:.2f}"),
            ("amount_fee", f"{-fee:.2f}"),
            ("amount_net", f"{gross - fee:.2f}"),
            *((name, form.get(name, "")) for name in _CUSTOM),
            ("name_first", form.get("name_first", "")),
            ("name_last", form.get("name_last", "")),
            ("email_address", form.get("email_address", "")),
            ("merchant_id", self.merchant.id),
        ]


def fee_of(amount: Decimal) -> Decimal:
    return (amount * _FEE).quantize(Decimal("0.01"), ROUND_HALF_UP)
