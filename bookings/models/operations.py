from datetime import datetime

from django.db import connection, models


class Heartbeat(models.Model):
    """When a background part was last alive: `queue` is written by the queue's own minute task."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at}"


class RateCount(models.Model):
    """Counts of the rate limits where there is no Redis, or while it is away."""

    key = models.CharField(max_length=120, primary_key=True)  # limit, window and hashed client
    count = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key} {self.count}"

    @classmethod
    def count_up(cls, key: str, expires_at: datetime) -> int:
        """Add one and return the new count, in one statement that is atomic on both databases."""
        table = connection.ops.quote_name(cls._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} (key, count, expires_at) VALUES (%s, 1, %s) "
                f"ON CONFLICT (key) DO UPDATE SET count = {table}.count + 1 RETURNING count",
                [key, expires_at],
            )
            return cursor.fetchone()[0]
