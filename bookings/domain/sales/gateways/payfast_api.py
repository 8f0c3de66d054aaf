"""Calls to the API of Payfast, and its history of transactions as values."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from bookings.domain.sales.gateways.payfast_signature import api_signature

_SECONDS: Final = 20
_MOST_BYTES: Final = 4_000_000
_SAST: Final = ZoneInfo("Africa/Johannesburg")
FUNDS_RECEIVED: Final = "FUNDS_RECEIVED"


class ApiRefused(Exception):
    """Payfast understood and said no."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class ApiAnswer:
    body: bytes

    def json(self) -> dict[str, Any]:
        """Raises OSError if it is none: then it is not known what happened."""
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise ConnectionError("an answer that is no JSON") from error
        if not isinstance(value, dict):
            raise ConnectionError("an answer that is no object")
        return value


def call(
    method: str, path: str, *, query: Mapping[str, str] | None = None, body: Mapping[str, str] | None = None
) -> ApiAnswer:
    """Raises ApiRefused, and OSError when no answer came, or none to this question: our key or clock may be
    wrong, it may be too busy or at fault.
    """
    query, body = dict(query or {}), dict(body or {})
    headers = {
        "merchant-id": settings.PAYFAST_MERCHANT_ID,
        "version": "v1",
        "timestamp": timezone.now().astimezone(_SAST).strftime("%Y-%m-%dT%H:%M:%S"),
    }
    signature = api_signature({**headers, **query, **body}, settings.PAYFAST_PASSPHRASE)
    if settings.PAYFAST_IS_SANDBOX:
        query["testing"] = "true"  # not signed
    request = Request(
        f"{settings.PAYFAST_API_URL}{path}{'?' if query else ''}{urlencode(query)}",
        data=json.dumps(body).encode() if body else None,
        headers={**headers, "signature": signature, "Content-Type": "application/json"},
        method=method,
    )
    try:
        with urlopen(request, timeout=_SECONDS) as answer:
            return ApiAnswer(answer.read(_MOST_BYTES))
    except HTTPError as error:
        if error.code in (401, 429) or error.code >= 500:
            raise
        raise ApiRefused(error.code, _message(error)) from error


def _message(error: HTTPError) -> str:
    try:
        answer = json.loads(error.read(_MOST_BYTES))
        return str(answer["data"]["message"])[:200]
    except (ValueError, KeyError, TypeError, OSError):
        return f"HTTP {error.code}"


@dataclass(frozen=True)
class HistoryRow:
    """One movement on the account at Payfast, in rand; the fee is negative."""

    at: datetime
    kind: str
    external_id: str
    our_id: str
    gross: Decimal
    fee: Decimal
    net: Decimal
    balance: Decimal
    text: str

    @property
    def day(self) -> date:
        return self.at.astimezone(_SAST).date()


def read_history(answer: ApiAnswer) -> list[HistoryRow]:
    """Columns are found by their names, as their order is not the same everywhere. Raises OSError for what is
    no history.
    """
    rows = csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig", "replace"), newline=""))
    if answer.body.strip() and "PF Payment ID" not in (rows.fieldnames or ()):
        raise ConnectionError("an answer that is no history")
    try:
        return [_row(row) for row in rows]
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise ConnectionError("an answer that is no history") from error


def _row(row: Mapping[str, str]) -> HistoryRow:
    at = datetime.fromisoformat(row["Date"])
    return HistoryRow(
        at=at if at.tzinfo else at.replace(tzinfo=_SAST),
        kind=row["Type"].strip().upper().replace(" ", "_"),
        external_id=row["PF Payment ID"].strip(),
        our_id=row["M Payment ID"].strip(),
        gross=_amount(row["Gross"]),
        fee=_amount(row["Fee"]),
        net=_amount(row["Net"]),
        balance=_amount(row["Balance"]),
        text=(row.get("Name") or "").strip(),
    )


def _amount(text: str) -> Decimal:
    amount = Decimal(text.replace(",", "").strip() or "0")
    if not amount.is_finite():
        raise InvalidOperation
    return amount
