"""Logs: one line an event; nothing personal belongs in a message."""

from falcon_web.settings.environment import env
from falcon_web.settings.site import DEBUG

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
