import logging
from datetime import timedelta
from typing import Final

from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.domain.tickets.waiting import mail_state
from bookings.models import Heartbeat
from bookings.web.access import operations

logger = logging.getLogger("bookings.health")
QUEUE_SILENT_AFTER: Final = timedelta(minutes=3)


@operations
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "alive"})


@operations
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """Without the database nothing works: 503. Without cache, queue or mail people can still book: 200, degraded."""
    checks = {"database": _database(), "cache": _cache()}
    is_there = checks["database"] == "ok"
    checks |= {"queue": _queue() if is_there else "unknown", "mail": _mail() if is_there else "unknown"}
    if checks["database"] != "ok":
        status = "unhealthy"
    else:
        status = "healthy" if set(checks.values()) == {"ok"} else "degraded"
    response = JsonResponse(
        {"status": status, **checks, "timestamp": timezone.now().isoformat()}, status=503 if status == "unhealthy" else 200
    )
    response["Cache-Control"] = "no-store"
    return response


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        logger.exception("health: database")
        return "error"
    return "ok"


def _cache() -> str:
    stamp = timezone.now().isoformat()
    cache.set("health", stamp, timeout=30)
    return "ok" if cache.get("health") == stamp else "error"


def _queue() -> str:
    beat = Heartbeat.objects.filter(name="queue").first()
    return "ok" if beat and timezone.now() - beat.at < QUEUE_SILENT_AFTER else "error"


def _mail() -> str:
    return "error" if mail_state(timezone.now()).is_late else "ok"
