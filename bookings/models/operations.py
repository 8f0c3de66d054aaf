from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

_NO_END: Final = 2_000_000_000


class Heartbeat(models.Model):
    """When a background part was last alive: `queue` is written by the queue's own minute task."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at}"


class SlowQuery(models.Model):
    """A statement that took longer than SLOW_QUERY_MS at one place of our code; without its values."""

    key = models.CharField(max_length=64, primary_key=True)  # a hash of place and statement
    place = models.CharField(max_length=200)  # file:line
    sql = models.TextField()
    times = models.PositiveIntegerField(default=0)
    total_ms = models.FloatField(default=0)
    longest_ms = models.FloatField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["last_at"], name="slow_query_last_idx")]

    def __str__(self) -> str:
        return f"{self.place} {self.longest_ms:.0f} ms"


class RateCount(models.Model):
    """Counts of the rate limits where there is no Redis, or while it is away."""

    key = models.CharField(max_length=120, primary_key=True)  # limit, hashed client and slice of its window
    count = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key} {self.count}"

    @classmethod
    def count_in_window(
        cls, keys: Sequence[str], slices: range, allowed: int, *, expires_at: datetime
    ) -> dict[int, int]:
        """Count one for every key in the last of the slices, or for none if one is full.

        Then its counts by slice, else {}.
        """
        known = {f"{key}:{number}": (key, number) for key in keys for number in slices}
        counts: dict[str, dict[int, int]] = {key: {} for key in keys}
        for name, count in cls.objects.filter(pk__in=known).values_list("key", "count"):
            key, number = known[name]
            counts[key][number] = count
        for by_slice in counts.values():  # who is refused costs no write
            if sum(by_slice.values()) >= allowed:
                return by_slice
        for key, by_slice in counts.items():
            earlier = sum(by_slice.values()) - by_slice.get(slices[-1], 0)
            if not cls.count_up(f"{key}:{slices[-1]}", expires_at, most=allowed - earlier):
                return {**by_slice, slices[-1]: allowed - earlier}  # others were faster
        return {}

    @classmethod
    def count_up(cls, key: str, expires_at: datetime, *, most: int = _NO_END) -> bool:
        """Add one unless `most` is reached, in one statement that is atomic on both databases."""
        table = connection.ops.quote_name(cls._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} (key, count, expires_at) VALUES (%s, 1, %s) "
                f"ON CONFLICT (key) DO UPDATE SET count = {table}.count + 1 WHERE {table}.count < %s "
                "RETURNING count",
                [key, expires_at, most],
            )
            return cursor.fetchone() is not None

    @classmethod
    def add(cls, keys: Sequence[str], count: int) -> None:
        cls.objects.filter(pk__in=keys, count__gte=-count).update(count=F("count") + count)


class OfficeEvent(models.Model):
    """What a member of staff did in the office that changes nothing: signed in, took a file along.

    Append-only.
    """

    class Kind(models.TextChoices):
        SIGNED_IN = "signed_in", _("signed in")
        EXPORTED = "exported", _("took a file")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    detail = models.CharField(max_length=200, blank=True)  # which file
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["at"], name="office_event_at_idx")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["signed_in", "exported"]), name="office_event_kind_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind} {self.detail}".rstrip()
