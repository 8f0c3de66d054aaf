"""/metrics for Prometheus.

What every process of this host counted, and how the mail, the queue and the database are doing now.
"""

import ipaddress
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from huey.contrib.djhuey import HUEY
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from bookings.domain.messaging.mail.state import mail_state
from bookings.models import Heartbeat
from bookings.ops.probes import Prober
from bookings.web.access import operations
from bookings.web.requests import peer_of
from bookings.web.visitor import read_address

_THROUGH_A_PROXY: Final = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_FORWARDED_PROTO",
)


@operations
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_read(request):
        raise Http404
    registry = CollectorRegistry()
    registry.register(_Gauges())
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)
        counted = b""
    else:
        counted = generate_latest(REGISTRY)
    response = HttpResponse(counted + generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    response["Cache-Control"] = "no-store"
    return response


def _may_read(request: HttpRequest) -> bool:
    """By who is at the other end of the connection, whatever a header says.

    And one of our proxies speaks for strangers.
    """
    if any(header in request.META for header in _THROUGH_A_PROXY):
        return False
    peer = read_address(peer_of(request))
    return peer is not None and any(peer in ipaddress.ip_network(net) for net in settings.METRICS_NETS)


class _Gauges:
    """Read when they are asked for, in a thread that may hang.

    What could not be read is left out, so that an alarm can be set on it.
    """

    def collect(self) -> Iterator[Any]:
        results = _prober.look()
        values = {
            "falcon_database_up": ("Whether the database answers", 1.0 if "connections" in results else 0.0),
            "falcon_database_connections": ("Connections to the database", results.get("connections")),
            "falcon_queue_length": ("Tasks on the queue", results.get("queue_length")),
            "falcon_queue_heartbeat_age_seconds": (
                "Since the queue's own minute task last ran",
                results.get("heartbeat_age"),
            ),
        }
        if mails := results.get("mails"):
            values["falcon_mail_waiting"] = ("Mails to be sent", mails.waiting)
            values["falcon_mail_failed"] = ("Mails that were given up", mails.failed)
            values["falcon_mail_oldest_age_seconds"] = (
                "How long the oldest mail waits for its first try",
                mails.oldest.total_seconds(),
            )
        for name, (description, value) in values.items():
            if value is not None:
                yield GaugeMetricFamily(name, description, value=float(value))


def _connections() -> int:
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute("SELECT 1")
        else:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def _heartbeat_age() -> float | None:
    beat = Heartbeat.objects.filter(name="queue").first()
    return max(timedelta(0), timezone.now() - beat.at).total_seconds() if beat else None


# The database before the queue's own storage, which waits longest when it is away.
_prober: Final = Prober(
    connections=_connections,
    mails=lambda: mail_state(timezone.now()),
    heartbeat_age=_heartbeat_age,
    queue_length=lambda: len(HUEY),
)
