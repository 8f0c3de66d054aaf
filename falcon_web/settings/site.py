"""The site itself: its key, its addresses, its apps, middlewares and templates, its language and time."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from falcon_web.settings.environment import BASE_DIR, ENVIRONMENT, IS_PRODUCTION, LOCAL_DIR, env


def demo_key(name: str, make: Callable[[], str]) -> str:
    """A key of this checkout's own, so that what was signed or encrypted survives a restart."""
    path = LOCAL_DIR / name
    LOCAL_DIR.mkdir(exist_ok=True)
    if not path.exists():
        mine = path.with_suffix(f".{os.getpid()}")
        mine.write_text(make())
        with suppress(FileExistsError):
            path.hardlink_to(mine)  # of two processes that start, one writes it, whole
        mine.unlink()
    return path.read_text().strip()


def is_field_key(key: str) -> bool:
    """Whether it is 32 bytes as cryptography's Fernet reads them."""
    try:
        return len(urlsafe_b64decode(key)) == 32
    except ValueError:
        return False


DEBUG = env.bool("DEBUG", ENVIRONMENT == "development")
SECRET_KEY = env.str("SECRET_KEY", "")
# Sign nothing any more, and still open what they signed: sessions, links to forms
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
if IS_PRODUCTION:
    if DEBUG:
        raise ImproperlyConfigured("DEBUG must be off in production.")
    if len(SECRET_KEY) < 50 or SECRET_KEY.startswith("django-insecure"):
        raise ImproperlyConfigured("SECRET_KEY must be set in production, to 50 random characters or more.")
    if any(len(key) < 50 for key in SECRET_KEY_FALLBACKS):
        raise ImproperlyConfigured("SECRET_KEY_FALLBACKS are former keys, of 50 characters or more each.")
else:
    SECRET_KEY = SECRET_KEY or demo_key("secret_key", get_random_secret_key)

# Encrypt what the database keeps secret (bookings/base/encryption.py): the first one encrypts, all read
FIELD_KEYS = env.list("FIELD_KEYS", default=[])
if not IS_PRODUCTION and not FIELD_KEYS:
    FIELD_KEYS = [demo_key("field_key", lambda: urlsafe_b64encode(os.urandom(32)).decode())]
if not FIELD_KEYS or not all(map(is_field_key, FIELD_KEYS)):
    raise ImproperlyConfigured("FIELD_KEYS must be set, each to 32 random bytes in base64 (DEPLOY.md).")

# Know the codes of vouchers, which nothing else tells (bookings/base/voucher_codes.py): new ones by the first
VOUCHER_KEYS = env.list("VOUCHER_KEYS", default=[])
if not IS_PRODUCTION and not VOUCHER_KEYS:
    VOUCHER_KEYS = [demo_key("voucher_key", lambda: urlsafe_b64encode(os.urandom(32)).decode())]
if not VOUCHER_KEYS or not all(map(is_field_key, VOUCHER_KEYS)):
    raise ImproperlyConfigured("VOUCHER_KEYS must be set, each to 32 random bytes in base64 (DEPLOY.md).")

SITE_URL = env.str("SITE_URL", "").rstrip("/") or (
    "" if IS_PRODUCTION else f"http://127.0.0.1:{env.str('PORT', '8000')}"
)
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=[] if IS_PRODUCTION else ["127.0.0.1", "localhost", "[::1]"]
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
if IS_PRODUCTION:
    for name, value in {"SITE_URL": SITE_URL, "ALLOWED_HOSTS": ALLOWED_HOSTS}.items():
        if not value:
            raise ImproperlyConfigured(f"{name} must be set in production.")
    ALLOWED_HOSTS.append(
        "127.0.0.1"
    )  # probes and collectors beside us; every address that we write comes from SITE_URL

INSTALLED_APPS = [
    "bookings.apps.BookingsConfig",
    "bookings.apps.OfficeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_tables2",
    "django_filters",
    "csp",
    "huey.contrib.djhuey",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
]

# Outermost first; each with why it stands where it does.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",  # leads to https before anything is done
    "whitenoise.middleware.WhiteNoiseMiddleware",  # a static file needs nothing of what follows
    "bookings.ops.request_log.RequestLog",  # measures and numbers all that follows
    "csp.middleware.CSPMiddleware",  # this and the next mark whatever answer comes from below
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "bookings.web.middleware.client_address",  # limits, lockout and logs ask who it is
    "bookings.database.replica.routing.own_changes",  # before the first query: says which database answers
    "bookings.web.middleware.reference_data",  # asks once for the version that all below go by
    "bookings.web.compression.PageCompression",  # packs what those below have finished
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",  # tells the length of a page, so below the packing
    "django.middleware.csrf.CsrfViewMiddleware",  # before anything acts on a forged form
    "django.contrib.auth.middleware.AuthenticationMiddleware",  # reads the session
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "bookings.web.middleware.HtmxAnswers",  # reads what the one above has found
    "bookings.web.middleware.RuleAnswers",  # turns a broken rule of a view into its page
    "bookings.web.access.AccessMarks",  # lets no view be entered that does not say who may
    "axes.middleware.AxesMiddleware",  # answers in place of a locked login; its makers want it last
]

ROOT_URLCONF = "falcon_web.urls"
WSGI_APPLICATION = "falcon_web.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["bookings.web.templates.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "bookings.web.render.site",
                "bookings.office.frame.office",
            ],
            "builtins": ["bookings.templatetags.icons"],
        },
    }
]

FORM_RENDERER = "bookings.web.forms.ReadyRenderer"

if DEBUG and env.bool("DEBUG_TOOLBAR", True):
    try:
        import debug_toolbar  # noqa: F401
    except ImportError:  # only in requirements-dev.txt
        DEBUG_TOOLBAR = False
    else:
        DEBUG_TOOLBAR = True
        INSTALLED_APPS.append("debug_toolbar")
        # Within the compression: it writes itself into the page.
        MIDDLEWARE.insert(
            MIDDLEWARE.index("bookings.web.compression.PageCompression") + 1,
            "debug_toolbar.middleware.DebugToolbarMiddleware",
        )
        INTERNAL_IPS = ["127.0.0.1"]
else:
    DEBUG_TOOLBAR = False

LANGUAGE_CODE = "en-za"
LANGUAGES = [("en-za", "English")]
USE_I18N = len(LANGUAGES) > 1  # the texts in the source are English: nothing to look up for one language
TIME_ZONE = "Africa/Johannesburg"
FORMAT_MODULE_PATH = ["falcon_web.formats"]
USE_TZ = True
