from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.database.replica.routing import replica_state
from bookings.domain.messaging.mail.state import mail_state
from bookings.models import Heartbeat
from bookings.ops.probes import Prober
from bookings.web.access import operations

QUEUE_SILENT_AFTER: Final = timedelta(minutes=3)


@operations
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """For whoever restarts us.

    This process answers. Touches nothing else, or a database that is away would have us restarted.
    """
    return JsonResponse({"status": "alive"})


@operations
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """Without the database nothing works.

    503. Without cache, queue, mail or replica people can still book: 200, degraded.
    """
    results = _prober.look()
    is_there = bool(results.get("database"))
    checks = {name: "ok" if results.get(name) else "error" for name in ("database", "cache")}
    others = [name for name in ("queue", "mail", "replica") if name != "replica" or settings.REPLICA_URL]
    checks |= {name: ("ok" if results.get(name) else "error") if is_there else "unknown" for name in others}
    if not is_there:
        status = "unhealthy"
    else:
        status = "healthy" if set(checks.values()) == {"ok"} else "degraded"
    response = JsonResponse(
        {"status": status, **checks, "timestamp": timezone.now().isoformat()}, status=200 if is_there else 503
    )
    response["Cache-Control"] = "no-store"
    return response


def _cache_keeps() -> bool:
    stamp = timezone.now().isoformat()
    cache.set("health", stamp, timeout=30)
    return bool(cache.get("health") == stamp)


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))


def _queue_beats() -> bool:
    beat = Heartbeat.objects.filter(name="queue").first()
    return beat is not None and timezone.now() - beat.at < QUEUE_SILENT_AFTER


def _mail_flows() -> bool:
    return not mail_state(timezone.now()).is_late


def _replica_follows() -> bool:
    return replica_state() in ("none", "ok")


# The cache first: it never keeps anybody waiting for long, while a database may for ever.
_prober: Final = Prober(
    cache=_cache_keeps,
    database=_database_answers,
    queue=_queue_beats,
    mail=_mail_flows,
    replica=_replica_follows,
)
