"""PostgreSQL by DATABASE_URL; without it SQLite, whose IMMEDIATE makes writers wait instead of failing."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from falcon_web.settings.environment import LOCAL_DIR, env

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
# SQLite makes the index without the columns that PostgreSQL keeps beside its key
SILENCED_SYSTEM_CHECKS = ["models.W040"]
