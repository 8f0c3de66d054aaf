"""One file for every environment.

What differs comes from environment variables (.env.example lists them all).
"""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import drf_spectacular_sidecar
import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from redis import ConnectionPool
from whitenoise.compress import Compressor

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")
# Git-ignored: demo database, queue, key, mails, PDF tickets, collected static files
LOCAL_DIR = Path(env.str("LOCAL_DIR", "") or BASE_DIR / ".local")

ENVIRONMENT = env.str("ENVIRONMENT", "demo")
if ENVIRONMENT not in {"demo", "development", "production"}:
    raise ImproperlyConfigured("ENVIRONMENT must be demo, development or production.")
IS_DEMO = ENVIRONMENT == "demo"
IS_PRODUCTION = ENVIRONMENT == "production"


def demo_secret_key() -> str:
    """A key of this checkout's own, so that demo sessions survive a restart."""
    path = LOCAL_DIR / "secret_key"
    LOCAL_DIR.mkdir(exist_ok=True)
    if not path.exists():
        path.write_text(get_random_secret_key())
    return path.read_text().strip()


# Core

DEBUG = env.bool("DEBUG", ENVIRONMENT == "development")
SECRET_KEY = env.str("SECRET_KEY", "")
if IS_PRODUCTION:
    if DEBUG:
        raise ImproperlyConfigured("DEBUG must be off in production.")
    if len(SECRET_KEY) < 50 or SECRET_KEY.startswith("django-insecure"):
        raise ImproperlyConfigured("SECRET_KEY must be set in production, to 50 random characters or more.")
else:
    SECRET_KEY = SECRET_KEY or demo_secret_key()

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

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "bookings.ops.request_log.RequestLog",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "bookings.web.middleware.client_address",
    "bookings.database.replica.routing.own_changes",
    "bookings.web.middleware.reference_data",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "bookings.web.middleware.HtmxAnswers",
    "bookings.web.middleware.RuleAnswers",
    "bookings.web.access.AccessMarks",
    "axes.middleware.AxesMiddleware",
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
            MIDDLEWARE.index("django.middleware.gzip.GZipMiddleware") + 1,
            "debug_toolbar.middleware.DebugToolbarMiddleware",
        )
        INTERNAL_IPS = ["127.0.0.1"]
else:
    DEBUG_TOOLBAR = False

# Databases. PostgreSQL by DATABASE_URL; without it SQLite, where IMMEDIATE makes writers wait in line instead
# of failing.

LOCK_WAIT_SECONDS = 3
STATEMENT_SECONDS = env.int(
    "STATEMENT_SECONDS", 0
)  # wsgi.py sets it for web processes; commands and the queue take the time they need


def limit_waits(database: dict[str, Any], *more: str) -> None:
    """No statement of a web process goes on for ever, no process that froze keeps a departure locked, no
    silent server is waited for.
    """
    limits = [
        f"statement_timeout={STATEMENT_SECONDS}s",
        f"idle_in_transaction_session_timeout={STATEMENT_SECONDS}s",
        *more,
    ]
    options = database.setdefault("OPTIONS", {})
    options["options"] = " ".join([*(f"-c {limit}" for limit in limits), options.get("options", "")]).strip()
    # A server whose machine or network is gone says nothing at all.
    for name, value in {
        "connect_timeout": 3,
        "tcp_user_timeout": 15_000,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }.items():
        options.setdefault(name, value)
    database["CONN_MAX_AGE"] = None


def prepare_statements(database: dict[str, Any]) -> None:
    """A statement that comes for the sixth time is prepared by the server, and its values are sent apart from
    it.
    """
    if env.bool("DATABASE_PREPARED", True):
        database["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": 5}


DATABASES = {
    "default": env.db_url_config(env.str("DATABASE_URL", "") or f"sqlite:///{LOCAL_DIR / 'db.sqlite3'}")
}
_default = DATABASES["default"]
if "sqlite3" in _default["ENGINE"]:
    LOCAL_DIR.mkdir(exist_ok=True)
    _default.setdefault("OPTIONS", {}).update(
        transaction_mode="IMMEDIATE",
        timeout=20,
        init_command="PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA cache_size=-20000;",
    )
    # A file, not shared memory: threads of a test must see real locking.
    _default["TEST"] = {"NAME": env.str("FALCON_TEST_DB", str(LOCAL_DIR / "test.sqlite3"))}
else:
    limit_waits(_default, f"lock_timeout={LOCK_WAIT_SECONDS}s")
    prepare_statements(_default)
    _default |= {"ENGINE": "bookings.database.postgresql", "CONN_HEALTH_CHECKS": True}
REPLICA_MAX_LAG = env.float("REPLICA_MAX_LAG", 5)  # seconds; a replica further behind is not read
if REPLICA_URL := env.str("REPLICA_URL", ""):
    if "sqlite3" in _default["ENGINE"]:
        raise ImproperlyConfigured("REPLICA_URL wants a PostgreSQL as DATABASE_URL.")
    # Its engine gives up sooner than these, on our side; they end what goes on at the other side. Each
    # request asks how far it is before it is read, which is its health check. It takes no locks.
    DATABASES["replica"] = env.db_url_config(REPLICA_URL) | {
        "ENGINE": "bookings.database.replica",
        "TEST": {"MIRROR": "default"},
    }
    limit_waits(DATABASES["replica"])
    prepare_statements(DATABASES["replica"])
    DATABASE_ROUTERS = ["bookings.database.replica.routing.Router"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Cache and queue: Redis by REDIS_URL (one database number each), else this process's memory and a SQLite
# file.

REDIS_URL = env.str("REDIS_URL", "")
# In front of every name in Redis and on the queue, so that several companies may share a server: see
# SCALING.md. A role of the database belongs to one company.
COMPANY = env.str("COMPANY", "") or _default.get("USER") or "falcon"
if not re.fullmatch(r"[\w.@-]+", COMPANY):
    raise ImproperlyConfigured(
        "COMPANY must be letters, digits and any of _ - . @; by default it is the role in DATABASE_URL."
    )


def redis_database(number: int) -> str:
    """The address of one numbered database of REDIS_URL, for redis:// and unix:// alike."""
    return (
        f"{REDIS_URL}?db={number}" if REDIS_URL.startswith("unix://") else f"{REDIS_URL.rstrip('/')}/{number}"
    )


if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "bookings.cache.backends.BreakerRedisCache",
            "LOCATION": redis_database(1),
            "KEY_PREFIX": COMPANY,
            "OPTIONS": {
                "CONNECTION_POOL_CLASS": "redis.connection.BlockingConnectionPool",
                "CONNECTION_POOL_KWARGS": {"max_connections": 20, "timeout": 0.2},
                "SOCKET_CONNECT_TIMEOUT": 0.2,
                "SOCKET_TIMEOUT": 0.2,
                "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
            },
        }
    }
else:
    CACHES = {
        "default": {"BACKEND": "bookings.cache.backends.CountedMemoryCache", "OPTIONS": {"MAX_ENTRIES": 2000}}
    }

# What stands around every page, kept in the process: it changes with the templates alone.
_frame = "dummy.DummyCache" if DEBUG else "locmem.LocMemCache"
CACHES["frame"] = {"BACKEND": f"django.core.cache.backends.{_frame}", "LOCATION": "frame"}

if REPLICA_URL:
    CACHES["default"]["KEY_FUNCTION"] = "bookings.database.replica.routing.cache_key"

HUEY = {
    "name": COMPANY,
    "immediate": env.bool("HUEY_IMMEDIATE", False),
    "results": False,
    "consumer": {"workers": 2, "worker_type": "thread", "graceful_signal": "TERM", "shutdown_timeout": 10},
}
if REDIS_URL:
    HUEY |= {
        "huey_class": "huey.PriorityRedisExpireHuey",
        "connection": {
            "connection_pool": ConnectionPool.from_url(
                redis_database(0), socket_timeout=3, socket_connect_timeout=0.3
            ),
            "clean_name": False,  # else north-1 and north1 would be one queue
        },
    }
else:
    HUEY |= {
        "huey_class": "huey.SqliteHuey",
        "filename": env.str("QUEUE_FILE", str(LOCAL_DIR / "queue.sqlite3")),
        # Web workers and the queue open a new file at once, and who gives up would end the site's start.
        "timeout": 30,
    }
    HUEY["consumer"]["max_delay"] = (
        1.0  # a file must be asked again and again: who has just paid waits for no more than this
    )

# Mail

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="smtp://localhost:25" if IS_PRODUCTION else "filemail://")
vars().update({name: value for name, value in EMAIL_CONFIG.items() if name.startswith("EMAIL_")})
EMAIL_FILE_PATH = env.str("EMAIL_FILE_PATH", str(LOCAL_DIR / "mail"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Falcon Bus Lines <tickets@falconbus.example>")

# People

AUTH_USER_MODEL = "bookings.User"
LOGIN_URL = "office:login"
LOGIN_REDIRECT_URL = "office:dashboard"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
STAFF_IDLE_MINUTES = env.float("STAFF_IDLE_MINUTES", 30)
STAFF_SESSION_HOURS = env.float("STAFF_SESSION_HOURS", 12)
SECOND_FACTOR_FORCED = env.bool(
    "SECOND_FACTOR_FORCED", not IS_DEMO
)  # for roles that may give money back or override a rule
OTP_TOTP_ISSUER = "Falcon Bus Lines"

AXES_FAILURE_LIMIT = 7
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [
    ["username", "ip_address"]
]  # one alone would let a stranger lock out a clerk, or a clerk the whole office
AXES_CLIENT_IP_CALLABLE = "bookings.office.lockout.counted_address"
AXES_LOCKOUT_CALLABLE = "bookings.office.lockout.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = [
    "username",
    "ip_address",
    "csrfmiddlewaretoken",
]  # written down nowhere but where tries are counted

# Language, time and money

LANGUAGE_CODE = "en-za"
LANGUAGES = [("en-za", "English")]
USE_I18N = len(LANGUAGES) > 1  # the texts in the source are English: nothing to look up for one language
TIME_ZONE = "Africa/Johannesburg"
FORMAT_MODULE_PATH = ["falcon_web.formats"]
USE_TZ = True

# Static files: hashed, compressed, cached for ever

STATIC_URL = "static/"
STATIC_ROOT = LOCAL_DIR / "static"
STATICFILES_DIRS: list[Path | tuple[str, Path]] = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "bookings.web.static_files.StaticFilesStorage"
    },
}
MEDIA_ROOT = LOCAL_DIR / "media"  # PDF tickets made by the queue; never served as files
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (
    *Compressor.SKIP_COMPRESS_EXTENSIONS,
    "map",
)  # nobody loads them but who debugs

# Security

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
    if env.int("TRUSTED_PROXIES", 0):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Where each way of paying is written down: name=adapter, with the protocol of bookings.domain.sales.gateways.
PAYMENT_GATEWAYS = {"demo": "bookings.domain.sales.gateways.demo.DemoGateway"} | env.dict(
    "PAYMENT_GATEWAYS", default={}
)
PAYMENT_GATEWAY = env.str("PAYMENT_GATEWAY", "" if IS_PRODUCTION else "demo")
if IS_PRODUCTION and (PAYMENT_GATEWAY == "demo" or PAYMENT_GATEWAY not in PAYMENT_GATEWAYS):
    raise ImproperlyConfigured(
        "PAYMENT_GATEWAY must name one of PAYMENT_GATEWAYS in production, and must not be the demo gateway."
    )
GATEWAY_ORIGINS = env.list("GATEWAY_ORIGINS", default=[])  # where a payment form may lead the browser

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

# API: JSON in and out. The apps of these packages are not installed, as their templates and static files are
# not needed.

REST_FRAMEWORK = {
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.NamespaceVersioning",
    "DEFAULT_VERSION": "v1",
    "ALLOWED_VERSIONS": ["v1"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["bookings.api.renderers.PlainJson"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "bookings.api.renderers.AlwaysJson",
    "DEFAULT_PERMISSION_CLASSES": [],  # bookings.api.access marks each view
    "DEFAULT_PAGINATION_CLASS": "bookings.api.pagination.UncountedPages",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "bookings.api.problems.handle",
    "PAGE_SIZE": 20,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Falcon Bus Lines API",
    "VERSION": "1.0.0",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "TAGS": [{"name": name} for name in ("Network", "Timetable", "Selling", "Orders")],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["bookings.api.schema.complete"],
}
# Swagger UI, from its package; only these files of it are collected
STATICFILES_DIRS.append(
    (
        "swagger-ui",
        Path(drf_spectacular_sidecar.__file__).parent / "static/drf_spectacular_sidecar/swagger-ui-dist",
    )
)

# Lets a partner's webhook lead to a program on this very machine, without TLS: to try it out
WEBHOOKS_TO_THIS_HOST = env.bool("WEBHOOKS_TO_THIS_HOST", False)
if IS_PRODUCTION and WEBHOOKS_TO_THIS_HOST:
    raise ImproperlyConfigured("WEBHOOKS_TO_THIS_HOST must be off in production.")

TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
TRUSTED_PROXY_NETS = env.list("TRUSTED_PROXY_NETS", default=[])
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

# Business rules

COMPANY_NAME = env.str("COMPANY_NAME", "") or "Falcon Bus Lines"  # until a manager has entered the company
HOLD_MINUTES = env.float("HOLD_MINUTES", 10)
HOLD_MINUTES_COUNTER = env.float("HOLD_MINUTES_COUNTER", 5)
HOLD_MINUTES_API = env.float("HOLD_MINUTES_API", 20)  # a partner's program may have to ask somebody first
PAYMENT_MINUTES = env.float("PAYMENT_MINUTES", 20)
PAY_LATER_HOURS = env.float("PAY_LATER_HOURS", 24)
PAY_LATER_CUTOFF_HOURS = env.float("PAY_LATER_CUTOFF_HOURS", 3)
WHEELCHAIR_RELEASE_HOURS = env.float("WHEELCHAIR_RELEASE_HOURS", 12)  # before boarding; then for all
SALES_CLOSE_MINUTES = {
    "web": env.float("SALES_CLOSE_MINUTES", 15),
    "api": env.float("SALES_CLOSE_MINUTES", 15),
    "counter": 0.0,
}
# Before departure from the stop. The demo opens its doors half a day ahead, so that they can be tried at any
# hour.
BOARDING_OPENS_MINUTES = env.float("BOARDING_OPENS_MINUTES", 720 if IS_DEMO else 30)
BOARDING_CLOSES_MINUTES = env.float("BOARDING_CLOSES_MINUTES", 10)
HOLD_MAX_SEATS = env.int("HOLD_MAX_SEATS", 9)
HOLD_NETWORK_SHARE = float(
    env.str("HOLD_NETWORK_SHARE", "0.4") or 0
)  # of a coach in unpaid web holds; 0 or empty: no limit
FARE_FLOOR_ZAR = env.int("FARE_FLOOR_ZAR", 60)
# What the dashboard warns of: the fullest leg in percent of the seats, and minutes over the time without
# having been sent off
ALERT_FULL_PERCENT = env.int("ALERT_FULL_PERCENT", 85)
ALERT_LOW_PERCENT = env.int("ALERT_LOW_PERCENT", 20)
ALERT_LATE_MINUTES = env.int("ALERT_LATE_MINUTES", 10)
SHIFT_DIFFERENCE_LIMIT = Decimal(
    env.str("SHIFT_DIFFERENCE_LIMIT", "50")
)  # rand by tender; beyond it a cash-up needs a second person
REFUND_DAYS = env.int("REFUND_DAYS", 10)  # by when a customer is promised that a refund has arrived
# Rand over which a clerk needs the approval of a second person
CASH_REFUND_APPROVAL_OVER = Decimal(env.str("CASH_REFUND_APPROVAL_OVER", "500"))
VOID_APPROVAL_OVER = Decimal(env.str("VOID_APPROVAL_OVER", "500"))
PAY_OUT_APPROVAL_OVER = Decimal(env.str("PAY_OUT_APPROVAL_OVER", "200"))
CASH_ROUNDING = Decimal(env.str("CASH_ROUNDING", "0.10") or 0)  # the smallest coin; 0 or empty: to the cent
RATE_LIMITS = {
    "booking": env.str("RATE_LIMIT_BOOKING", "10/m"),
    "hold": env.str("RATE_LIMIT_HOLD", "30/m"),
    "find": env.str("RATE_LIMIT_FIND", "10/15m"),
    "find_all": env.str(
        "RATE_LIMIT_FIND_ALL", "60/m"
    ),  # failures of everybody together; beyond it each weighs five
    "resend": env.str("RATE_LIMIT_RESEND", "5/15m"),
    "feed": env.str("RATE_LIMIT_FEED", "30/h"),  # of /gtfs.zip being sent whole
    "login": env.str(
        "RATE_LIMIT_LOGIN", "100/15m"
    ),  # of a whole station, against one password tried on many names
    "api": env.str(
        "RATE_LIMIT_API", "120/m"
    ),  # a client without a key, and one with a key that we do not know
    "api_key": env.str("RATE_LIMIT_API_KEY", "600/m"),  # a key that has no limit of its own
}

# Logs: one line an event; nothing personal belongs in a message

SLOW_QUERY_MS = env.float("SLOW_QUERY_MS", 200)  # statements that take longer are logged and kept; 0: none
METRICS_NETS = env.list(
    "METRICS_NETS", default=["127.0.0.1/32", "::1/128"]
)  # who may read /metrics, itself and not through a proxy
LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
LOG_FORMAT = env.str("LOG_FORMAT", "text")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"},
        "json": {"()": "bookings.base.logs.JsonFormatter"},
    },
    "filters": {"request": {"()": "bookings.base.logs.BoundToRequest"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["request"]}
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.db.backends": {"level": "DEBUG" if DEBUG and env.bool("SQL_LOG", True) else "INFO"},
        "django.request": {"level": "ERROR"},  # the request log has the rest
        "axes": {"level": "WARNING"},
        "huey": {"level": "WARNING"},
    },
}
