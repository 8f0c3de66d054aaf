"""Cache and queue: Redis by REDIS_URL (one database number each), else memory and a SQLite file."""

import re

from django.core.exceptions import ImproperlyConfigured
from redis import ConnectionPool

from falcon_web.settings.databases import DATABASES, REPLICA_URL
from falcon_web.settings.environment import LOCAL_DIR, env
from falcon_web.settings.site import DEBUG

REDIS_URL = env.str("REDIS_URL", "")
# In front of every name in Redis and on the queue, so that several companies may share a server: see
# SCALING.md. A role of the database belongs to one company.
COMPANY = env.str("COMPANY", "") or DATABASES["default"].get("USER") or "falcon"
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
                "SERIALIZER": "bookings.cache.serializers.PageSerializer",
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
