"""Where each way of paying is written down, and what the gateways need to know of us."""

import re
from base64 import b64decode
from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from falcon_web.settings.environment import IS_PRODUCTION, env

# The address of the payment simulator, if it runs: it stands in for each gateway that has no account here
PAYMENT_SIMULATOR = env.str("PAYMENT_SIMULATOR", "").rstrip("/")
SIMULATED_PAYFAST: Final = ("10000100", "46f0cd694581a", "jt7NOE43FZPn")  # as below; of no real account
SIMULATED_YOCO: Final = ("sk_test_simulated", "whsec_" + "c2ltdWxhdGVkLW9mLW5vLXJlYWwtYWNjb3VudC4u")

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
if PAYMENT_SIMULATOR and not PAYFAST_MERCHANT_ID:
    PAYFAST_URL = PAYFAST_API_URL = PAYMENT_SIMULATOR
    PAYFAST_MERCHANT_ID, PAYFAST_MERCHANT_KEY, PAYFAST_PASSPHRASE = SIMULATED_PAYFAST

# Yoco. To try it out is a matter of the key alone: sk_test_… or sk_live_…
YOCO_URL = env.str("YOCO_URL", "").rstrip("/") or "https://payments.yoco.com"
YOCO_SECRET_KEY = env.str("YOCO_SECRET_KEY", "")
YOCO_WEBHOOK_SECRET = env.str("YOCO_WEBHOOK_SECRET", "")
if YOCO_SECRET_KEY and not YOCO_SECRET_KEY.startswith(("sk_test_", "sk_live_")):
    raise ImproperlyConfigured("YOCO_SECRET_KEY must begin with sk_test_ or sk_live_.")
if PAYMENT_SIMULATOR and not YOCO_SECRET_KEY:
    YOCO_URL = PAYMENT_SIMULATOR
    YOCO_SECRET_KEY, YOCO_WEBHOOK_SECRET = SIMULATED_YOCO
try:
    b64decode(YOCO_WEBHOOK_SECRET.removeprefix("whsec_"), validate=True)
except ValueError as error:
    raise ImproperlyConfigured("YOCO_WEBHOOK_SECRET must be whsec_ and a key in Base64.") from error

# name=adapter, with the protocol of bookings.domain.sales.gateways. Whoever has paid once is paid back the
# same way: a gateway stays named here when another is offered.
_GATEWAYS: Final = "bookings.domain.sales.gateways"
_DEMO: Final = {"demo": f"{_GATEWAYS}.demo.DemoGateway"}
_PAYFAST: Final = {"payfast": f"{_GATEWAYS}.payfast.PayfastGateway"}
_YOCO: Final = {"yoco": f"{_GATEWAYS}.yoco.YocoGateway"}
PAYMENT_GATEWAYS = (
    ({} if IS_PRODUCTION else _DEMO)
    | (_PAYFAST if PAYFAST_MERCHANT_ID else {})
    | (_YOCO if YOCO_SECRET_KEY else {})
    | env.dict("PAYMENT_GATEWAYS", default={})
)
# Those that customers may choose from; of one alone nobody is asked
_OFFERED: Final = [*_DEMO, *_PAYFAST, *_YOCO] if PAYMENT_SIMULATOR else [*_DEMO]
OFFERED_GATEWAYS = env.list("PAYMENT_GATEWAY", default=[*_PAYFAST] if IS_PRODUCTION else _OFFERED)
GATEWAY_ORIGINS = env.list("GATEWAY_ORIGINS", default=[])  # where a payment form may lead the browser
if "payfast" in PAYMENT_GATEWAYS:
    GATEWAY_ORIGINS.append(PAYFAST_URL)
if "yoco" in PAYMENT_GATEWAYS:  # its pages are on another host than its API
    GATEWAY_ORIGINS.append(YOCO_URL if YOCO_URL == PAYMENT_SIMULATOR else "https://*.yoco.com")


def refuse_play_money() -> None:
    """Production takes real money only: no demo gateway, no sandbox, nothing on this very machine."""
    if PAYMENT_SIMULATOR:
        raise ImproperlyConfigured("PAYMENT_SIMULATOR must not be set in production.")
    if "demo" in OFFERED_GATEWAYS or set(PAYMENT_GATEWAYS.values()) & set(_DEMO.values()):
        raise ImproperlyConfigured(
            "PAYMENT_GATEWAY and PAYMENT_GATEWAYS must not be the demo gateway in production."
        )
    if "payfast" in OFFERED_GATEWAYS or PAYFAST_MERCHANT_ID:
        _check_payfast()
    if "yoco" in OFFERED_GATEWAYS or YOCO_SECRET_KEY:
        _check_yoco()
    if not OFFERED_GATEWAYS or not set(OFFERED_GATEWAYS) <= set(PAYMENT_GATEWAYS):
        raise ImproperlyConfigured(
            "PAYMENT_GATEWAY must name one of PAYMENT_GATEWAYS in production, or several."
        )


def _check_payfast() -> None:
    if not (PAYFAST_MERCHANT_ID and PAYFAST_MERCHANT_KEY and PAYFAST_PASSPHRASE):
        raise ImproperlyConfigured(
            "PAYFAST_MERCHANT_ID, PAYFAST_MERCHANT_KEY and PAYFAST_PASSPHRASE must be set in production."
        )
    for address in (PAYFAST_URL, PAYFAST_API_URL):
        is_live = _is_host_of("payfast.co.za", address) and "sandbox" not in address
        if PAYFAST_IS_SANDBOX or not is_live:
            raise ImproperlyConfigured(f"Production must speak with the live Payfast, not with {address}.")


def _check_yoco() -> None:
    if not (YOCO_SECRET_KEY and YOCO_WEBHOOK_SECRET):
        raise ImproperlyConfigured("YOCO_SECRET_KEY and YOCO_WEBHOOK_SECRET must be set in production.")
    if not YOCO_SECRET_KEY.startswith("sk_live_"):
        raise ImproperlyConfigured("YOCO_SECRET_KEY must be a live one in production: sk_live_…")
    if not _is_host_of("yoco.com", YOCO_URL):
        raise ImproperlyConfigured(f"Production must speak with the live Yoco, not with {YOCO_URL}.")


def _is_host_of(domain: str, address: str) -> bool:
    url = urlsplit(address)
    return url.scheme == "https" and (url.hostname or "").endswith(f".{domain}")


if IS_PRODUCTION:
    refuse_play_money()
