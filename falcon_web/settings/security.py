"""Sessions, cookies, headers, proxies, and how much one client may ask for."""

from datetime import timedelta

from csp.constants import NONE, SELF

from falcon_web.settings.environment import IS_PRODUCTION, env
from falcon_web.settings.payments import GATEWAY_ORIGINS

TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
TRUSTED_PROXY_NETS = env.list("TRUSTED_PROXY_NETS", default=[])

SESSION_ENGINE = "bookings.database.session_store"
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "bookings.web.errors.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"  # a message needs no session
if IS_PRODUCTION:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]  # asked by machines beside us, without TLS
    SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds())
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    if TRUSTED_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF, *GATEWAY_ORIGINS],
    }
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

RATE_LIMITS = {
    "booking": env.str("RATE_LIMIT_BOOKING", "10/m"),
    "hold": env.str("RATE_LIMIT_HOLD", "30/m"),
    "find": env.str("RATE_LIMIT_FIND", "10/15m"),
    "find_all": env.str(
        "RATE_LIMIT_FIND_ALL", "60/m"
    ),  # failures of everybody together; beyond it each weighs five
    "voucher": env.str("RATE_LIMIT_VOUCHER", "10/15m"),  # wrong codes
    "voucher_all": env.str("RATE_LIMIT_VOUCHER_ALL", "60/m"),  # as find_all
    "resend": env.str("RATE_LIMIT_RESEND", "5/15m"),
    "promo": env.str("RATE_LIMIT_PROMO", "10/15m"),  # promo codes that are none
    "feed": env.str("RATE_LIMIT_FEED", "30/h"),  # of /gtfs.zip being sent whole
    "login": env.str(
        "RATE_LIMIT_LOGIN", "100/15m"
    ),  # of a whole station, against one password tried on many names
    "api": env.str(
        "RATE_LIMIT_API", "120/m"
    ),  # a client without a key, and one with a key that we do not know
    "api_key": env.str("RATE_LIMIT_API_KEY", "600/m"),  # a key that has no limit of its own
}
