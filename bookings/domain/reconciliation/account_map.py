"""Which account of the bookkeeper's chart each account of ours is, as data: settings say otherwise."""

from collections.abc import Mapping
from typing import Final

from django.conf import settings

from bookings.models import Account

# Codes as a small company might have them; LEDGER_ACCOUNT_CODES names those of yours, by account or by
# account:gateway. An account that is missing here goes out under its own name, which Xero then asks about.
DEFAULT_CODES: Final[Mapping[str, str]] = {
    "receivable": "610",
    "partner": "611",
    "gateway": "620",
    "cash": "090",
    "safe": "091",
    "bank": "092",
    "card": "621",
    "eft": "622",
    "refunds_owed": "810",
    "unearned_fares": "820",
    "voucher_liability": "821",
    "vat_output": "830",
    "revenue": "200",
    "fee": "210",
    "luggage": "205",
    "discounts": "215",
    "breakage": "216",
    "commission": "405",
    "goodwill": "217",
    "interest": "437",
    "gateway_fees": "404",
    "chargebacks": "406",
    "cash_over_short": "407",
    "cash_rounding": "408",
    "petty_cash": "409",
    "write_off": "412",
}


def account_code(account: str, gateway: str = "") -> str:
    codes = {**DEFAULT_CODES, **settings.LEDGER_ACCOUNT_CODES}
    return codes.get(f"{account}:{gateway}") or codes.get(account) or account


def account_name(account: str, gateway: str = "") -> str:
    """gateway_fees of payfast is "fees of payment gateways, payfast"."""
    label = str(Account(account).label)
    return f"{label}, {gateway}" if gateway else label
