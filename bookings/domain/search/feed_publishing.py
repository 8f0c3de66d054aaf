"""The kept feed that `/gtfs.zip` gives.

Only the queue makes it, one builder at a time; a visitor never waits for that.
"""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings import queue
from bookings.base.errors import NotFound
from bookings.database.transactions import database_now
from bookings.domain.search.feed import export_timetable
from bookings.models import PublishedFile

logger = logging.getLogger("bookings.feed")

FEED: Final = "gtfs.zip"
DAYS: Final = 62  # the coaches still under way since yesterday, today, and the 60 days that are made ahead
_LEASE: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class PublishedFeed:
    sha256: str
    changed_at: datetime

    def body(self) -> bytes | None:
        """None if another one has taken its place meanwhile."""
        body = (
            PublishedFile.objects.filter(name=FEED, sha256=self.sha256).values_list("body", flat=True).first()
        )
        return None if body is None else bytes(body)


def published_feed() -> PublishedFeed | None:
    """The feed as it was last made.

    None while it is made for the first time. Raises NotFound if there is nothing to publish.
    """
    feed = _read()
    if feed is None:
        queue.enqueue("publish_feed")
        feed = _read()  # a queue that works at once has done it by now
    if feed is not None and not feed.sha256:
        raise NotFound(_("No timetable is on sale."))
    return feed


def _read() -> PublishedFeed | None:
    """As it was last made: without a `sha256` if nothing was on sale."""
    made = PublishedFile.objects.filter(name=FEED, checked_at__isnull=False)
    row = made.values_list("sha256", "changed_at").first()
    return PublishedFeed(row[0], row[1]) if row and row[1] else None


def publish_feed(*, now: datetime | None = None) -> bool:
    """Make the feed of what is on sale now.

    False: somebody else is at it. The same timetable leaves what is kept untouched.
    """
    now = now or database_now()
    PublishedFile.objects.bulk_create([PublishedFile(name=FEED)], ignore_conflicts=True)
    feed = PublishedFile.objects.filter(name=FEED)
    until = now + _LEASE
    if not feed.filter(Q(builder_until=None) | Q(builder_until__lte=now)).update(builder_until=until):
        return False
    claimed = feed.filter(builder_until=until)
    try:
        body = _build(now)
        digest = sha256(body).hexdigest() if body else ""
        claimed.exclude(sha256=digest, checked_at__isnull=False).update(
            body=body, sha256=digest, changed_at=now
        )
        claimed.update(checked_at=now)
    finally:
        claimed.update(builder_until=None)
    return True


def _build(now: datetime) -> bytes | None:
    yesterday = timezone.localdate(now) - timedelta(days=1)
    with tempfile.TemporaryDirectory(prefix="gtfs-") as folder:
        path = Path(folder) / FEED
        try:
            report: Any = export_timetable(path, first_day=yesterday, days=DAYS)
        except NotFound:
            return None
        logger.info("feed made: %s departures, %s trips", report.departures, report.trips)
        return path.read_bytes()
