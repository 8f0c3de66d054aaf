"""Where each way of paying is written down, and what the gateways need to know of us."""

import re
from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from falcon_web.settings.environment import IS_PRODUCTION, env

# Payfast. Live wants an account of its own; .env.example has the sandbox that everybody may use.
PAYFAST_MODE = env.str("PAYFAST_MODE", "live" if IS_PRODUCTION else "sandbox")
if PAYFAST_MODE not in {"live", "sandbox"}:
    raise ImproperlyConfigured("PAYFAST_MODE must be live or sandbox.")
PAYFAST_IS_SANDBOX = PAYFAST_MODE == "sandbox"
_PAYFAST_HOST = "sandbox.payfast.co.za" if PAYFAST_IS_SANDBOX else "www.payfast.co.za"
PAYFAST_URL = env.str("PAYFAST_URL", "").rstrip("/") or f"https://{_PAYFAST_HOST}"
PAYFAST_API_URL = env.str("PAYFAST_API_URL", "").rstrip("/") or "https://api.payfast.co.za"
PAYFAST_MERCHANT_ID = env.str("PAYFAST_MERCHANT_ID", "")
PAYFAST_MERCHANT_KEY = env.str("PAYFAST_MERCHANT_KEY", "")
PAYFAST_PASSPHRASE = env.str("PAYFAST_PASSPHRASE", "")
if not re.fullmatch(
    r"[A-Za-z0-9_-]*", PAYFAST_PASSPHRASE
):  # others are signed differently by its own libraries
    raise ImproperlyConfigured("PAYFAST_PASSPHRASE must be of letters, digits, - and _.")

# name=adapter, with the protocol of bookings.domain.sales.gateways. Whoever has paid once is paid back the
# same way: a gateway stays named here when another is offered.
_GATEWAYS: Final = "bookings.domain.sales.gateways"
_DEMO: Final = {"demo": f"{_GATEWAYS}.demo.DemoGateway"}
_PAYFAST: Final = {"payfast": f"{_GATEWAYS}.payfast.PayfastGateway"}
PAYMENT_GATEWAYS = (
    ({} if IS_PRODUCTION else _DEMO)
    | (_PAYFAST if PAYFAST_MERCHANT_ID else {})
    | env.dict("PAYMENT_GATEWAYS", default={})
)
PAYMENT_GATEWAY = env.str("PAYMENT_GATEWAY", "payfast" if IS_PRODUCTION else "demo")
GATEWAY_ORIGINS = env.list("GATEWAY_ORIGINS", default=[])  # where a payment form may lead the browser
if "payfast" in PAYMENT_GATEWAYS:
    GATEWAY_ORIGINS.append(PAYFAST_URL)


def refuse_play_money() -> None:
    """Production takes real money only: no demo gateway, no sandbox, nothing on this very machine."""
    if PAYMENT_GATEWAY == "demo" or set(PAYMENT_GATEWAYS.values()) & set(_DEMO.values()):
        raise ImproperlyConfigured(
            "PAYMENT_GATEWAY and PAYMENT_GATEWAYS must not be the demo gateway in production."
        )
    is_payfast = PAYMENT_GATEWAY == "payfast" or PAYFAST_MERCHANT_ID
    if is_payfast and not (PAYFAST_MERCHANT_ID and PAYFAST_MERCHANT_KEY and PAYFAST_PASSPHRASE):
        raise ImproperlyConfigured(
            "PAYFAST_MERCHANT_ID, PAYFAST_MERCHANT_KEY and PAYFAST_PASSPHRASE must be set in production."
        )
    if PAYMENT_GATEWAY not in PAYMENT_GATEWAYS:
        raise ImproperlyConfigured("PAYMENT_GATEWAY must name one of PAYMENT_GATEWAYS in production.")
    for address in (PAYFAST_URL, PAYFAST_API_URL) if is_payfast else ():
        url = urlsplit(address)
        host = url.hostname or ""
        is_live = url.scheme == "https" and host.endswith(".payfast.co.za") and "sandbox" not in host
        if PAYFAST_IS_SANDBOX or not is_live:
            raise ImproperlyConfigured(f"Production must speak with the live Payfast, not with {address}.")


if IS_PRODUCTION:
    refuse_play_money()
